"""Trains scikit-learn's HistGradientBoosting and xgboost on one data set and split, on one thread.

peers.py FOLDER/<name> SEED -> a JSON line a learner: {"learner", "seconds", "scores": {metric: value}}
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import xgboost
from sklearn import metrics
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

folder, seed = Path(sys.argv[1]), int(sys.argv[2])
meta = json.loads((folder / "meta.json").read_text())
x = np.fromfile(folder / "x.f32", dtype="<f4").reshape(meta["rows"], meta["columns"], order="F")
y = np.fromfile(folder / "y.f64", dtype="<f8")
role = np.fromfile(folder / f"role-{seed}.u8", dtype="u1")
train_x, train_y, test_x, test_y = x[role == 1], y[role == 1], x[role == 2], y[role == 2]
is_regression = meta["task"] == "regression"

same = {"learning_rate": 0.1, "random_state": seed}
hist = {"max_iter": 100, "max_leaf_nodes": 31, "min_samples_leaf": 20, "early_stopping": False, **same}
hist_learner = HistGradientBoostingRegressor(**hist) if is_regression else HistGradientBoostingClassifier(**hist)
# max_depth 0 and lossguide: leaf-wise growth with 31 leaves, as the others do.
xgb = {"n_estimators": 100, "max_leaves": 31, "max_depth": 0, "grow_policy": "lossguide", "tree_method": "hist", "max_bin": 255, "n_jobs": 1, **same}
xgb_learner = xgboost.XGBRegressor(**xgb) if is_regression else xgboost.XGBClassifier(**xgb)

for name, learner in [("scikit-learn", hist_learner), ("xgboost", xgb_learner)]:
    started = time.process_time()
    learner.fit(train_x, train_y)
    seconds = time.process_time() - started
    if is_regression:
        scores = {"rmse": float(np.sqrt(metrics.mean_squared_error(test_y, learner.predict(test_x))))}
    else:
        p = learner.predict_proba(test_x).astype(float)
        p /= p.sum(1, keepdims=True)
        scores = {"log_loss": metrics.log_loss(test_y, p, labels=range(meta["classes"]))}
        if meta["task"] == "binary":
            scores["auc"] = metrics.roc_auc_score(test_y, p[:, 1])
    print(json.dumps({"learner": name, "seconds": seconds, "scores": scores}))
