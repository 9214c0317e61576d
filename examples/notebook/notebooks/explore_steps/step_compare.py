"""The step compare of notebooks/explore.ipynb: its code cell 7.

Made by `millwright notebook promote`: change the notebook, and promote again.
"""

from __future__ import annotations

from notebook_setup import pd, share
from millwright_values import run_step


def step_compare(trips: pd.DataFrame) -> dict[str, float]:
    late_by_weather: dict[str, float] = {
        name: share(trips.loc[trips['rain'] == wet, 'late']) for name, wet in (('dry', False), ('rain', True))
    }
    return late_by_weather


if __name__ == '__main__':
    run_step(
        step_compare,
        inputs={'trips': 'clean'},
        outputs={'late_by_weather': 'dict[str, float]'},
        unchanged=['trips'],
        taken_later=['trips'],
    )
