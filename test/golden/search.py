"""Golden answers for src/contract/search: what MLflow's own stores accept and find.

Run: pip install mlflow==3.17.2 && python search.py > search.json

A set of runs, experiments, registered models, model versions and logged models is written into a SqlAlchemyStore on SQLite, and every filter
is searched there. `found` holds the indexes of the rows that came; a filter that is refused has none. `order` says the same of orderings.
"""

import itertools
import json
import logging
import math
import os
import random
import tempfile
import uuid
import warnings

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

import mlflow
from mlflow.entities import (
    Dataset,
    DatasetInput,
    ExperimentTag,
    InputTag,
    LoggedModelParameter,
    LoggedModelStatus,
    LoggedModelTag,
    Metric,
    Param,
    RunStatus,
    RunTag,
)
from mlflow.entities.model_registry import ModelVersionTag, RegisteredModelTag
from mlflow.exceptions import MlflowException
from mlflow.store.model_registry import sqlalchemy_store as registry_module
from mlflow.store.tracking import sqlalchemy_store as tracking_module
from mlflow.utils.search_utils import SearchExperimentsUtils, SearchModelVersionUtils, SearchUtils

chance = random.Random(20260301)
uuid.uuid4 = lambda: uuid.UUID(int=chance.getrandbits(128), version=4)
ticks = itertools.count(1_700_000_000_000, 1000)
for module in (tracking_module, registry_module):
    module.get_current_time_millis = lambda: next(ticks)

folder = tempfile.TemporaryDirectory()
address = f"sqlite:///{folder.name}/golden.db"
store = tracking_module.SqlAlchemyStore(address, "mlflow-artifacts:/")
registry = registry_module.SqlAlchemyStore(address)

# Runs

words = ["adam", "Adam", "sgd", "a%b", "a_b", "a.b", "it's", 'say "x"', "ÉCOLE", "école", "", "NaN", "10", "9", "tab\there", "a\\b", "🙂x"]
numbers = [0.0, -0.0, 1.0, -1.0, 0.1, 1e-9, 3.5e10, math.nan, math.inf, -math.inf, 0.30000000000000004, 1e300]
loop = store.create_experiment("loop")
runs = []
for index in range(40):
    start = 1_000 + 10 * (index % 13)
    tags = {f"t{i}": chance.choice(words) for i in range(3) if chance.random() < 0.6}
    if chance.random() < 0.3:
        tags["mlflow.source.name"] = chance.choice(["train.py", "Train.PY", "notebook"])
    if chance.random() < 0.3:
        tags["key with space"] = chance.choice(words)
    run = store.create_run(
        loop, chance.choice(["ada", "Ben", ""]), start, [RunTag(k, v) for k, v in tags.items()],
        chance.choice(["first", "First", "se%cond", "third_x", "dé"]),
    )
    run_id = run.info.run_id
    params = {f"p{i}": chance.choice([w for w in words if w]) for i in range(3) if chance.random() < 0.6}
    if chance.random() < 0.3:
        params["a-b/c"] = chance.choice(["1", "2"])
    metrics = {f"m{i}": chance.choice(numbers) for i in range(3) if chance.random() < 0.7}
    if chance.random() < 0.3:
        metrics["val loss"] = chance.choice(numbers)
    if chance.random() < 0.3:
        metrics["val.acc.top1"] = chance.choice(numbers)
    # An older point first: a search sees the latest.
    store.log_batch(run_id, [Metric(k, 77.0, 5, 0) for k in metrics], [Param(k, v) for k, v in params.items()], [])
    store.log_batch(run_id, [Metric(k, v, 6, 1) for k, v in metrics.items()], [], [])
    datasets = []
    for name in chance.sample(["flights", "Flights", "rain"], chance.choice([0, 0, 1, 2])):
        context = chance.choice([None, "training", "Eval"])
        datasets.append({"name": name, "digest": chance.choice(["d1", "d2"]), **({"context": context} if context else {})})
    if datasets:
        store.log_inputs(run_id, [
            DatasetInput(
                Dataset(d["name"], d["digest"], "local", "s"),
                [InputTag("mlflow.data.context", d["context"])] if "context" in d else [],
            )
            for d in datasets
        ])
    end = None
    if chance.random() < 0.6:
        end = start + chance.choice([0, 5, 100])
        store.update_run_info(run_id, chance.choice([RunStatus.FINISHED, RunStatus.FAILED]), end, None)
    info = store.get_run(run_id).info
    runs.append({
        "attributes": {
            "run_id": run_id, "run_name": info.run_name, "user_id": info.user_id, "status": info.status,
            "start_time": info.start_time, "end_time": end, "artifact_uri": info.artifact_uri,
        },
        "metrics": {k: repr(v) for k, v in metrics.items()},
        "params": params,
        "tags": {t: v for t, v in store.get_run(run_id).data.tags.items()},
        "datasets": datasets,
    })
ids = [run["attributes"]["run_id"] for run in runs]

run_filters = [
    "", " ", "metrics.m0 > 0", "metrics.m0>0", "metrics.m0 >= 0.1", "metrics.m0 < -0.5", "metrics.m0 <= 0", "metrics.m0 = 0",
    "metrics.m0 != 0", "metrics.m0 = -1", "metrics.m0 != 1.0", "metric.m1 > 1e-10", "metric.m1 > 1E-10", "metrics.m1 < 1e10",
    "metrics.m1 = 3.5e10", "metrics.m1 = 1e300", "metrics.m1 >= 1e308", "metrics.m1 < -1e308", "metrics.m2 > .05", "metrics.m2 > 1.",
    "metrics.m2 = 0.30000000000000004", "metrics.m2 = 0.3", "metrics.m2 != -1", "metrics.m2 != 77", "metrics.m2 = 77",
    "metrics.`val loss` > 0", 'metrics."val loss" > 0', "metrics.'val loss' > 0", "metrics.val.acc.top1 > 0", "metrics.`val.acc.top1` <= 1",
    "`metrics`.m0 > 0", '"metrics".m0 > 0', "metrics.none > 0", "metrics.none != 0", "Metrics.m0 > 0", "metrcs.m0 > 0", "m.m0 > 0",
    "metrics.m0 > 1e+5", "metrics.m0 > +1", "metrics.m0 > - 1", "metrics.m0 > '1'", "metrics.m0 > a", "metrics.m0 > NaN", "metrics.m0 > inf",
    "metrics.m0 LIKE '1'", "metrics.m0 ILIKE '%'", "metrics.m0 IN (1)", "metrics.m0 IS NULL", "metrics.m0 IS NOT NULL", "metrics.m0 == 1", "metrics.m0 <> 1",
    "metrics.m0 > 0x10", "metrics.m0", "metrics.m0 >", "> 1", "1 < metrics.m0", "metrics.m0 > 1 > 2", "metrics.m0 BETWEEN 0 AND 1",
    "metrics.a-b > 1", "metrics.a/b > 1", "metrics. > 1", ".m0 > 1", "metrics.m0 > 1e", "metrics.m0 > 1.2.3", "metrics.m0 > 1e400", "metrics.m0 > metrics.m1",
    "metrics.m0 > 1AND metrics.m1 > 0", "metrics.m0>0 AND metrics.m1>0", "metrics.m0 > 0 and metrics.m1 > 0 And metrics.m2 > 0",
    "metrics.m0 > 0\nAND\n\tmetrics.m1 < 10", "metrics.m0 > 0 metrics.m1 > 0", "metrics.m0 > 0 AND", "AND metrics.m0 > 0",
    "metrics.m0 > 0 AND AND metrics.m1 > 0", "AND", "metrics.m0 > 0 AND metrics.m0 < 2", "metrics.m0 > 0, metrics.m1 > 0", "metrics.m0 > 0;",
    "metrics.m0 > 0; metrics.m1 > 0", "metrics.m0 > 0 && metrics.m1 > 0", "metrics.m0 > 0 OR metrics.m1 > 0", "metrics.m0 > 0 or metrics.m1 > 0",
    "NOT metrics.m0 > 0", "(metrics.m0 > 0)", "metrics.m0 > 0 AND (params.p0 = 'sgd')", "metrics.m0 > 0 NAND metrics.m1 > 0",
    "params.p0 = 'adam'", 'params.p0 = "adam"', "param.p0 = 'adam'", "parameter.p0 = 'adam'", "parameters.p0 = 'adam'", "params.p0='adam'",
    "params.p0 != 'adam'", "params.p0 LIKE 'adam'", "params.p0 LIKE 'Ad%'", "params.p0 like 'a_b'", "params.p0 ILIKE 'ADAM'", "params.p0 ilike 'a%'",
    "params.p0 LIKE 'a%b'", "params.p0 LIKE '%'", "params.p0 LIKE ''", "params.p0 LIKE '___'", "params.p0 LIKE 'A\\_b'", "params.p0 ILIKE 'école'",
    "params.p0 ILIKE 'É%'", "params.p0 LIKE '%\u2764'", "params.p0 LIKE '_x'", "params.p0 LIKE '%.%'", "params.p0 ILIKE '%A%'", "params.p0 LIKE '%%a%%'",
    "params.p1 = '10'", "params.p1 = 10", "params.p1 > '9'", "params.p1 >= '1'", "params.p1 = adam", "params.p1 = `adam`", "params.p1 = ''", "params.p1 != ''",
    "params.p1 = \"it's\"", "params.p1 = 'it''s'", "params.p1 = 'it\\'s'", "params.p1 = 'say \"x\"'", "params.p1 = \"say \"\"x\"\"\"", "params.p1 = 'a\\b'",
    "params.p1 LIKE 'a\\b'", "params.p1 = '🙂x'", "params.p1 = 'adam", "params.p1 = adam'", "params.p1 = \"adam'", "params.p1 'adam'",
    "params.p1 IS NULL", "params.p1 IS NOT NULL", "params.p1 is null", "params.p1 Is  Not  Null", "params.p1 IS", "params.p1 NULL", "params.p1 IS NOT", "params.p1 = NULL",
    "params.p1 IS 'x'", "params.none IS NULL", "params.none IS NOT NULL", "params.none != 'x'", "params.p1 IN ('adam')", "params.p1 NOT IN ('adam')",
    "params.p1 NOT LIKE 'a%'", "params.p1 RLIKE 'a'", "params.`a-b/c` = '1'", "params.a-b/c = '1'", "params.\"a-b/c\" = '1'", "params.'a-b/c' = '1'",
    "params.p0 = 'adam' AND params.p0 = 'sgd'", "params.p0 = 'AND'", "params.p0 != 'x AND y'", "params.p0 = ('adam')", "params.p0 = ('adam', 'sgd')",
    "tags.t0 = 'adam'", "tag.t0 = 'adam'", "tag.t0 != 'adam'", "tags.t0 LIKE '%a%'", "tags.t0 ILIKE '%A%'", "tags.t0 = ''", "tags.t0 != ''", "tags.t0 LIKE ''",
    "tags.t0 IS NULL", "tags.t0 IS NOT NULL", "tags.t1 IN ('a')", "tags.t1 > 'a'", "tags.t1 = 10", "tags.t1 = '10'", "tags.mlflow.source.name = 'train.py'",
    "tags.`mlflow.source.name` ILIKE '%.py'", "tags.\"mlflow.source.name\" LIKE '%.py'", "tags.`key with space` != 'x'", "tags.key with space != 'x'",
    "tags.\"key with space\" IS NOT NULL", "tag.`t0` = \"adam\"", "tags.`t0 = 'adam'", "tags.t0` = 'adam'", "tags.mlflow.runName = 'first'", "tags.t0 = tags.t1",
    "attributes.status = 'FINISHED'", "attribute.status = 'FINISHED'", "attr.status = 'FINISHED'", "run.status = 'FINISHED'", "status = 'FINISHED'",
    "runs.status = 'FINISHED'", "status != 'FINISHED'", "status LIKE 'F%'", "status ILIKE 'f%'", "status = 'finished'", "status IN ('FAILED')", "status = RUNNING",
    "attributes.status > 'A'", "attributes.state = 'x'", "statsu = 'x'", "attributes.lifecycle_stage = 'active'", "attributes.experiment_id = '1'", "status IS NULL",
    "end_time IS NULL", "attributes.end_time > 0", "end_time < 1100", "end_time != 1000", "end_time = 1005", "start_time >= 1050", "start_time = 1050",
    "start_time != 1050", "start_time > 1050.5", "start_time > 1.05e3", "start_time > '1050'", "start_time LIKE '1%'", "start_time IN (1050)", "attributes.start_time < 1030 AND attributes.end_time > 1000",
    "created > 1100", "Created > 1100", "attributes.created <= 1100", "attribute.`Created` <= 1100", "CREATED > 1100", "\"Start Time\" > 1100", "attributes.`Start Time` > 1100", "created LIKE '1'",
    "run_name = 'first'", "run_name != 'first'", "run_name LIKE '%st'", "run_name ILIKE 'FIRST'", "`run name` = 'first'", "\"Run Name\" = 'first'", "attributes.`Run name` ILIKE 'f%'",
    "run name = 'first'", "run_name IN ('first')", "run_name LIKE 'se%%'", "run_name LIKE 'third_x'", "run_name ILIKE 'DÉ'", "run_name = \"first\"", "run_name = first", "'run_name' = 'first'",
    "user_id = 'ada'", "user_id != 'ada'", "user_id LIKE 'B%'", "user_id = ''", "attributes.user_id ILIKE 'ben'", "artifact_uri LIKE '%/artifacts'", "artifact_uri LIKE 'mlflow-artifacts:%'",
    "artifact_uri != ''", "`status` = 'FINISHED'", "attributes.\"status\" = 'FINISHED'", "`attributes`.`status` = 'FINISHED'", "`attributes.status` = 'FINISHED'",
    f"run_id = '{ids[3]}'", f"run_id != '{ids[3]}'", f"attributes.run_id IN ('{ids[3]}', '{ids[5]}')", f"run_id in ('{ids[3]}',\"{ids[7]}\")", f"run_id IN ('{ids[3]}')",
    f"run_id IN ('{ids[3]}',)", f"run_id NOT IN ('{ids[3]}', '{ids[4]}')", f"run_id not in ('{ids[3]}')", "run_id IN ()", "run_id IN (1, 2)", "run_id IN ('a', 2)", "run_id IN 'a'",
    "run_id IN ('a' 'b')", "run_id IN ('a'", "run_id IN (('a'))", f"run_id IN (,'{ids[3]}')", "run_id LIKE '%a%'", f"run_id IN('{ids[3]}')", f"run_id IN ( '{ids[3]}' ,\n'{ids[9]}' )", "run_id NOT ('a')",
    f"run_id ILIKE '{ids[3].upper()}'", f"run_id = ('{ids[3]}')",
    "dataset.name = 'flights'", "datasets.name = 'flights'", "dataset.name != 'flights'", "dataset.name LIKE 'F%'", "dataset.name ILIKE 'f%'", "dataset.name IN ('flights', 'rain')",
    "dataset.name NOT IN ('flights')", "dataset.digest = 'd1'", "dataset.digest != 'd1'", "dataset.digest IN ('d1')", "dataset.context = 'training'", "dataset.context != 'training'",
    "dataset.context ILIKE 'eval'", "dataset.context IN ('training', 'Eval')", "dataset.context NOT IN ('training')", "dataset.name = 'flights' AND dataset.digest = 'd2'", "dataset.`name` = 'flights'",
    "dataset.foo = 'x'", "dataset = 'x'", "dataset.name > 'a'", "dataset.name = 1", "dataset.name IS NULL", "dataset.context IS NOT NULL", "dataset.source = 's'",
    "dataset.name = 'flights' AND dataset.name = 'rain'",
    "params.p0 = 'adam' -- x", "params.p0 /* x */ = 'adam'", "params.p0 = 'adam' # x", "params.p0 = 'adam'; DROP TABLE runs", "params.p0 = '' OR 1=1", "1=1", "TRUE", "SELECT 1", "params.p0 = 'a' UNION SELECT 1",
    "`", "'", "\"", "(", ")", "()", "NOT", "IN", "params", "params.", "params.p0", "params.p0 = 'adam' params.p1 = 'sgd'", "params.p0 = 'adam' 'sgd'", "params.p0 = 'adam' AND status", "params..p0 = 'x'",
    "trace.x = 'y'", "metrics.m0 ! = 1", "metrics.m0 => 1", "metrics.m0 =! 1", "metrics.m0 > 1 AND NOT", "\u00a0metrics.m0 > 0", "metrics.m0\u00a0> 0", "\ufeffstatus = 'FINISHED'", "status\u200b = 'FINISHED'",
]
clauses = [
    "metrics.m0 > 0", "metrics.m1 <= 1", "metrics.m2 != 0.1", "params.p0 LIKE '%a%'", "params.p1 != 'sgd'", "params.p2 ILIKE '%A%'", "tags.t0 != ''", "tags.t1 IS NOT NULL", "tags.t2 IS NULL",
    "status = 'FINISHED'", "start_time > 1040", "end_time <= 1200", "run_name ILIKE 'f%'", "user_id != 'Ben'", "dataset.name ILIKE 'flights'", "dataset.context = 'Eval'", f"run_id != '{ids[0]}'",
    f"run_id NOT IN ('{ids[1]}', '{ids[2]}')",
]
for _ in range(60):
    run_filters.append(chance.choice([" AND ", " and ", "  AND\n"]).join(chance.sample(clauses, chance.choice([2, 2, 3, 4]))))

# Experiments

experiments = []
for index in range(16):
    tags = {f"t{i}": chance.choice(words) for i in range(2) if chance.random() < 0.6}
    name = chance.choice(["flights", "Flights", "rain_x", "a%b", "école"]) + chance.choice(["", "-old", "/new"]) + f"-{index}"
    experiment_id = store.create_experiment(name, None, [ExperimentTag(k, v) for k, v in tags.items()])
    made = store.get_experiment(experiment_id)
    experiments.append({
        "attributes": {
            "name": name, "experiment_id": experiment_id, "creation_time": made.creation_time, "last_update_time": made.last_update_time,
        },
        "tags": made.tags,
    })
first = experiments[0]["attributes"]
experiment_filters = [
    "", "name = 'none'", f"name = '{first['name']}'", f"name != '{first['name']}'", "name LIKE 'flights%'", "name ILIKE 'FLIGHTS%'", "name like 'flights%'", "name ilike 'f%'", "attribute.name LIKE '%-old%'",
    "attributes.name LIKE '%'", "attr.name LIKE '%'", "experiment.name = 'x'", "name > 'a'", f"name IN ('{first['name']}')", "name IS NULL", "name = 5",
    f"experiment_id = '{first['experiment_id']}'", f"experiment_id != '{first['experiment_id']}'", "experiment_id IN ('2', '3')", "experiment_id NOT IN ('2', '3')", "experiment_id in ('2', '3')",
    "experiment_id = 3", "experiment_id = 'x'", "experiment_id = '03'", "experiment_id LIKE '1%'", "experiment_id > '3'", "experiment_id IN ('x')", "experiment_id IN ()",
    f"creation_time > {first['creation_time'] + 4000}", f"creation_time = {first['creation_time']}", f"creation_time != {first['creation_time']}", "creation_time > 1.5", "creation_time > '5'", "creation_time > 1e3",
    f"attribute.last_update_time <= {first['creation_time'] + 6000}", "creation_time LIKE '1%'", "last_updated_time > 1", "created > 1",
    "tags.t0 = 'adam'", "tag.t0 != 'adam'", "tags.t0 LIKE '%a%'", "tags.t0 ILIKE '%A%'", "tags.t0 IS NULL", "tags.t0 IS NOT NULL", "tags.t0 is null", "tags.`t1` != ''", "tags.t0 IN ('a')", "tags.t0 > 'a'", "tags.t0 = 1",
    "tags.t0 != 'x' AND tags.t1 != 'x'", "tags.t0 != 'x' AND name ILIKE 'f%'", "params.a = 'x'", "metrics.a > 1", "tags.t0 like '%a%'", "`name` LIKE 'f%'", '"name" LIKE \'f%\'', "tags.none != 'x'",
]

# Registered models and versions

models, versions = [], []
for index in range(14):
    name = chance.choice(["late", "Late", "a_b", "a%b"]) + f"-{index}"
    tags = {f"t{i}": chance.choice(words) for i in range(2) if chance.random() < 0.6}
    if index in (3, 8):
        tags["mlflow.prompt.is_prompt"] = "true"
    if index == 5:
        tags["mlflow.prompt.is_prompt"] = "false"
    if "mlflow.prompt.is_prompt" in tags and tags["mlflow.prompt.is_prompt"] == "true":
        # Its kind cannot be told from its name: a search leaves prompts out unless they are asked for.
        name = f"prompt-{index}"
    registry.create_registered_model(name, [RegisteredModelTag(k, v) for k, v in tags.items()])
    models.append({"attributes": {"name": name}, "tags": tags})
    if name.startswith("prompt"):
        continue
    for number in range(chance.choice([0, 1, 3])):
        version_tags = {f"t{i}": chance.choice(words) for i in range(2) if chance.random() < 0.6}
        run_id = chance.choice([None, ids[0], ids[1]])
        source = chance.choice(["mlflow-artifacts:/1/a", "s3://bucket/m-1", "mlflow-artifacts:/1/B"])
        registry.create_model_version(name, source, run_id, [ModelVersionTag(k, v) for k, v in version_tags.items()])
        versions.append({
            "attributes": {"name": name, "version_number": number + 1, "run_id": run_id, "source_path": source}, "tags": version_tags,
        })
some = models[0]["attributes"]["name"]
model_filters = [
    "", f"name = '{some}'", f"name != '{some}'", "name LIKE 'l%'", "name ILIKE 'L%'", "name like 'a_b%'", "name IN ('late-1', 'late-2')", f"name IN ('{some}')", f"name NOT IN ('{some}')", f"name not in ('{some}')",
    "attribute.name LIKE 'a%'", "attributes.name LIKE 'a%'", "name > 'a'", "name = 5", "name = late", "name IS NULL", "creation_timestamp > 5", "timestamp > 5", "tags.t0 = 'adam'", "tag.t0 != 'adam'", "tags.t0 LIKE '%a%'",
    "tags.t0 ILIKE '%A%'", "tags.`t1` = ''", "tags.t0 IS NULL", "tags.t0 IN ('a')", "tags.t0 != 'x' AND tags.t1 != 'x'", "tags.t0 != 'x' AND tags.t0 LIKE '%a%'", "name ILIKE 'l%' AND tags.t1 != ''",
    "tag.`mlflow.prompt.is_prompt` != 'true'", "tag.`mlflow.prompt.is_prompt` = 'true'", "tag.`mlflow.prompt.is_prompt` = 'false'", "tag.`mlflow.prompt.is_prompt` != 'false'",
    "tag.`mlflow.prompt.is_prompt` != 'true' AND name ILIKE 'l%'", "tag.`mlflow.prompt.is_prompt` = 'true' AND name LIKE '%8'", "metrics.a > 1", "params.a = 'x'", "name = \"late-0\"",
]
version_filters = [
    "", f"name = '{some}'", "name != 'late-1'", "name ILIKE 'l%'", "name LIKE 'a%'", f"name IN ('{some}', 'late-1')", f"name NOT IN ('{some}')", f"run_id = '{ids[0]}'", f"run_id != '{ids[0]}'", f"run_id IN ('{ids[0]}')",
    f"run_id NOT IN ('{ids[0]}')", f"run_id IN ('{ids[0]}', '{ids[1]}')", "run_id IN ()", "run_id = 5", "source_path = 's3://bucket/m-1'", "source_path LIKE 'mlflow-artifacts:%'", "source_path ILIKE '%/b'", "source_path IN ('s3://bucket/m-1')",
    "source = 'x'", "version_number = 1", "version_number != 1", "version_number > 1", "version_number >= 2 AND name ILIKE 'l%'", "version_number <= 2", "version_number = '1'", "version_number = 'x'", "version_number = 1.5",
    "version_number > 1e0", "version_number LIKE '1'", "version_number IN (1)", "version = 1", "attribute.version_number < 3", "attributes.name = 'x'", "tags.t0 = 'adam'", "tags.t0 != 'adam'", "tag.t0 LIKE '%a%'", "tags.t1 ILIKE '%A%'",
    "tags.t0 IS NULL", "tags.t0 != 'x' AND tags.t1 != 'x' AND version_number > 0", "tag.`mlflow.prompt.is_prompt` != 'true'", "tag.`mlflow.prompt.is_prompt` = 'false'", "creation_timestamp > 1", "metrics.a > 1", "run_id IS NULL",
]

# Logged models

logged = []
# Runs of another experiment: what is logged of a model is logged of its run too.
elsewhere = store.create_experiment("elsewhere")
sources = [store.create_run(elsewhere, "ada", 1, [], f"source-{i}").info.run_id for i in range(2)]
for index in range(16):
    params = {f"p{i}": chance.choice([w for w in words if w]) for i in range(2) if chance.random() < 0.6}
    tags = {f"t{i}": chance.choice(words) for i in range(2) if chance.random() < 0.6}
    source = chance.choice(sources)
    model = store.create_logged_model(
        loop, f"m{index % 5}", source, [LoggedModelTag(k, v) for k, v in tags.items()], [LoggedModelParameter(k, v) for k, v in params.items()],
        chance.choice([None, "sklearn", "Agent"]),
    )
    if chance.random() < 0.5:
        store.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    metrics = {}
    for step in range(chance.choice([0, 1, 3])):
        for key in ("m0", "m1"):
            value = chance.choice([0.0, 1.0, -1.0, 0.1, 5.0])
            metrics.setdefault(key, []).append(value)
            store.log_batch(source, [Metric(key, value, 5 + step, step, model_id=model.model_id, run_id=source)], [], [])
    made = store.get_logged_model(model.model_id)
    logged.append({
        "attributes": {
            "name": made.name, "model_id": made.model_id, "model_type": made.model_type, "status": made.status.name, "source_run_id": source,
            "creation_timestamp": made.creation_timestamp, "last_updated_timestamp": made.last_updated_timestamp,
        },
        "metrics": {k: [repr(v) for v in values] for k, values in metrics.items()}, "params": params, "tags": tags,
    })
one = logged[4]["attributes"]
logged_filters = [
    "", "name = 'm1'", "name != 'm1'", "name LIKE 'm%'", "name ILIKE 'M1'", "name IN ('m1', 'm2')", "name NOT IN ('m1')", "attributes.name = 'm1'", "attribute.name = 'm1'", f"model_id = '{one['model_id']}'", "model_type = 'sklearn'",
    "model_type != 'sklearn'", "model_type ILIKE 'AGENT'", "model_type like 'Ag%'", f"source_run_id = '{sources[0]}'", f"source_run_id IN ('{sources[0]}', '{sources[1]}')", f"source_run_id in ('{sources[0]}')", "status = 'READY'",
    f"creation_time > {one['creation_timestamp']}", f"creation_timestamp <= {one['creation_timestamp']}", f"attributes.creation_timestamp <= {one['creation_timestamp']}", f"last_updated_timestamp >= {one['creation_timestamp']}", "creation_timestamp LIKE '1'",
    "creation_timestamp > 'x'", "metrics.m0 > 0", "metrics.m0 >= 1", "metrics.m0 != 1", "metrics.m0 = -1", "metrics.m0 < 0.5 AND metrics.m1 > 0", "metrics.m0 LIKE '1'", "metrics.m0 IN (1)", "metric.m0 > 0", "params.p0 = 'adam'", "params.p0 != 'adam'",
    "params.p0 LIKE '%a%'", "params.p0 ILIKE '%A%'", "params.p0 IN ('adam', 'sgd')", "params.p0 NOT IN ('adam')", "param.p0 = 'x'", "tags.t0 = 'adam'", "tags.t0 != 'adam'", "tags.t0 LIKE 'a_b'", "tags.t0 IN ('adam', 'sgd')", "tags.`t1` != ''",
    "tags.t0 > 'a'", "name > 'a'", "foo = 'x'", "tags.t0 != 'x' AND params.p0 != 'x'", "tags.t0 != 'x' OR params.p0 != 'x'", "params.p0 = \"adam\"", "name = \"m1\"", "tag.t0 = 'x'", "params.p0 IS NULL", "dataset.name = 'x'", "metrics.`m0` > 0", "model_id LIKE 'm-%'",
]


def answers(filters, search, name_of, rows):
    at = {name_of(row): index for index, row in enumerate(rows)}
    out = []
    for text in filters:
        try:
            out.append({"filter": text, "found": sorted(at[name] for name in search(text) if name in at)})
        except MlflowException as error:
            out.append({"filter": text, "refused": True, **({} if error.error_code == "INVALID_PARAMETER_VALUE" else {"code": error.error_code})})
        except Exception:
            out.append({"filter": text, "refused": True, "crashed": True})
    return out


def orders(items, parse, search):
    out = []
    for item in items:
        try:
            search([item])
            out.append({"order": item, "parsed": list(parse(item))})
        except MlflowException:
            out.append({"order": item, "refused": True})
        except Exception:
            out.append({"order": item, "refused": True, "crashed": True})
    return out


run_orders = [
    "metrics.m0", "metrics.m0 ASC", "metrics.m0 DESC", "metrics.m0 desc", "metric.m0 asc", "metrics.`val loss` DESC", 'metrics."val loss" DESC', "metrics.val.acc.top1", "params.p0", "parameter.p0 DESC", "tags.t0", "tag.`key with space`",
    "tags.mlflow.source.name DESC", "attributes.start_time DESC", "attribute.end_time", "start_time DESC", "end_time", "created", "Created DESC", "run_id", "run_name DESC", "attr.status", "run.user_id", "artifact_uri", "`run name`", "Run Name",
    "start_time UP", "start_time DESC ASC", "start_time, end_time", "", "metrics", "metrics.", "foo", "foo.bar", "dataset.name", "metrics.m0 = 1", "DESC", "start_time;", "attributes.lifecycle_stage", "experiment_id", "metrics.a-b", "  start_time   DESC  ",
    "start_time\tDESC", "`start_time` DESC", "metrics.m0 DESC NULLS LAST", "'start_time'", "1", "metrics.m0 DESC; DROP TABLE runs", "`metrics`.m0", "Metrics.m0",
]
experiment_orders = ["name", "name DESC", "experiment_id", "creation_time ASC", "last_update_time desc", "attribute.name", "attributes.name", "tags.t0", "tag.t0 DESC", "foo", "params.a", "last_updated_time"]
model_orders = ["name", "name DESC", "timestamp", "timestamp DESC", "last_updated_timestamp ASC", "creation_timestamp", "attribute.name", "tags.t0", "foo", "timestamp FOO"]
version_orders = ["name", "version_number DESC", "creation_timestamp", "last_updated_timestamp DESC", "attribute.name", "run_id", "source_path", "tags.t0", "version", "foo"]

golden = {
    "mlflow": mlflow.__version__,
    "runs": {
        "rows": runs,
        "filters": answers(run_filters, lambda text: [r.info.run_id for r in store.search_runs([loop], text, 1, max_results=1000)], lambda row: row["attributes"]["run_id"], runs),
        "orders": orders(run_orders, SearchUtils.parse_order_by_for_search_runs, lambda by: store.search_runs([loop], "", 1, order_by=by)),
    },
    "experiments": {
        "rows": experiments,
        "filters": answers(experiment_filters, lambda text: [e.experiment_id for e in store.search_experiments(filter_string=text, max_results=1000)], lambda row: row["attributes"]["experiment_id"], experiments),
        "orders": orders(experiment_orders, SearchExperimentsUtils.parse_order_by_for_search_experiments, lambda by: store.search_experiments(order_by=by)),
    },
    "registeredModels": {
        "rows": models,
        "filters": answers(model_filters, lambda text: [m.name for m in registry.search_registered_models(text, max_results=1000)], lambda row: row["attributes"]["name"], models),
        "orders": orders(model_orders, lambda item: ("attribute", *SearchUtils.parse_order_by_for_search_registered_models(item)), lambda by: registry.search_registered_models(order_by=by)),
    },
    "modelVersions": {
        "rows": versions,
        "filters": answers(
            version_filters, lambda text: [(v.name, int(v.version)) for v in registry.search_model_versions(text, max_results=1000)],
            lambda row: (row["attributes"]["name"], row["attributes"]["version_number"]), versions,
        ),
        "orders": orders(version_orders, SearchModelVersionUtils.parse_order_by_for_search_model_versions, lambda by: registry.search_model_versions("", order_by=by)),
    },
    "loggedModels": {
        "rows": logged,
        "filters": answers(logged_filters, lambda text: [m.model_id for m in store.search_logged_models([loop], text, max_results=100)], lambda row: row["attributes"]["model_id"], logged),
        "orders": [],
    },
}
print(json.dumps(golden, ensure_ascii=False, separators=(",", ":")).replace("},{", "},\n{"))
folder.cleanup()
