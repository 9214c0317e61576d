"""What MLflow's own client takes for its work at a server: `client.py <address> <seconds> <what>` prints a rate a second, or milliseconds for `search_runs`."""

import sys
import time

import mlflow
from mlflow.entities import Metric

address, seconds, what = sys.argv[1], float(sys.argv[2]), sys.argv[3]
mlflow.set_tracking_uri(address)
client = mlflow.MlflowClient()


def rate(work):
    begun = time.perf_counter()
    count = 0
    while time.perf_counter() - begun < seconds:
        work(count)
        count += 1
    return count / (time.perf_counter() - begun)


def one_run(_):
    with mlflow.start_run():
        pass


mlflow.set_experiment('client')
if what == 'run':
    print(rate(one_run))
elif what == 'search_runs':
    begun = time.perf_counter()
    found = client.search_runs(['0'], max_results=1000)
    print((time.perf_counter() - begun) * 1000)
else:
    with mlflow.start_run() as run:
        id = run.info.run_id
        figure = (
            rate(lambda step: mlflow.log_metric('single', step / 7, step=step))
            if what == 'log_metric'
            else rate(lambda step: client.log_batch(id, metrics=[Metric(f'm{place}', place / 7, step, step) for place in range(100)]))
        )
    print(figure)
