"""Writes the data sets of the comparison as plain arrays, so that every learner reads the same bytes.

prepare.py FLIGHTS.parquet AIRPORTS.csv FOLDER -> FOLDER/<name>/{meta.json, x.f32 (column by column), y.f64, role-<seed>.u8}
A role is 0 (not used), 1 (train) or 2 (test).
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import datasets

flights_path, airports_path, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])


def write(name, task, x, y, roles, classes=0):
    into = folder / name
    into.mkdir(parents=True, exist_ok=True)
    np.asfortranarray(x.astype("<f4")).ravel(order="F").tofile(into / "x.f32")
    y.astype("<f8").tofile(into / "y.f64")
    for seed, role in enumerate(roles):
        role.astype("u1").tofile(into / f"role-{seed}.u8")
    meta = {"name": name, "task": task, "rows": len(y), "columns": x.shape[1], "classes": classes, "seeds": len(roles)}
    (into / "meta.json").write_text(json.dumps(meta))


def splits(rows, seeds, train, test):
    for seed in range(seeds):
        order = np.random.default_rng(seed).permutation(rows)
        role = np.zeros(rows)
        role[order[:train]] = 1
        role[order[train : train + test]] = 2
        yield role


def bundled(name, task, data, classes=0):
    rows = len(data.target)
    write(name, task, data.data, data.target, list(splits(rows, 10, int(0.7 * rows), rows - int(0.7 * rows))), classes)


bundled("breast_cancer", "binary", datasets.load_breast_cancer(), 2)
bundled("digits", "multiclass", datasets.load_digits(), 10)
bundled("diabetes", "regression", datasets.load_diabetes())

x, y = datasets.make_friedman1(40_000, noise=1.0, random_state=0)
# A tenth of the values are missing, so that the learned side of missing values is compared too.
x[np.random.default_rng(1).random(x.shape) < 0.1] = np.nan
write("friedman1", "regression", x, y, list(splits(40_000, 10, 20_000, 20_000)))

flights = pd.read_parquet(flights_path).sample(700_000, random_state=0).reset_index(drop=True)
flights.columns = [c.lower() for c in flights.columns]
airports = pd.read_csv(airports_path).set_index("iata")
date = pd.to_datetime(flights["date"])
late = (flights["delay"] >= 15).astype(float).to_numpy()
roles = list(splits(len(flights), 3, 500_000, 200_000))


def coded(column):
    # By name: an order by the target would have to be learnt anew in every split.
    return flights[column].map({value: code for code, value in enumerate(sorted(flights[column].unique()))})


columns = [
    date.dt.hour,
    date.dt.hour * 60 + date.dt.minute,
    date.dt.day_of_week,
    date.dt.day,
    date.dt.month,
    flights["distance"],
    coded("origin"),
    coded("destination"),
    flights["origin"].map(airports["latitude"]),
    flights["origin"].map(airports["longitude"]),
    flights["destination"].map(airports["latitude"]),
    flights["destination"].map(airports["longitude"]),
]
write("flights", "binary", np.column_stack([c.to_numpy(dtype=float) for c in columns]), late, roles, 2)
