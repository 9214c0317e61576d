"""Trains a classifier and logs it with mlflow, as on any tracking server."""

import json
import os
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.models import infer_signature
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

# By hand it reads the files that rows.py wrote here; as a step, those of the step before.
tables = {"learn.csv": "learn.csv", "held.csv": "held.csv"}
if "MILLWRIGHT_INPUTS" in os.environ:
    inputs = json.loads(Path(os.environ["MILLWRIGHT_INPUTS"]).read_text())
    tables = {table["name"]: table["path"] for table in inputs["rows"]["artifacts"]}
learn, held = pd.read_csv(tables["learn.csv"]), pd.read_csv(tables["held.csv"])
x, y = learn.drop(columns="target"), learn["target"]
x_held, y_held = held.drop(columns="target"), held["target"]

mlflow.sklearn.autolog(log_models=False)
with mlflow.start_run():
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.5, max_iter=1000)).fit(x, y)
    scores = model.predict_proba(x_held)[:, 1]
    mlflow.log_metric("held_auc", roc_auc_score(y_held, scores))
    mlflow.sklearn.log_model(model, name="model", signature=infer_signature(x, scores), input_example=x.head(3))

# What it is to beat: one question about one measurement.
stump = DecisionTreeClassifier(max_depth=1).fit(x[["mean texture"]], y)
folder = Path(os.environ.get("MILLWRIGHT_ARTIFACTS", "."))
pd.DataFrame(
    {"target": y_held, "score": scores, "baseline": stump.predict_proba(x_held[["mean texture"]])[:, 1]}
).to_csv(folder / "scores.csv", index=False)
# The model in the form in which it is served.
onnx = to_onnx(model, x.to_numpy(dtype="float32")[:1], options={"zipmap": False})
(folder / "model.onnx").write_bytes(onnx.SerializeToString())
