"""A small ONNX classifier made with another tool: softmax of a linear map, with a ZipMap beside the tensor.

Run: pip install numpy==2.4.6 onnx==1.23.2 && python linear-onnx.py
Writes linear.onnx and linear-onnx.json (rows and probabilities, computed by numpy).
"""

import json
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

here = Path(__file__).parent
weights = np.array([[0.5, -1.0], [1.5, 0.25], [-0.75, 2.0]], dtype=np.float32)
bias = np.array([0.1, -0.2], dtype=np.float32)
rows = np.array([[1, 2, 3], [0, 0, 0], [-1.5, 0.5, 2.25], [10, -3, 0.125]], dtype=np.float32)

graph = helper.make_graph(
    [
        helper.make_node("Gemm", ["features", "weights", "bias"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"], axis=1),
        helper.make_node("ZipMap", ["probabilities"], ["by_class"], domain="ai.onnx.ml", classlabels_strings=["no", "yes"]),
    ],
    "linear",
    [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, 3])],
    [
        helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2]),
        helper.make_value_info(
            "by_class",
            helper.make_sequence_type_proto(
                helper.make_map_type_proto(TensorProto.STRING, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
            ),
        ),
    ],
    [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")],
)
model = helper.make_model(
    graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)], ir_version=8
)
save(model, here / "linear.onnx")
scores = rows.astype(float) @ weights + bias
exponentials = np.exp(scores - scores.max(1, keepdims=True))
probabilities = exponentials / exponentials.sum(1, keepdims=True)
(here / "linear-onnx.json").write_text(
    json.dumps({"rows": rows.ravel().tolist(), "probabilities": probabilities.ravel().tolist()})
)
