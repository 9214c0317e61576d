"""Golden values for reading signatures: files `MLmodel` as MLflow writes them, and what is in them.

Run: pip install mlflow==3.17.2 numpy==2.4.6 && python mlmodel.py > mlmodel.json
"""

import json
import tempfile

import numpy as np
from mlflow.models import Model
from mlflow.models.signature import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec
from mlflow.types.schema import Array

columns = lambda *names: Schema([ColSpec(DataType.double, name) for name in names])
signatures = {
    'one column': ModelSignature(columns('a'), Schema([ColSpec(DataType.long)])),
    'many columns, over several lines': ModelSignature(columns(*(f'sepal length number {place} (cm)' for place in range(12))), columns('score')),
    'quotes': ModelSignature(columns("it's", 'say "x"', "''", 'a: b # c', '- d', "'"), columns('')),
    'other scripts': ModelSignature(columns('größe', '模型', '😀', 'tab\tinside', 'line\nbreak', 'back\\slash', 'nbsp\u00a0', '\u2028', 'é' * 60, '模型 ' * 40)),
    'every type': ModelSignature(Schema([ColSpec(getattr(DataType, name), name, required=name != 'string') for name in ('boolean', 'integer', 'long', 'float', 'double', 'string', 'binary', 'datetime')])),
    'tensors': ModelSignature(Schema([TensorSpec(np.dtype('float32'), (-1, 28, 28))]), Schema([TensorSpec(np.dtype('int64'), (-1,), 'label'), TensorSpec(np.dtype('float64'), (-1, 10), 'scores')])),
    'texts as tensors': ModelSignature(Schema([TensorSpec(np.dtype('str'), (-1,), 'x')])),
    'params': ModelSignature(columns('a'), columns('b'), ParamSchema([ParamSpec('p', 'double', 1.5, None)])),
    'lists': ModelSignature(Schema([ColSpec(Array(DataType.double), 'a')])),
    'long words': ModelSignature(columns('x' * 300, 'y z ' * 50 + 'end  with   spaces')),
}
found = []
for name, signature in signatures.items():
    with tempfile.NamedTemporaryFile('r', encoding='utf-8', suffix='MLmodel') as file:
        Model(artifact_path='model', run_id='0' * 32, signature=signature, metadata={'signature': 'none'}).save(file.name)
        text = file.read()
    dictionary = signature.to_dict()
    found.append({'name': name, 'text': text, 'inputs': dictionary.get('inputs'), 'outputs': dictionary.get('outputs')})
print(json.dumps(found, indent=1))
