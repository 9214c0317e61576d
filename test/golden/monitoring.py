"""Golden values for src/domain/monitoring/measure-period.ts, from numpy and scipy.

Run: pip install -r requirements.txt && python monitoring.py > monitoring.json

Drift: reference and current are counted on the reference's deciles with a bin below, one above and one of missing values
(categories: the 30 most frequent, all others, missing), and compared by the Jensen-Shannon distance in base 2.
"""

import json
from collections import Counter

import numpy as np
from scipy import stats
from scipy.spatial import distance

rng = np.random.default_rng(20240610)


def rounded(values):
    """JSON has no NaN: a missing number is null."""
    return [None if np.isnan(v) else round(float(v), 4) for v in values]


def counted(values, edges):
    values = np.array([np.nan if v is None else v for v in values], dtype=float)
    present = values[~np.isnan(values)]
    inside = np.histogram(present, bins=edges)[0]
    return [int((present < edges[0]).sum()), *inside.tolist(), int((present > edges[-1]).sum()), int(np.isnan(values).sum())]


def numeric(name, reference, current):
    reference, current = rounded(reference), rounded(current)
    present = np.array([v for v in reference if v is not None])
    edges = np.unique(np.quantile(present, np.linspace(0, 1, 11)))
    if len(edges) == 1:
        edges = np.array([edges[0] - 0.5, edges[0] + 0.5])
    p, q = counted(reference, edges), counted(current, edges)
    return column(name, reference, current, p, q)


def categorical(name, reference, current):
    counts = Counter(v for v in reference if v is not None)
    frequent = [v for v, _ in sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:30]]

    def on(values):
        seen = Counter(values)
        others = sum(n for v, n in seen.items() if v is not None and v not in frequent)
        return [*(seen[v] for v in frequent), others, seen[None]]

    return column(name, reference, current, on(reference), on(current))


def column(name, reference, current, p, q):
    bins = sum(count > 0 for count in p)
    return {
        "name": name,
        "reference": reference,
        "current": current,
        "distance": float(distance.jensenshannon(p, q, base=2)),
        # Second-order expansion of the divergence, and what drawing really comes to.
        "chance": float(np.sqrt((bins - 1) / (8 * np.log(2) * len(current)))),
        "drawn": drawn(p, len(current)),
    }


def drawn(p, rows, times=4000):
    shares = np.array(p) / np.sum(p)
    squares = [distance.jensenshannon(shares, rng.multinomial(rows, shares), base=2) ** 2 for _ in range(times)]
    return float(np.sqrt(np.nanmean(squares)))


def drift():
    codes = np.array([f"c{n:02d}" for n in range(40)] + [None], dtype=object)
    weights = np.r_[1 / np.arange(1, 41), 0.4]
    weights /= weights.sum()
    moved = np.r_[weights[:40][::-1], 0.05]
    moved /= moved.sum()
    gaps = rng.normal(0, 1, 900)
    gaps[rng.random(900) < 0.1] = np.nan
    more_gaps = rng.normal(0.1, 1, 320)
    more_gaps[rng.random(320) < 0.5] = np.nan
    return [
        numeric("same", rng.normal(0, 1, 1000), rng.normal(0, 1, 320)),
        numeric("shifted", rng.normal(0, 1, 1000), rng.normal(1.2, 1, 320)),
        numeric("beyond", rng.uniform(0, 1, 1000), rng.uniform(0.5, 2, 320)),
        numeric("few values", rng.integers(0, 4, 1000), rng.integers(1, 4, 320)),
        numeric("constant", np.full(800, 3.0), np.full(320, 3.0)),
        numeric("gaps", gaps, more_gaps),
        categorical("code", rng.choice(codes, 1500, p=weights).tolist(), rng.choice(codes, 320, p=weights).tolist()),
        categorical("moved", rng.choice(codes, 1500, p=weights).tolist(), rng.choice(codes, 320, p=moved).tolist()),
    ]


def service():
    rows = 240
    latencies = rng.gamma(2, 900, rows).round().astype(int)
    failed = rng.random(rows) < 0.04
    missing = rng.binomial(4, 0.2, rows)
    ages = [None if rng.random() < 0.3 else int(age) for age in rng.integers(1000, 9_000_000, rows)]
    share = stats.binomtest(int(failed.sum()), rows).proportion_ci(method="wilson")
    shares = missing / 4
    half = stats.norm.ppf(0.975) * stats.sem(shares)
    known = [age / 60_000 for age in ages if age is not None]
    return {
        "latencyUs": latencies.tolist(),
        "failed": failed.tolist(),
        "missing": missing.tolist(),
        "ageMs": ages,
        "expected": {
            "predictions": {"value": rows, "low": None, "high": None},
            "error_share": {"value": float(failed.mean()), "low": float(share.low), "high": float(share.high)},
            "latency_p50_ms": {"value": float(np.quantile(latencies / 1000, 0.5)), "low": None, "high": None},
            "latency_p99_ms": {"value": float(np.quantile(latencies / 1000, 0.99)), "low": None, "high": None},
            "missing_inputs": {
                "value": float(shares.mean()),
                "low": float(shares.mean() - half),
                "high": float(shares.mean() + half),
            },
            "feature_age_minutes": {"value": float(np.mean(known)), "low": None, "high": None},
        },
    }


print(json.dumps({"drift": drift(), "service": service()}))
