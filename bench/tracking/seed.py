"""Fills the database of MLflow's own server with runs: 4 metrics, 4 params, 4 tags each, and one run with a long history. `seed.py <database> <runs> <points>`."""

import random
import sqlite3
import sys

path, runs, points = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
db = sqlite3.connect(path, timeout=60)
chance = random.Random(7)
kinds = ['tree', 'linear', 'forest', 'net']
with db:
    for number in range(runs):
        id = f'{number:032x}'
        db.execute(
            "insert into runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time, source_version, lifecycle_stage, artifact_uri, experiment_id) "
            "values (?, ?, 'UNKNOWN', '', '', 'ada', 'FINISHED', ?, ?, '', 'active', ?, 0)",
            (id, f'run-{number}', 1_700_000_000_000 + number * 1000, 1_700_000_000_500 + number * 1000, f'mlflow-artifacts:/0/{id}/artifacts'),
        )
        for key in ('accuracy', 'loss', 'auc', 'seconds'):
            value = chance.random()
            for table in ('metrics', 'latest_metrics'):
                db.execute(f'insert into {table} (key, value, timestamp, step, is_nan, run_uuid) values (?, ?, ?, 0, 0, ?)', (key, value, 1_700_000_000_000 + number * 1000, id))
        for key, value in (('lr', ['0.1', '0.01', '0.001'][number % 3]), ('depth', str(number % 9)), ('kind', kinds[number % 4]), ('seed', str(number))):
            db.execute('insert into params (key, value, run_uuid) values (?, ?, ?)', (key, value, id))
        for key, value in (('mlflow.runName', f'run-{number}'), ('mlflow.user', 'ada'), ('mlflow.source.name', 'train.py'), ('team', 'ab'[number % 2])):
            db.execute('insert into tags (key, value, run_uuid) values (?, ?, ?)', (key, value, id))
    for step in range(points):
        db.execute("insert into metrics (key, value, timestamp, step, is_nan, run_uuid) values ('curve', ?, ?, ?, 0, ?)", (chance.random(), 1_700_000_000_000 + step, step, f'{0:032x}'))
