"""Golden values for src/domain/training/evaluation.ts, from scikit-learn and scipy.

Run: pip install -r requirements.txt && python evaluation.py > evaluation.json

Values are scikit-learn's. Intervals: Wilson's by scipy for a share of rows; DeLong's for an AUC, by its definition; of every other
metric normal, with the variance of its influences: a mean's are its losses, others are found by moving the weight of each row a little.
"""

import json

import numpy as np
from scipy import stats
from sklearn import metrics

rng = np.random.default_rng(20240608)
Z = stats.norm.ppf(0.975)
THRESHOLD = 0.4


def ece(target, scores, sample_weight):
    """Naeini et al. (2015) with ten equal bins."""
    bins = np.minimum(9, np.floor(scores * 10)).astype(int)
    total = 0.0
    for b in range(10):
        inside = bins == b
        total += abs(np.sum(sample_weight[inside] * (target[inside] - scores[inside])))
    return total / np.sum(sample_weight)


def called(scores):
    return (scores >= THRESHOLD).astype(int)


# Metric -> (direction-free value of weighted rows, least, greatest). Shares also say their trials.
BINARY = {
    "log_loss": (lambda y, p, w: metrics.log_loss(y, p, sample_weight=w, labels=[0, 1]), 0, np.inf),
    "brier": (lambda y, p, w: metrics.brier_score_loss(y, p, sample_weight=w), 0, 1),
    "ece": (ece, 0, 1),
    "accuracy": (lambda y, p, w: metrics.accuracy_score(y, called(p), sample_weight=w), 0, 1),
    "precision": (lambda y, p, w: metrics.precision_score(y, called(p), sample_weight=w), 0, 1),
    "recall": (lambda y, p, w: metrics.recall_score(y, called(p), sample_weight=w), 0, 1),
    "f1": (lambda y, p, w: metrics.f1_score(y, called(p), sample_weight=w), 0, 1),
}
MULTICLASS = {
    "log_loss": (lambda y, p, w: metrics.log_loss(y, p, sample_weight=w, labels=range(3)), 0, np.inf),
    "accuracy": (lambda y, p, w: metrics.accuracy_score(y, p.argmax(1), sample_weight=w), 0, 1),
    "macro_f1": (lambda y, p, w: metrics.f1_score(y, p.argmax(1), sample_weight=w, average="macro"), 0, 1),
}
REGRESSION = {
    "rmse": (lambda y, p, w: np.sqrt(metrics.mean_squared_error(y, p, sample_weight=w)), 0, np.inf),
    "mae": (lambda y, p, w: metrics.mean_absolute_error(y, p, sample_weight=w), 0, np.inf),
    "r2": (lambda y, p, w: metrics.r2_score(y, p, sample_weight=w), -np.inf, 1),
}


def surprise(given):
    least = np.finfo(float).eps
    return -np.log(np.clip(given, least, 1 - least))


# Metrics that are the mean of a loss.
LOSSES = {
    ("binary", "log_loss"): lambda y, p: surprise(np.where(y == 1, p, 1 - p)),
    ("binary", "brier"): lambda y, p: (p - y) ** 2,
    ("binary", "accuracy"): lambda y, p: called(p) == y,
    ("multiclass", "log_loss"): lambda y, p: surprise(p[np.arange(len(y)), y]),
    ("multiclass", "accuracy"): lambda y, p: p.argmax(1) == y,
    ("regression", "mae"): lambda y, p: np.abs(p - y),
}
TASKS = {"binary": BINARY, "multiclass": MULTICLASS, "regression": REGRESSION}


def influences(task, name, target, scores):
    if (task, name) in LOSSES:
        losses = LOSSES[task, name](target, scores).astype(float)
        return losses - losses.mean()
    metric = TASKS[task][name][0]
    rows, step = len(target), 0.01
    calls = {"binary": called, "multiclass": lambda p: p.argmax(1)}.get(task)

    def slope(row, by):
        up, down = np.ones(rows), np.ones(rows)
        up[row] += by
        down[row] -= by
        return (metric(target, scores, up) - metric(target, scores, down)) / (2 * by)

    known, out = {}, np.empty(rows)
    for row in range(rows):
        # Rows that were called alike move such a metric alike.
        alike = (target[row], calls(scores)[row]) if calls and name != "ece" else row
        if alike not in known:
            # Richardson's extrapolation takes the error of the central difference below rounding.
            known[alike] = rows * (4 * slope(row, step) - slope(row, 2 * step)) / 3
        out[row] = known[alike]
    return out


def auc_influences(positive, scores):
    """DeLong's components, scaled so that their mean square over the rows is his variance."""
    x, y = scores[positive], scores[~positive]
    psi = (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])
    rows, m, n = len(scores), len(x), len(y)
    out = np.empty(rows)
    out[positive] = (psi.mean(1) - psi.mean()) * rows / np.sqrt(m * (m - 1))
    out[~positive] = (psi.mean(0) - psi.mean()) * rows / np.sqrt(n * (n - 1))
    return out


def estimates(task, target, scores):
    out = {}
    for name, (metric, least, greatest) in TASKS[task].items():
        value = float(metric(target, scores, np.ones(len(target))))
        out[name] = (value, influences(task, name, target, scores), least, greatest)
    if task == "binary":
        out["auc"] = (metrics.roc_auc_score(target, scores), auc_influences(target == 1, scores), 0, 1)
    if task == "multiclass":
        each = [auc_influences(target == k, scores[:, k]) for k in range(3)]
        value = metrics.roc_auc_score(target, scores, multi_class="ovr", average="macro")
        out["macro_auc"] = (value, np.mean(each, axis=0), 0, 1)
    return out


def shares(task, target, scores):
    if task == "binary":
        yes = called(scores)
        hits = int(np.sum((yes == 1) & (target == 1)))
        return {
            "accuracy": (int(np.sum(yes == target)), len(target)),
            "precision": (hits, int(yes.sum())),
            "recall": (hits, int(target.sum())),
        }
    if task == "multiclass":
        return {"accuracy": (int(np.sum(scores.argmax(1) == target)), len(target))}
    return {}


def figures(task, target, scores, known=None):
    trials = shares(task, target, scores)
    out = {}
    for name, (value, each, least, greatest) in (known or estimates(task, target, scores)).items():
        half = Z * np.sqrt(np.sum(each**2)) / len(target)
        low, high = max(least, value - half), min(greatest, value + half)
        if name in trials:
            interval = stats.binomtest(*trials[name]).proportion_ci(method="wilson")
            low, high = interval.low, interval.high
        out[name] = {"value": float(value), "low": float(low), "high": float(high), "rows": len(target)}
    return out


def differences(target, a, b):
    out = {}
    for name in a:
        value = a[name][0] - b[name][0]
        half = Z * np.sqrt(np.sum((a[name][1] - b[name][1]) ** 2)) / len(target)
        out[name] = {"value": float(value), "low": float(value - half), "high": float(value + half), "rows": len(target)}
    return out


def contest(task, target, candidate, baseline, production, segments):
    parts = {}
    for segment, of in segments.items():
        of = np.array(of, dtype=object)
        parts[segment] = {}
        for part in sorted({name for name in of if name is not None}):
            inside = of == part
            # Smaller parts are not told from chance, and are left out.
            if inside.sum() < 50:
                continue
            parts[segment][part] = {
                "rows": int(inside.sum()),
                **{
                    name: figures(task, target[inside], scores[inside])
                    for name, scores in [("candidate", candidate), ("baseline", baseline), ("production", production)]
                },
            }
    a, b = estimates(task, target, candidate), estimates(task, target, production)
    return {
        "target": target.tolist(),
        "candidate": candidate.ravel().tolist(),
        "baseline": baseline.ravel().tolist(),
        "production": production.ravel().tolist(),
        "segments": segments,
        "expected": {
            "candidate": figures(task, target, candidate, a),
            "baseline": figures(task, target, baseline),
            "production": figures(task, target, production, b),
            "differences": differences(target, a, b),
            "segments": parts,
        },
    }


def parts_of(rows):
    """Two parts that are measured, one that is too small, and rows of no part."""
    names = np.array(["east", "west", "tiny", None], dtype=object)
    return {"region": rng.choice(names, rows, p=[0.45, 0.4, 0.08, 0.07]).tolist()}


def binary(rows=260):
    target = (rng.random(rows) < 0.35).astype(int)

    def view(noise):
        # Three digits, so that there are ties.
        return np.clip(np.round(0.3 + 0.25 * target + rng.normal(0, noise, rows), 3), 0.001, 0.999)

    # Off the round values: where promised and observed are equal in a bin, the calibration error has no slope.
    candidate, baseline, production = view(0.18), np.round(0.9 * np.round(view(0.35), 1) + 0.013, 3), view(0.22)
    # Sure mistakes, and sure hits: the logarithm is held away from infinity.
    yes, no = np.flatnonzero(target == 1), np.flatnonzero(target == 0)
    candidate[yes[0]], candidate[no[0]], candidate[yes[1]], candidate[no[1]] = 0.0, 1.0, 1.0, 0.0
    out = contest("binary", target, candidate, baseline, production, parts_of(rows))
    bins = np.minimum(9, np.floor(candidate * 10)).astype(int)
    out["threshold"] = THRESHOLD
    out["expected"]["calibration"] = {
        "error": out["expected"]["candidate"]["ece"]["value"],
        "bins": [
            {
                "score": float(candidate[bins == b].mean()),
                "observed": float(target[bins == b].mean()),
                "rows": int((bins == b).sum()),
            }
            for b in range(10)
            if (bins == b).any()
        ],
    }
    return out


def multiclass(rows=240):
    target = rng.integers(0, 3, rows)

    def view(strength):
        z = rng.normal(0, 1, (rows, 3))
        z[np.arange(rows), target] += strength
        p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
        return p

    return contest("multiclass", target, view(1.4), view(0.3), view(1.2), parts_of(rows))


def regression(rows=240):
    target = np.round(rng.normal(12, 4, rows), 3)
    views = [np.round(target + rng.normal(shift, noise, rows), 3) for shift, noise in [(0.2, 1.5), (1, 3.5), (0, 1.7)]]
    return contest("regression", target, *views, parts_of(rows))


print(json.dumps({"binary": binary(), "multiclass": multiclass(), "regression": regression()}))
