"""The step report of notebooks/explore.ipynb: its code cell 8.

Made by `millwright notebook promote`: change the notebook, and promote again.
"""

from __future__ import annotations

from notebook_setup import json, os, pd
from millwright_values import run_step


def step_report(trips: pd.DataFrame, dropped: int, late_by_weather: dict[str, float]) -> None:
    report = {'trips': len(trips), 'dropped': dropped, 'late': late_by_weather}
    text = f"""Of {report['trips']} trips
{late_by_weather['rain']:.1%} came late in the rain,
{late_by_weather['dry']:.1%} when it was dry.
"""
    print(text)
    # An editor gives no such place.
    if 'MILLWRIGHT_OUTPUT' in os.environ:
        with open(os.environ['MILLWRIGHT_OUTPUT'], 'w') as file:
            json.dump(report, file)
        with open(os.path.join(os.environ['MILLWRIGHT_ARTIFACTS'], 'report.md'), 'w') as file:
            file.write(text)


if __name__ == '__main__':
    run_step(
        step_report,
        inputs={'trips': 'clean', 'dropped': 'clean', 'late_by_weather': 'compare'},
    )
