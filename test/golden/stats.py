"""Golden values for src/stats, from numpy, scipy and scikit-learn.

Run: pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 && python stats.py > stats.json
"""

import json

import numpy as np
from scipy import stats
from scipy.spatial import distance
from sklearn import metrics
from sklearn.isotonic import IsotonicRegression

rng = np.random.default_rng(20240501)


def rounded(values, digits=6):
    return [round(float(v), digits) for v in values]


def delong_covariance(labels, *scores):
    """DeLong, DeLong & Clarke-Pearson (1988) by its definition, O(n^2)."""
    components = []
    for s in scores:
        x, y = s[labels == 1], s[labels == 0]
        psi = (x[:, None] > y[None, :]) + 0.5 * (x[:, None] == y[None, :])
        components.append((psi.mean(1), psi.mean(0)))
    v10 = np.cov([c[0] for c in components], ddof=1)
    v01 = np.cov([c[1] for c in components], ddof=1)
    return v10 / (labels == 1).sum() + v01 / (labels == 0).sum()


def binary():
    labels = rng.integers(0, 2, 300)
    # Two digits only, so that there are ties.
    p = np.clip(np.round(0.5 + 0.25 * (labels - 0.5) + rng.normal(0, 0.2, 300), 2), 0.01, 0.99)
    q = np.clip(np.round(p + rng.normal(0, 0.1, 300), 2), 0.01, 0.99)
    called = p >= 0.5
    covariance = delong_covariance(labels, p, q)
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    difference = metrics.roc_auc_score(labels, p) - metrics.roc_auc_score(labels, q)
    tn, fp, fn, tp = metrics.confusion_matrix(labels, called).ravel()
    isotonic = IsotonicRegression(out_of_bounds="clip").fit(p, labels)
    at = np.linspace(0, 1, 41)
    losses = -np.log(np.where(labels == 1, p, 1 - p))
    return {
        "labels": labels.tolist(),
        "probabilities": rounded(p),
        "other": rounded(q),
        "auc": metrics.roc_auc_score(labels, p),
        "log_loss": metrics.log_loss(labels, p),
        "brier": metrics.brier_score_loss(labels, p),
        "accuracy": metrics.accuracy_score(labels, called),
        "precision": metrics.precision_score(labels, called),
        "recall": metrics.recall_score(labels, called),
        "f1": metrics.f1_score(labels, called),
        "confusion": {
            "truePositives": int(tp),
            "falsePositives": int(fp),
            "trueNegatives": int(tn),
            "falseNegatives": int(fn),
        },
        "delong": {
            "deviation": float(np.sqrt(covariance[0, 0])),
            "difference": difference,
            "differenceDeviation": float(np.sqrt(variance)),
            "p": float(2 * stats.norm.sf(abs(difference) / np.sqrt(variance))),
        },
        "logLossError": float(stats.sem(losses)),
        "isotonicAt": rounded(at, 12),
        "isotonic": isotonic.predict(at).tolist(),
    }


def multiclass():
    labels = rng.integers(0, 4, 200)
    z = rng.normal(0, 1, (200, 4))
    z[np.arange(200), labels] += 1
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    called = p.argmax(1)
    return {
        "labels": labels.tolist(),
        "probabilities": p.ravel().tolist(),
        "accuracy": metrics.accuracy_score(labels, called),
        "macro_f1": metrics.f1_score(labels, called, average="macro"),
        "log_loss": metrics.log_loss(labels, p),
        "macro_auc": metrics.roc_auc_score(labels, p, multi_class="ovr", average="macro"),
        "confusion": metrics.confusion_matrix(labels, called).tolist(),
    }


def regression():
    y = rng.normal(10, 3, 150)
    predicted = y + rng.normal(0.3, 1, 150)
    return {
        "target": y.tolist(),
        "predicted": predicted.tolist(),
        "rmse": float(np.sqrt(metrics.mean_squared_error(y, predicted))),
        "mae": metrics.mean_absolute_error(y, predicted),
        "r2": metrics.r2_score(y, predicted),
    }


def filled(shares):
    """Evidently's replacement of zero shares."""
    shares = np.asarray(shares, dtype=float).copy()
    least = shares[shares != 0].min()
    shares[shares == 0] = least / 10**6 if least <= 0.0001 else 0.0001
    return shares


def counted_distances(reference, current):
    p, q = np.array(reference) / np.sum(reference), np.array(current) / np.sum(current)
    fp, fq = filled(p), filled(q)
    expected = p * np.sum(current)
    seen = (np.array(reference) > 0) | (np.array(current) > 0)
    return {
        "reference": reference,
        "current": current,
        "psi": float(np.sum((fp - fq) * np.log(fp / fq))),
        "kl": float(stats.entropy(fp, fq)),
        "jsDistance": float(distance.jensenshannon(p, q)),
        "jsDistanceBase2": float(distance.jensenshannon(p, q, base=2)),
        "hellinger": float(np.sqrt(np.sum((np.sqrt(p) - np.sqrt(q)) ** 2)) / np.sqrt(2)),
        "lInfinity": float(np.max(np.abs(p - q))),
        "chiSquareP": float(stats.chisquare(np.array(current)[seen], expected[seen]).pvalue),
    }


def samples():
    out = []
    for name, a, b in [
        ("normal, shifted", rng.normal(0, 1, 400), rng.normal(0.2, 1, 300)),
        ("with ties", np.round(rng.gamma(2, 1, 250), 1), np.round(rng.gamma(2.3, 1, 350), 1)),
        ("tiny", rng.normal(0, 1, 7), rng.normal(1, 1, 9)),
        ("equal sizes", rng.uniform(0, 1, 120), rng.uniform(0.1, 1.1, 120)),
    ]:
        ks = stats.ks_2samp(a, b, method="exact")
        welch = stats.ttest_ind(a, b, equal_var=False)
        out.append(
            {
                "name": name,
                "reference": a.tolist(),
                "current": b.tolist(),
                "ks": float(ks.statistic),
                "ksP": float(ks.pvalue),
                "limitPFor5": float(stats.kstwobign.sf(ks.statistic * np.sqrt(5 * len(a) * len(b) / (len(a) + len(b))))),
                "wasserstein": float(stats.wasserstein_distance(a, b)),
                "normalisedWasserstein": float(stats.wasserstein_distance(a, b) / max(np.std(a), 0.001)),
                "welch": float(welch.statistic),
                "welchP": float(welch.pvalue),
                "sturges": len(np.histogram_bin_edges(a, bins="sturges")) - 1,
                "doane": len(np.histogram_bin_edges(a, bins="doane")) - 1,
                "counts": np.histogram(a, bins=np.linspace(a.min(), a.max(), 8))[0].tolist(),
                "quantiles": np.quantile(a, [0, 0.1, 0.5, 0.77, 1]).tolist(),
                "mean": float(a.mean()),
                "deviation": float(a.std()),
            }
        )
    return out


def proportions(s1, n1, s2, n2):
    """Evidently's two-proportion Z, pooled."""
    pooled = (s1 + s2) / (n1 + n2)
    z = (s1 / n1 - s2 / n2) / np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    return {"counts": [s1, n1, s2, n2], "z": float(z), "p": float(2 * stats.norm.sf(abs(z)))}


def wilson(k, n):
    interval = stats.binomtest(k, n).proportion_ci(method="wilson")
    return {"successes": k, "trials": n, "low": float(interval.low), "high": float(interval.high)}


print(
    json.dumps(
        {
            "binary": binary(),
            "multiclass": multiclass(),
            "regression": regression(),
            "counts": [
                counted_distances([16, 18, 16, 14, 12, 12], [16, 16, 16, 16, 16, 8]),
                counted_distances([100, 50, 30, 20], [80, 70, 0, 50]),
                counted_distances([99999, 1, 0, 100000], [100000, 0, 0, 100000]),
            ],
            "samples": samples(),
            "proportions": [proportions(40, 100, 70, 120), proportions(5, 1000, 9, 800)],
            "wilson": [wilson(0, 20), wilson(3, 17), wilson(500, 1000), wilson(20, 20)],
        },
        indent=None,
    )
)
