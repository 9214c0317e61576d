"""Golden values for linear models, from scikit-learn on standardised and one-hot columns.

Run: pip install numpy==2.4.6 scikit-learn==1.9.1 && python linear.py > linear.json
"""

import json

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge

rng = np.random.default_rng(7)
rows = 400
numbers = np.column_stack([rng.normal(100, 20, rows), rng.normal(0, 1, rows), rng.gamma(2, 3, rows)]).astype(np.float32)
numbers[rng.random(rows) < 0.1, 1] = np.nan
codes = rng.integers(0, 4, rows)

filled = numbers.astype(float)
filled[:, 1] = np.where(np.isnan(filled[:, 1]), np.nanmean(filled[:, 1]), filled[:, 1])
# Means and deviations are those of the values that are there.
standard = (filled - np.nanmean(numbers.astype(float), 0)) / np.nanstd(numbers.astype(float), 0)
design = np.column_stack([standard, np.eye(4)[codes]])
linear = design @ np.array([1.0, -0.7, 0.4, 0.5, -0.5, 0.0, 1.0])

regression = 50 + 5 * linear + rng.normal(0, 2, rows)
binary = (rng.random(rows) < 1 / (1 + np.exp(-linear))).astype(int)
multiclass = np.digitize(linear + rng.logistic(0, 1, rows), [-0.7, 0.8])
l2 = 2.5


def logistic(target):
    return LogisticRegression(C=1 / l2, tol=1e-10, max_iter=10000).fit(design, target).predict_proba(design)


print(
    json.dumps(
        {
            "l2": l2,
            "numbers": [[None if np.isnan(v) else float(v) for v in column] for column in numbers.T],
            "codes": codes.tolist(),
            "regression": {"target": regression.tolist(), "expected": Ridge(alpha=l2).fit(design, regression).predict(design).tolist()},
            "binary": {"target": binary.tolist(), "expected": logistic(binary)[:, 1].tolist()},
            "multiclass": {"target": multiclass.tolist(), "expected": logistic(multiclass).ravel().tolist()},
        }
    )
)
