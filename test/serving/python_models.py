"""Models to be served, saved by MLflow's own client: `python_models.py save FOLDER`, or `python_models.py log NAME REQUIREMENT…` to a server."""

import os
import sys
import time

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types.schema import ColSpec, Schema, TensorSpec


class Every(mlflow.pyfunc.PythonModel):
    """Says what came to it; and dies, hangs, fails or talks when it is told to."""

    def predict(self, context, model_input, params=None):
        column = model_input["number"]
        print("a model may print")
        if (column == -1).any():
            os._exit(3)
        if (column == -2).any():
            time.sleep(60)
        if (column == -3).any():
            raise ValueError("three is too much")
        if (column == -4).any():
            return pd.DataFrame({"double": ["no number"] * len(column)})
        return pd.DataFrame(
            {
                "double": column * 2,
                "whole": model_input["whole"] + 1,
                "not": ~model_input["truth"].astype(bool),
                "text": model_input["text"].str.upper(),
                "day": model_input["day"].dt.strftime("%A"),
                "extra": model_input["extra"] if "extra" in model_input else np.nan,
            }
        )


every = ModelSignature(
    inputs=Schema(
        [
            ColSpec("double", "number"),
            ColSpec("long", "whole"),
            ColSpec("boolean", "truth"),
            ColSpec("string", "text"),
            ColSpec("datetime", "day"),
            ColSpec("double", "extra", required=False),
        ]
    ),
    outputs=Schema(
        [
            ColSpec("double", "double"),
            ColSpec("long", "whole"),
            ColSpec("boolean", "not"),
            ColSpec("string", "text"),
            ColSpec("string", "day"),
            ColSpec("double", "extra"),
        ]
    ),
)


class Rows(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return np.stack([model_input.sum(axis=1), model_input.max(axis=1)], axis=1)


class Named(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return {"sum": model_input["left"] + model_input["right"]}


class Broken(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        raise RuntimeError("it cannot be read")

    def predict(self, context, model_input, params=None):
        return model_input


models = {
    "every": (Every(), every),
    "rows": (
        Rows(),
        ModelSignature(
            inputs=Schema([TensorSpec(np.dtype("float32"), (-1, 3))]),
            outputs=Schema([TensorSpec(np.dtype("float32"), (-1, 2))]),
        ),
    ),
    "named": (
        Named(),
        ModelSignature(
            inputs=Schema([TensorSpec(np.dtype("int64"), (-1,), "left"), TensorSpec(np.dtype("int64"), (-1,), "right")]),
            outputs=Schema([TensorSpec(np.dtype("int64"), (-1,), "sum")]),
        ),
    ),
    "broken": (Broken(), every),
    "unsigned": (Rows(), None),
}

if sys.argv[1] == "save":
    for name, (model, signature) in models.items():
        mlflow.pyfunc.save_model(os.path.join(sys.argv[2], name), python_model=model, signature=signature, pip_requirements=[])
else:
    name, *requirements = sys.argv[2:]
    with mlflow.start_run(run_name="heron"):
        rows = pd.DataFrame({"number": [1.0, 2.0], "whole": [1, 2]})
        mlflow.log_input(mlflow.data.from_pandas(rows, name="readings"), context="training")
        model, signature = models["every"]
        mlflow.pyfunc.log_model(
            name="model", python_model=model, signature=signature, pip_requirements=requirements, registered_model_name=name
        )
