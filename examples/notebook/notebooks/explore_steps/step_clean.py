"""The step clean of notebooks/explore.ipynb: its code cell 6.

Made by `millwright notebook promote`: change the notebook, and promote again.
"""

from __future__ import annotations

from notebook_setup import pd
from millwright_values import run_step


def step_clean(trips: pd.DataFrame, late_after: float = 30.0) -> tuple[pd.DataFrame, int]:
    before = len(trips)
    trips: pd.DataFrame = trips[trips['km'] >= 0.5].reset_index(drop=True)
    trips['late'] = trips['minutes'] > late_after
    dropped: int = before - len(trips)
    return trips, dropped


if __name__ == '__main__':
    run_step(
        step_clean,
        inputs={'trips': 'make'},
        parameters=['late_after'],
        outputs={'trips': 'pd.DataFrame', 'dropped': 'int'},
    )
