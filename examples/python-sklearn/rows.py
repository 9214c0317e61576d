"""Writes scikit-learn's breast cancer set as two tables: rows to learn from, and rows that no model sees before it is judged."""

import os
from pathlib import Path

from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

rows = load_breast_cancer(as_frame=True).frame
# Here 1 is what is looked for: a malignant tumour.
rows["target"] = 1 - rows["target"]
learn, held = train_test_split(rows, test_size=0.35, stratify=rows["target"], random_state=1)

folder = Path(os.environ.get("MILLWRIGHT_ARTIFACTS", "."))
learn.to_csv(folder / "learn.csv", index=False)
held.to_csv(folder / "held.csv", index=False)
