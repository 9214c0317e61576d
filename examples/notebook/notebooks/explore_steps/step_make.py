"""The step make of notebooks/explore.ipynb: its code cells 3 and 4.

Made by `millwright notebook promote`: change the notebook, and promote again.
"""

from __future__ import annotations

from notebook_setup import pd, random
from millwright_values import run_step


def step_make(seed: int = 7, trips_made: int = 400) -> pd.DataFrame:
    chance = random.Random(seed)
    rain = [chance.random() < 0.3 for _ in range(trips_made)]
    distance = [round(chance.uniform(0.2, 9), 2) for _ in range(trips_made)]
    trips: pd.DataFrame = pd.DataFrame({'rain': rain, 'km': distance})

    trips['minutes'] = [round(4 + 3 * km + (6 if wet else 0) + chance.gauss(0, 3), 1) for km, wet in zip(trips['km'], trips['rain'])]
    print(len(trips), 'trips')
    return trips


if __name__ == '__main__':
    run_step(step_make, parameters=['seed', 'trips_made'], outputs={'trips': 'pd.DataFrame'})
