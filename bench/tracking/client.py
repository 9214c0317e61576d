"""What MLflow's own client takes for its work at a server: `client.py <address> <seconds>`, rates a second and milliseconds as JSON."""

import json
import sys
import time

import mlflow
from mlflow.entities import Metric

address, seconds = sys.argv[1], float(sys.argv[2])
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
with mlflow.start_run() as run:
    id = run.info.run_id
    singles = rate(lambda step: mlflow.log_metric('single', step / 7, step=step))
    batches = rate(lambda step: client.log_batch(id, metrics=[Metric(f'm{place}', place / 7, step, step) for place in range(100)]))
runs = rate(one_run)
begun = time.perf_counter()
found = client.search_runs(['0'], max_results=1000)
listed = time.perf_counter() - begun
print(json.dumps({
    'client: log_metric a second': singles,
    'client: log_batch of 100 a second': batches,
    'client: runs started and ended a second': runs,
    f'client: search_runs, {len(found)} runs, ms': listed * 1000,
}))
