"""What the mlflow client sees of the model `own`, which was made here: prints it as JSON."""

import importlib.util
import json
import os
import sys
import tempfile
import warnings

os.environ.setdefault('MLFLOW_HTTP_REQUEST_MAX_RETRIES', '1')
os.environ.setdefault('MLFLOW_DISABLE_TELEMETRY', 'true')
warnings.simplefilter('ignore')

import mlflow
from mlflow import MlflowClient

client = MlflowClient()
version = client.get_model_version('own', '1')
model = mlflow.models.Model.load('models:/own/1')
with tempfile.TemporaryDirectory() as folder:
    where = mlflow.artifacts.download_artifacts('models:/own@production', dst_path=folder)
    files = {name: os.path.getsize(os.path.join(where, name)) for name in sorted(os.listdir(where)) if name != 'registered_model_meta'}
can_load = all(importlib.util.find_spec(name) for name in ('onnx', 'onnxruntime'))
print(
    json.dumps(
        {
            'status': version.status,
            'tags': version.tags,
            'aliases': list(version.aliases),
            'flavors': sorted(model.flavors),
            'loader': model.flavors['python_function']['loader_module'],
            'data': model.flavors['onnx']['data'],
            'files': files,
            'listed': sorted(each.path for each in mlflow.artifacts.list_artifacts('models:/own/1')),
            'loaded': type(mlflow.onnx.load_model('models:/own/1')).__name__ if can_load else None,
        }
    ),
    file=sys.__stdout__,
)
