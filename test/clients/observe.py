"""
Sessions of the mlflow client against the server of MLFLOW_TRACKING_URI. Prints, as JSON, what somebody at the client sees of each: answers and
errors, with ids and times named by the order in which they came. Names of scenarios as arguments; all of them without any.
"""

import json
import math
import os
import re
import sys
import tempfile
import time

from quiet_client import client, tell

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException

scenarios = {}


def scenario(function):
    scenarios[function.__name__] = function
    return function


class Seen:
    """Ids, by the order in which they came."""

    def __init__(self):
        self.known = {}

    def name(self, kind, value):
        if value is None:
            return None
        return self.known.setdefault(value, f'{kind} {sum(name.startswith(kind) for name in self.known.values()) + 1}')

    def text(self, text):
        for value in sorted(self.known, key=len, reverse=True):
            if len(value) > 6:
                text = text.replace(value, self.known[value])
        return text


def refused(work):
    """What an error says by its code; its sentence is each server's own."""
    try:
        return {'went': repr(work())}
    except MlflowException as error:
        return {'error': error.error_code, 'status': error.get_http_status_code()}
    except Exception as error:  # of the client alone
        return {'client': type(error).__name__}


def number(value):
    return 'NaN' if isinstance(value, float) and math.isnan(value) else value


def seen_run(seen, run):
    info = run.info
    return {
        'id': seen.name('run', info.run_id),
        'name': info.run_name,
        'experiment': seen.name('experiment', info.experiment_id),
        'user': info.user_id,
        'status': info.status,
        'stage': info.lifecycle_stage,
        'started': info.start_time is not None,
        'ended': info.end_time is not None,
        'artifacts': re.sub(r'^mlflow-artifacts:/\w+/\w+/', 'ROOT/', info.artifact_uri),
        'metrics': {key: number(value) for key, value in sorted(run.data.metrics.items())},
        'params': dict(sorted(run.data.params.items())),
        'tags': {key: value for key, value in sorted(run.data.tags.items()) if not key.startswith('mlflow.source')},
        'inputs': [
            {'name': each.dataset.name, 'digest': each.dataset.digest, 'type': each.dataset.source_type, 'tags': [(tag.key, tag.value) for tag in each.tags]}
            for each in run.inputs.dataset_inputs
        ],
    }


def seen_experiment(seen, experiment):
    return {
        'id': seen.name('experiment', experiment.experiment_id),
        'name': experiment.name,
        'stage': experiment.lifecycle_stage,
        'location': re.sub(r'\d+$', 'ID', experiment.artifact_location),
        'tags': experiment.tags,
        'made': experiment.creation_time is not None,
        'changed': experiment.last_update_time >= experiment.creation_time,
    }


def seen_points(points):
    return [(each.key, number(each.value), each.step, each.timestamp) for each in points]


@scenario
def fluent():
    """A script as people write it."""
    seen = Seen()
    mlflow.set_experiment('fluent')
    with mlflow.start_run(run_name='outer', description='what it is') as outer:
        mlflow.log_param('depth', 3)
        mlflow.log_params({'rate': 0.1, 'kind': 'tree', 'none': None, 'long': 'x' * 7000})
        mlflow.log_metric('loss', 0.5)
        for step in range(3):
            mlflow.log_metric('loss', 1 / (step + 1), step=step)
        mlflow.log_metrics({'auc': 0.9, 'nan': float('nan'), 'inf': float('inf'), '-inf': float('-inf')}, step=7)
        mlflow.set_tags({'team': 'a', 'longer': 'y' * 9000, 'number': 3})
        mlflow.set_tag('team', 'b')
        with mlflow.start_run(nested=True, run_name='inner') as inner:
            mlflow.log_metric('loss', 2)
    try:
        with mlflow.start_run(run_name='broken') as broken:
            raise ValueError('no')
    except ValueError:
        pass
    runs = [client.get_run(each.info.run_id) for each in (outer, inner, broken)]
    result = [seen_run(seen, run) for run in runs]
    for each in result:
        each['tags'] = {key: seen.text(value) for key, value in each['tags'].items()}
    return result


@scenario
def experiments():
    seen = Seen()
    result = []
    one = client.create_experiment('one', tags={'a': '1', 'b': ''})
    result.append(seen_experiment(seen, client.get_experiment(one)))
    result.append(refused(lambda: client.create_experiment('one')))
    result.append(refused(lambda: client.create_experiment('x' * 501)))
    result.append(refused(lambda: client.get_experiment('987654')))
    result.append(client.get_experiment_by_name('nobody') is None)
    client.set_experiment_tag(one, 'a', '2')
    client.delete_experiment_tag(one, 'b')
    result.append(refused(lambda: client.delete_experiment_tag(one, 'b')))
    client.rename_experiment(one, 'uno')
    result.append(seen_experiment(seen, client.get_experiment_by_name('uno')))
    run = client.create_run(one, run_name='r')
    gone = client.create_run(one, run_name='gone')
    client.delete_run(gone.info.run_id)
    client.delete_experiment(one)
    result.append(seen_experiment(seen, client.get_experiment(one)))
    result.append(seen_experiment(seen, client.get_experiment_by_name('uno')))
    result.append(client.get_run(run.info.run_id).info.lifecycle_stage)
    result.append(refused(lambda: client.delete_experiment(one)))
    result.append(refused(lambda: client.create_run(one)))
    result.append(refused(lambda: client.set_experiment_tag(one, 'a', '3')))
    client.restore_experiment(one)
    result.append(refused(lambda: client.restore_experiment(one)))
    result.append([client.get_run(each.info.run_id).info.lifecycle_stage for each in (run, gone)])
    result.append(refused(lambda: client.set_experiment_tag(one, '../a', '3')))
    result.append(refused(lambda: mlflow.set_experiment(experiment_id='987654')))
    result.append(seen_experiment(seen, client.get_experiment('0')))
    return result


@scenario
def runs():
    seen = Seen()
    result = []
    experiment = client.create_experiment('runs')
    run = client.create_run(experiment, start_time=1234, tags={'mlflow.runName': 'tagged', 'x': 'y'}, run_name=None)
    result.append(seen_run(seen, run))
    result.append(client.get_run(run.info.run_id).info.start_time)
    result.append(refused(lambda: client.create_run(experiment, tags={'mlflow.runName': 'a'}, run_name='b')))
    result.append(refused(lambda: client.create_run('987654')))
    unnamed = client.create_run(experiment)
    result.append(bool(re.fullmatch(r'[a-z]+-[a-z]+-\d+', unnamed.info.run_name)))
    result.append(unnamed.data.tags.get('mlflow.runName') == unnamed.info.run_name)
    id = run.info.run_id
    client.update_run(id, name='renamed', status='SCHEDULED')
    result.append(seen_run(seen, client.get_run(id)))
    client.set_terminated(id, 'KILLED', end_time=99)
    result.append([client.get_run(id).info.status, client.get_run(id).info.end_time])
    client.set_terminated(id)
    result.append(client.get_run(id).info.status)
    result.append(refused(lambda: client.update_run(id, status='NOTHING')))
    client.delete_tag(id, 'x')
    result.append(refused(lambda: client.delete_tag(id, 'x')))
    client.delete_run(id)
    client.delete_run(id)
    result.append(seen_run(seen, client.get_run(id)))
    for work in (
        lambda: client.log_metric(id, 'm', 1),
        lambda: client.log_param(id, 'p', 1),
        lambda: client.set_tag(id, 't', 1),
        lambda: client.log_batch(id, metrics=[Metric('m', 1, 1, 1)]),
        lambda: client.update_run(id, name='other'),
    ):
        result.append(refused(work))
    client.restore_run(id)
    client.restore_run(id)
    result.append(seen_run(seen, client.get_run(id)))
    for work in (client.delete_run, client.restore_run, client.get_run, lambda id: client.log_metric(id, 'm', 1)):
        result.append(refused(lambda: work('f' * 32)))
    return result


@scenario
def values():
    """Names and values at and beyond their limits."""
    result = []
    run = client.create_run('0').info.run_id
    for key in ('a/b', 'a b', 'a.b-c:d_e', 'ünïcode', 'x' * 250, 'x' * 251, '', '.', '..', '../a', '/a', 'a//b', 'a/', 'a/./b', 'a\\b', 'a;b', "a'b", 'a"b', 'a\nb', 'a?b', 'a#b'):
        for what in (
            lambda: client.log_metric(run, key, 1),
            lambda: client.log_param(run, key, 1),
            lambda: client.set_tag(run, key, 1),
            lambda: client.log_batch(run, params=[Param(key, '1')], tags=[RunTag(key, '1')], metrics=[Metric(key, 1, 1, 1)]),
        ):
            result.append([key[:9], len(key), refused(what)])
    client.log_param(run, 'same', 1)
    client.log_param(run, 'same', 1)
    client.log_param(run, 'empty', '')
    result.append(refused(lambda: client.log_param(run, 'same', 2)))
    result.append(refused(lambda: client.log_batch(run, params=[Param('twice', '1'), Param('twice', '1')])))
    result.append(refused(lambda: client.log_batch(run, params=[Param('same', '3'), Param('never', '1')], tags=[RunTag('never', '1')])))
    result.append(refused(lambda: client.log_batch(run, tags=[RunTag('t', '1'), RunTag('t', '2')])))
    result.append(refused(lambda: client.log_batch(run)))
    for value in ('x', None, True, [1]):
        result.append([repr(value), refused(lambda: client._tracking_client.store.log_metric(run, Metric('bad', value, 1, 1)))])
    result.append(refused(lambda: client.log_metric(run, 'negative', 1, timestamp=-1)))
    client.log_metric(run, 'negative', -1.5, timestamp=5, step=-3)
    facts = client.get_run(run).data
    result.append([sorted((key, value) for key, value in facts.params.items()), sorted(key for key in facts.metrics), facts.tags.get('t')])
    return result


@scenario
def batches():
    result = []
    run = client.create_run('0').info.run_id
    points = [Metric(f'm{place % 7}', place, 1000 + place, place) for place in range(1000)]
    client.log_batch(run, metrics=points)
    client.log_batch(run, metrics=points)
    result.append([len(client.get_metric_history(run, f'm{each}')) for each in range(8)])
    client.log_batch(run, params=[Param(f'p{each}', str(each)) for each in range(100)], tags=[RunTag(f't{each}', str(each)) for each in range(100)])
    result.append([len(client.get_run(run).data.params), len(client.get_run(run).data.tags)])
    store = client._tracking_client.store
    for metrics, params, tags in ((1001, 0, 0), (0, 101, 0), (0, 0, 101), (900, 51, 50)):
        result.append(
            refused(
                lambda: store.log_batch(
                    run,
                    [Metric('n', each, 1, each) for each in range(metrics)],
                    [Param(f'q{each}', '1') for each in range(params)],
                    [RunTag(f'u{each}', '1') for each in range(tags)],
                )
            )
        )
    result.append(refused(lambda: store.log_batch(run, [], [], [RunTag(f'big{each}', 'é' * 8000) for each in range(100)])))
    result.append('n' in client.get_run(run).data.metrics)
    return result


@scenario
def histories():
    result = []
    run = client.create_run('0').info.run_id
    points = [(1, 10, 1), (2, 10, 1), (2, 9, 2), (0.5, 11, 2), (float('nan'), 11, 2), (-1, 5, 9), (float('inf'), 5, 9), (3, 10, 1), (3, 10, 1)]
    for value, at, step in points:
        client.log_metric(run, 'm', value, timestamp=at, step=step)
    result.append(seen_points(client.get_metric_history(run, 'm')))
    result.append(number(client.get_run(run).data.metrics['m']))
    result.append(seen_points(client.get_metric_history(run, 'other')))
    result.append(refused(lambda: client.get_metric_history('f' * 32, 'm')))
    store = client._tracking_client.store
    token, pages = None, []
    while True:
        page = store.get_metric_history(run, 'm', max_results=3, page_token=token)
        pages.append(seen_points(page))
        token = page.token
        if not token:
            break
    result.append(pages)
    for value, at, step in ((1, 1, 5), (2, 1, 4), (3, 9, 5), (0, 9, 5)):
        client.log_metric(run, 'late', value, timestamp=at, step=step)
    result.append(client.get_run(run).data.metrics['late'])
    return result


@scenario
def bulk():
    """What charts and old clients ask for, which the client of today has no words for."""
    import requests

    uri = os.environ['MLFLOW_TRACKING_URI']

    def asked(method, path, **how):
        answer = requests.request(method, f'{uri}/ajax-api/2.0/mlflow{path}', timeout=60, **how)
        body = answer.json()
        return body if answer.ok else {'status': answer.status_code, 'error': body.get('error_code')}

    runs = sorted(client.create_run('0').info.run_id for _ in range(3))
    seen = Seen()
    for run in runs:
        seen.name('run', run)
    for run, many in zip(runs, (25, 3, 0)):
        client.log_batch(run, metrics=[Metric('m', (at * 7) % 11, at, at // 2) for at in range(many)])
    client.log_metric(runs[1], 'm', float('inf'), 3, 9)

    def points(body):
        if 'error' in body:
            return body
        return [[seen.name('run', p['run_id']), p['key'], p['value'], p['timestamp'], p['step']] for p in body.get('metrics', [])]

    def interval(run_ids, **more):
        return points(asked('GET', '/metrics/get-history-bulk-interval', params={'run_ids': run_ids, 'metric_key': 'm', **more}))

    def history(run_ids, **more):
        return points(asked('GET', '/metrics/get-history-bulk', params={'run_id': run_ids, **more}))

    result = [
        history(runs, metric_key='m'),
        history(runs[:1], metric_key='m', max_results=4),
        history(list(reversed(runs)), metric_key='m', max_results=26),
        history(runs, metric_key='other'),
        history(['f' * 32], metric_key='m'),
        history([], metric_key='m'),
        history(runs),
        history(['f' * 32] * 101, metric_key='m'),
        interval(runs),
        *(interval(runs, max_results=most) for most in (1, 2, 3, 7, 24, 25, 26)),
        interval(list(reversed(runs)), start_step=2, end_step=9, max_results=5),
        interval(runs, start_step=2),
        interval(runs, start_step=9, end_step=2),
        interval(runs, max_results=0),
        interval(runs, max_results=2501),
        interval(['f' * 32]),
        interval([]),
    ]
    experiment = client.create_experiment('datasets of the bulk')
    for name, context in (('a', 'train'), ('a', 'eval'), ('a', 'train'), ('b', None)):
        run = client.create_run(experiment).info.run_id
        tags = [] if context is None else [{'key': 'mlflow.data.context', 'value': context}]
        dataset = {'name': name, 'digest': 'd', 'source_type': 'local', 'source': 's'}
        asked('POST', '/runs/log-inputs', json={'run_id': run, 'datasets': [{'dataset': dataset, 'tags': tags}]})
    datasets = lambda ids: asked('POST', '/experiments/search-datasets', json={'experiment_ids': ids})
    found = datasets([experiment])['dataset_summaries']
    result.append(sorted(json.dumps([each['name'], each['digest'], each.get('context')]) for each in found))
    result += [datasets([]), datasets([experiment] * 21), datasets(['987654'])]
    model = {'run_id': runs[0], 'artifact_path': 'm', 'utc_time_created': '2024-01-01', 'model_uuid': 'u', 'flavors': {'f': {'config': 1, 'v': 2}}, 'more': 1}
    log = lambda text: asked('POST', '/runs/log-model', json={'run_id': runs[0], 'model_json': text})
    result += [log(json.dumps(model)), log(json.dumps(model)), log('{'), log('{}')]
    recorded = json.loads(client.get_run(runs[0]).data.tags['mlflow.log-model.history'])
    result.append([{**each, 'run_id': seen.name('run', each['run_id'])} for each in recorded])
    return result


@scenario
def search():
    """Filters, orders and pages over runs that differ in everything."""
    experiment = client.create_experiment('search')
    other = client.create_experiment('search elsewhere')
    names = {}
    for place in range(12):
        run = client.create_run(experiment if place % 4 else other, start_time=1000 + place // 3, run_name=f'run {place}', tags={'team': 'ab'[place % 2], **({'mark': 'x'} if place % 3 == 0 else {})})
        id = run.info.run_id
        names[id] = place
        values = [1, 2.5, float('nan'), float('inf'), -3, 0]
        if place != 7:
            client.log_metric(id, 'loss', values[place % 6])
        client.log_metric(id, 'val loss', place)
        client.log_param(id, 'depth', place % 5)
        if place % 2:
            client.log_param(id, 'kind', ['Tree', 'linear', 'TREE x'][place % 3])
        if place > 3:
            client.set_terminated(id, ['FINISHED', 'FAILED'][place % 2], end_time=2000 + place)
        if place in (2, 5):
            client.delete_run(id)
    ids = [experiment, other]
    result = []

    def found(experiments=ids, **asked):
        try:
            # Ids break ties, and are each server's own.
            page = client.search_runs(experiments, **asked)
            return [names[run.info.run_id] for run in page]
        except MlflowException as error:
            return {'error': error.error_code}

    for filter in (
        '', 'metrics.loss > 0', 'metrics.loss != 1', 'metrics.loss >= -3 and metrics.`val loss` < 9', "params.depth = '3'", "params.depth != '3'",
        "params.kind LIKE 'Tree%'", "params.kind ILIKE 'tree%'", "tags.team = 'a' AND tags.mark = 'x'", "tags.mark != 'x'", "status = 'FAILED'",
        "attributes.status != 'FINISHED'", 'start_time > 1001', 'end_time <= 2006', "run_name LIKE 'run 1%'", "attributes.run_name = 'run 3'",
        "tags.`mlflow.runName` ILIKE 'RUN 1%'", "dataset.name = 'none'", "metrics.nothing > 0", 'metrics.loss > 1e300', "user_id = ''", "params.depth = 'no'",
        "metrics.loss", "metrics.loss = 'x'", "params.depth > 3", "nothing.x = '1'", "params.depth = 3", "status", "metrics.loss > 0 AND", '1 = 1', "attribute.nothing = 'x'",
    ):
        result.append([filter, sorted(found(filter_string=filter)) if isinstance(found(filter_string=filter), list) else found(filter_string=filter)])
    for order in (
        ['metrics.loss ASC', 'metrics.`val loss` DESC'], ['metrics.loss DESC', 'metrics.`val loss` ASC'], ['params.kind ASC', 'metrics.`val loss`'],
        ['params.kind DESC', 'metrics.`val loss`'], ['tags.mark', 'metrics.`val loss` DESC'], ['start_time ASC', 'metrics.`val loss` DESC'],
        ['attributes.end_time DESC', 'metrics.`val loss`'], ['run_name DESC'], ['nothing'], ['metrics.loss UP'],
    ):
        result.append([order, found(order_by=order)])
    for view in (ViewType.ACTIVE_ONLY, ViewType.DELETED_ONLY, ViewType.ALL):
        result.append([view, sorted(found(run_view_type=view))])
    result.append([found(experiments=[]), found(experiments=['987654'])])
    token, pages = None, []
    while True:
        page = client.search_runs(ids, max_results=4, order_by=['metrics.`val loss` DESC'], page_token=token)
        pages.append([names[run.info.run_id] for run in page])
        token = page.token
        if not token:
            break
    result.append(pages)
    result.append([refused(lambda: len(client.search_runs(ids, max_results=most))) for most in (0, 50001)])
    table = mlflow.search_runs(ids, order_by=['metrics.`val loss`'], max_results=3)
    result.append([sorted(column for column in table.columns), table['params.depth'].tolist()])
    return result


@scenario
def search_experiments():
    for place in range(6):
        id = client.create_experiment(f'Found {place}', tags={'kind': 'ab'[place % 2]})
        if place == 4:
            client.delete_experiment(id)
    result = []

    def found(**asked):
        try:
            return [each.name for each in client.search_experiments(**asked) if each.name.startswith('Found')]
        except MlflowException as error:
            return {'error': error.error_code}

    for filter in ("name LIKE 'Found%'", "name ILIKE 'found%'", "tags.kind = 'a'", "tags.kind != 'a' AND name != 'Found 1'", 'creation_time > 0', "name = 'Found 4'", "nothing = 'x'", "name > 'a'", 'tags.kind'):
        result.append([filter, found(filter_string=filter)])
    for order in (['name ASC'], ['name DESC'], ['experiment_id'], ['creation_time DESC', 'name'], ['nothing']):
        result.append([order, found(order_by=order)])
    for view in (ViewType.ACTIVE_ONLY, ViewType.DELETED_ONLY, ViewType.ALL):
        result.append(found(view_type=view))
    token, pages = None, []
    while True:
        page = client.search_experiments(filter_string="name LIKE 'Found%'", max_results=2, page_token=token)
        pages.append([each.name for each in page])
        token = page.token
        if not token:
            break
    result.append(pages)
    return result


@scenario
def artifacts():
    """Files of a run, from the client and back."""
    result = []
    run = client.create_run('0').info.run_id
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, 'a/b'))
        for name, content in (('x.txt', 'x'), ('a/y.json', '{"y": 1}'), ('a/b/ü z.bin', 'z' * 100_000), ('a/empty', '')):
            with open(os.path.join(folder, name), 'w') as file:
                file.write(content)
        client.log_artifact(run, os.path.join(folder, 'x.txt'))
        client.log_artifact(run, os.path.join(folder, 'x.txt'), 'deep/er')
        client.log_artifacts(run, os.path.join(folder, 'a'), 'all')
        client.log_text(run, 'hello', 'texts/hello.txt')
        client.log_dict(run, {'k': [1, 2]}, 'dict.json')
        client.log_text(run, 'again', 'texts/hello.txt')
    listed = lambda path=None: [(each.path, each.is_dir, each.file_size) for each in client.list_artifacts(run, path)]
    for path in (None, 'all', 'all/b', 'texts', 'x.txt', 'nothing', 'deep'):
        result.append([path, listed(path)])
    with tempfile.TemporaryDirectory() as folder:
        for path in ('all', 'texts/hello.txt', 'all/b/ü z.bin'):
            where = client.download_artifacts(run, path, folder)
            result.append([path, os.path.relpath(where, folder), sorted((os.path.relpath(os.path.join(base, name), where), os.path.getsize(os.path.join(base, name))) for base, _, names in os.walk(where) for name in names)])
        result.append(mlflow.artifacts.load_text(f'runs:/{run}/texts/hello.txt'))
        result.append(mlflow.artifacts.load_dict(f'runs:/{run}/dict.json'))
    return result


def seen_model(seen, model):
    return {
        'id': seen.name('model', model.model_id),
        'name': model.name,
        'type': model.model_type,
        'run': seen.name('run', model.source_run_id) if model.source_run_id else None,
        'status': str(model.status),
        'location': re.sub(r'^mlflow-artifacts:/\w+/models/m-\w+/', 'ROOT/', model.artifact_location),
        'params': dict(sorted(model.params.items())),
        'tags': {key: value for key, value in sorted(model.tags.items()) if not key.startswith('mlflow.')},
        'metrics': sorted((each.key, number(each.value), each.step, each.dataset_name, each.dataset_digest) for each in model.metrics or []),
    }


@scenario
def logged_models():
    from mlflow.entities import LoggedModelInput, LoggedModelOutput

    seen = Seen()
    result = []
    experiment = client.create_experiment('logged models')
    run = client.create_run(experiment).info.run_id
    seen.name('run', run)
    made = [
        client.create_logged_model(experiment, name=f'model {place}', source_run_id=run if place else None, params={'depth': str(place), 'long': 'x' * 200}, tags={'team': 'ab'[place % 2]}, model_type='classifier' if place else None)
        for place in range(4)
    ]
    result.append([seen_model(seen, each) for each in made])
    one = made[1].model_id
    result.append(seen_model(seen, client.finalize_logged_model(one, 'READY')))
    result.append(seen_model(seen, client.finalize_logged_model(made[2].model_id, 'FAILED')))
    client.set_logged_model_tags(one, {'team': 'c', 'more': 'x'})
    client.delete_logged_model_tag(one, 'more')
    result.append(refused(lambda: client.delete_logged_model_tag(one, 'more')))
    client.log_model_params(one, {'later': '1'})
    for value, step, data in ((0.5, 0, 'a'), (0.7, 1, 'a'), (0.6, 2, 'b')):
        client.log_metric(run, 'auc', value, step=step, model_id=one, dataset_name=data, dataset_digest=f'd{data}', timestamp=1000 + step)
    client.log_metric(run, 'auc', 0.9, step=0, model_id=made[3].model_id, timestamp=1000)
    client.log_batch(run, metrics=[Metric('loss', 1.5, 1000, 3, model_id=one)])
    result.append(seen_model(seen, client.get_logged_model(one)))
    result.append(sorted(client.get_run(run).data.metrics.items()))
    client.log_outputs(run, [LoggedModelOutput(one, 3)])
    client.log_inputs(run, models=[LoggedModelInput(made[3].model_id)])
    whole = client.get_run(run)
    result.append([[(seen.name('model', each.model_id), each.step) for each in whole.outputs.model_outputs], [seen.name('model', each.model_id) for each in whole.inputs.model_inputs]])

    def found(**asked):
        try:
            return [each.name for each in client.search_logged_models([experiment], **asked)]
        except MlflowException as error:
            return {'error': error.error_code}

    by_name = [{'field_name': 'name'}]
    for filter in ("", "name = 'model 1'", "params.depth = '2'", "tags.team = 'b'", "metrics.auc > 0.65", "metrics.auc > 0.8", "model_type = 'classifier'", f"source_run_id = '{run}'", "name LIKE 'model%' AND creation_timestamp > 0", 'nothing = 1', 'metrics.auc'):
        result.append([filter.replace(run, 'RUN'), found(filter_string=filter, order_by=by_name)])
    result.append(found(datasets=[{'dataset_name': 'b'}], order_by=by_name))
    result.append(found(datasets=[{'dataset_name': 'a'}], filter_string='metrics.auc > 0.6', order_by=by_name))
    result.append(found(datasets=[{'dataset_name': 'a', 'dataset_digest': 'other'}], order_by=by_name))
    for order in ([{'field_name': 'metrics.auc', 'ascending': False}, {'field_name': 'name'}], [{'field_name': 'metrics.auc', 'dataset_name': 'a'}, {'field_name': 'name', 'ascending': False}], [{'field_name': 'creation_timestamp', 'ascending': False}, {'field_name': 'name'}], [{'field_name': 'nothing'}]):
        result.append([order, found(order_by=order)])
    token, pages = None, []
    while True:
        page = client.search_logged_models([experiment], max_results=3, order_by=by_name, page_token=token)
        pages.append([each.name for each in page])
        token = page.token
        if not token:
            break
    result.append(pages)
    client.delete_logged_model(made[0].model_id)
    result.append(refused(lambda: client.get_logged_model(made[0].model_id)))
    result.append(found(order_by=by_name))
    for work in (lambda: client.get_logged_model('m-' + 'f' * 32), lambda: client.create_logged_model(experiment, name='a/b'), lambda: client.create_logged_model('987654'), lambda: client.finalize_logged_model('m-' + 'f' * 32, 'READY')):
        result.append(refused(work))
    return result


@scenario
def log_model():
    """A model of scikit-learn, logged without registration and loaded by every address it has."""
    import numpy
    from sklearn.linear_model import LogisticRegression

    seen = Seen()
    result = []
    mlflow.set_experiment('log model')
    rows = numpy.array([[0.0], [1.0], [2.0], [3.0]])
    with mlflow.start_run() as run:
        mlflow.log_metric('auc', 0.75)
        info = mlflow.sklearn.log_model(LogisticRegression().fit(rows, [0, 0, 1, 1]), name='classifier', params={'depth': 2}, input_example=rows[:2], pip_requirements=['scikit-learn'])
    model = client.get_logged_model(info.model_id)
    result.append(seen_model(seen, model))
    whole = client.get_run(run.info.run_id)
    result.append([[(seen.name('model', each.model_id), each.step) for each in whole.outputs.model_outputs], sorted(whole.data.metrics.items())])
    for uri in (info.model_uri, f'models:/{info.model_id}', f'runs:/{run.info.run_id}/classifier', model.artifact_location):
        result.append(mlflow.pyfunc.load_model(uri).predict(rows).tolist())
    result.append(mlflow.sklearn.load_model(info.model_uri).predict(rows).tolist())
    result.append(sorted(each.path for each in client.list_logged_model_artifacts(info.model_id)) if hasattr(client, 'list_logged_model_artifacts') else None)
    result.append(sorted(each.path for each in mlflow.artifacts.list_artifacts(run_id=run.info.run_id, artifact_path='classifier')))
    result.append(refused(lambda: mlflow.pyfunc.load_model('models:/m-' + 'f' * 32)))
    result.append(refused(lambda: mlflow.pyfunc.load_model(f'runs:/{run.info.run_id}/nothing')))
    return result


def seen_version(seen, version):
    return {
        'name': version.name,
        'version': version.version,
        'stage': version.current_stage,
        'description': version.description,
        'source': seen.text(version.source),
        'run': seen.name('run', version.run_id or None),
        'status': version.status,
        'message': version.status_message,
        'tags': dict(sorted(version.tags.items())),
        'aliases': sorted(version.aliases),
        'link': version.run_link,
        'changed': version.last_updated_timestamp >= version.creation_timestamp > 0,
    }


def seen_registered(seen, model):
    return {
        'name': model.name,
        'description': model.description,
        'tags': dict(sorted(model.tags.items())),
        'aliases': dict(sorted(model.aliases.items())),
        'latest': sorted((each.version, each.current_stage) for each in model.latest_versions),
        'changed': model.last_updated_timestamp >= model.creation_timestamp > 0,
    }


def logged_folder(name='model'):
    """A run with a folder that could be a model, and its address."""
    run = client.create_run('0')
    client.log_text(run.info.run_id, 'flavors: {}', f'{name}/MLmodel')
    client.log_text(run.info.run_id, 'x', f'{name}/data/x.txt')
    return run.info.run_id, f'{run.info.artifact_uri}/{name}'


def pause():
    """What changes now changes later than what did before, on every clock."""
    time.sleep(0.003)


@scenario
def registered_models():
    seen = Seen()
    result = []
    see = lambda name: seen_registered(seen, client.get_registered_model(name))
    result.append(seen_registered(seen, client.create_registered_model('one', tags={'a': '1', 'b': ''}, description='first')))
    client.create_registered_model('plain')
    result.append(see('plain'))
    for work in (
        lambda: client.create_registered_model('one'),
        lambda: client.create_registered_model(''),
        lambda: client.create_registered_model('  '),
        lambda: client.create_registered_model('a/b'),
        lambda: client.create_registered_model('a:b'),
        lambda: client.create_registered_model('..'),
        lambda: client.create_registered_model('tagged', tags={'../a': '1'}),
        lambda: client.create_registered_model('tagged', tags={'k' * 251: '1'}),
        lambda: client.create_registered_model('tagged', tags={'k': 'v' * 100_001}),
        lambda: client.get_registered_model('nobody'),
        lambda: client.update_registered_model('nobody', 'x'),
        lambda: client.rename_registered_model('nobody', 'x'),
        lambda: client.rename_registered_model('one', 'plain'),
        lambda: client.rename_registered_model('one', 'a/b'),
        lambda: client.rename_registered_model('one', ''),
        lambda: client.delete_registered_model('nobody'),
        lambda: client.set_registered_model_tag('nobody', 'a', '1'),
        lambda: client.set_registered_model_tag('one', '', '1'),
        lambda: client.set_registered_model_tag('one', 'k' * 251, '1'),
        lambda: client.set_registered_model_tag('one', 'k', 'v' * 100_001),
        lambda: client.delete_registered_model_tag('nobody', 'a'),
        lambda: client.delete_registered_model_tag('one', 'nothing'),
        lambda: client.get_latest_versions('nobody'),
    ):
        result.append(refused(work))
    client.set_registered_model_tag('one', 'a', '2')
    client.set_registered_model_tag('one', 'number', 3)
    client.set_registered_model_tag('one', 'long', 'v' * 100_000)
    client.delete_registered_model_tag('one', 'b')
    client.delete_registered_model_tag('one', 'long')
    client.update_registered_model('one', 'second')
    result.append(see('one'))
    client.update_registered_model('plain', '')
    result.append(see('plain'))
    for name in ('Ünïcode 模型 @ # ? % +', 'x' * 256, 'v1', 'm-' + 'f' * 32, 'with  spaces ', '%2e%2e'):
        client.create_registered_model(name)
        result.append(see(name))
    run, folder = logged_folder()
    seen.name('run', run)
    client.create_model_version('one', folder, run)
    client.set_registered_model_alias('one', 'best', '1')
    client.rename_registered_model('one', 'uno')
    result.append(refused(lambda: client.get_registered_model('one')))
    result.append(see('uno'))
    result.append(client.get_model_version('uno', '1').name)
    result.append(client.get_model_version_by_alias('uno', 'best').version)
    client.create_registered_model('one')
    result.append(see('one'))
    result.append(refused(lambda: client.get_model_version('one', '1')))
    client.delete_registered_model('uno')
    result.append(refused(lambda: client.get_registered_model('uno')))
    result.append(refused(lambda: client.get_model_version('uno', '1')))
    result.append([each.name for each in client.search_model_versions("name = 'uno'")])
    client.create_registered_model('uno')
    result.append(see('uno'))
    result.append(client.create_model_version('uno', folder, run).version)
    client.delete_registered_model('uno')
    client.create_registered_model('uno')
    result.append(client.create_model_version('uno', folder, run).version)
    return result


@scenario
def model_versions():
    seen = Seen()
    result = []
    client.create_registered_model('versions')
    # So that what one server takes and the other refuses changes no number of the rest.
    client.create_registered_model('probes')
    run, folder = logged_folder()
    other, elsewhere = logged_folder()
    for each in (run, other):
        seen.name('run', each)
    see = lambda number: seen_version(seen, client.get_model_version('versions', number))
    result.append(seen_version(seen, client.create_model_version('versions', folder, run, tags={'a': '1', 'b': ''}, description='first', run_link='https://example.test/run')))
    result.append(seen_version(seen, client.create_model_version('versions', folder, run)))
    result.append(seen_version(seen, client.create_model_version('versions', f'runs:/{run}/model', run)))
    result.append(seen_version(seen, client.create_model_version('versions', 's3://bucket/path/model')))
    result.append(seen_version(seen, client.create_model_version('versions', 'models:/versions/1')))
    result.append(client.get_model_version_download_uri('versions', '4'))
    for number in '12345':
        result.append(see(number))
    for work in (
        lambda: client.create_model_version('nobody', folder, run),
        lambda: client.create_model_version('probes', folder).status,
        lambda: client.create_model_version('probes', folder, other).status,
        lambda: client.create_model_version('probes', folder, 'f' * 32).status,
        lambda: client.create_model_version('probes', f'runs:/{run}/model', other).status,
        lambda: client.create_model_version('probes', f'runs:/{run}/model').status,
        lambda: client.create_model_version('probes', '/etc').status,
        lambda: client.create_model_version('probes', 'file:///etc', run).status,
        lambda: client.create_model_version('probes', f'{folder}/../../../..', run).status,
        lambda: client.create_model_version('probes', f'{folder}/%2e%2e/%2e%2e', run).status,
        lambda: client.create_model_version('probes', 'models:/nobody/1').status,
        lambda: client.create_model_version('probes', 'models:/versions/99').status,
        lambda: client.create_model_version('probes', 'models:/m-' + 'f' * 32).status,
        lambda: client.create_model_version('probes', folder, run, tags={'../a': '1'}).status,
        lambda: client.get_model_version('versions', '99'),
        lambda: client.get_model_version('versions', 'x'),
        lambda: client.get_model_version('nobody', '1'),
        lambda: client.update_model_version('versions', '99', 'x'),
        lambda: client.delete_model_version('versions', '99'),
        lambda: client.set_model_version_tag('versions', '99', 'a', '1'),
        lambda: client.set_model_version_tag('versions', '1', '../a', '1'),
        lambda: client.set_model_version_tag('versions', '1', 'k', 'v' * 100_001),
        lambda: client.delete_model_version_tag('versions', '99', 'a'),
        lambda: client.delete_model_version_tag('versions', '1', 'nothing'),
        lambda: client.get_model_version_download_uri('versions', '99'),
        lambda: client.transition_model_version_stage('versions', '99', 'Staging'),
        lambda: client.transition_model_version_stage('versions', '1', 'Nowhere'),
        lambda: client.transition_model_version_stage('versions', '1', 'Archived', archive_existing_versions=True),
        lambda: len(client.create_registered_model('x' * 257).name),
        lambda: client.set_registered_model_alias('versions', '7', '1'),
        lambda: client.delete_registered_model_alias('versions', '7'),
    ):
        result.append(refused(work))
    client.set_model_version_tag('versions', '1', 'a', '2')
    client.set_model_version_tag('versions', '1', 'long', 'v' * 100_000)
    client.delete_model_version_tag('versions', '1', 'b')
    client.delete_model_version_tag('versions', '1', 'long')
    client.update_model_version('versions', '1', 'again')
    result.append(see('1'))
    client.transition_model_version_stage('versions', '1', 'Production')
    client.transition_model_version_stage('versions', '2', 'staging')
    client.transition_model_version_stage('versions', '3', 'Production', archive_existing_versions=True)
    result.append(see('3'))
    result.append([client.get_model_version('versions', number).current_stage for number in '12345'])
    latest = lambda stages=None: sorted((each.version, each.current_stage) for each in client.get_latest_versions('versions', stages))
    result.append([latest(), latest(['Production']), latest(['None', 'staging']), refused(lambda: latest(['Nowhere']))])
    result.append(seen_registered(seen, client.get_registered_model('versions')))
    client.set_registered_model_alias('versions', 'best', '2')
    client.set_registered_model_alias('versions', 'best', '3')
    client.set_registered_model_alias('versions', 'Other-1_x', 3)
    result.append(seen_version(seen, client.get_model_version_by_alias('versions', 'best')))
    result.append(see('3')['aliases'])
    result.append(client.get_model_version_by_alias('versions', 'latest').version)
    for work in (
        lambda: client.set_registered_model_alias('versions', 'latest', '1'),
        lambda: client.set_registered_model_alias('versions', 'LATEST', '1'),
        lambda: client.set_registered_model_alias('versions', 'v3', '1'),
        lambda: client.set_registered_model_alias('versions', 'V33', '1'),
        lambda: client.set_registered_model_alias('versions', 'a b', '1'),
        lambda: client.set_registered_model_alias('versions', 'a/b', '1'),
        lambda: client.set_registered_model_alias('versions', '', '1'),
        lambda: client.set_registered_model_alias('versions', 'a' * 256, '1'),
        lambda: client.set_registered_model_alias('versions', 'a', '99'),
        lambda: client.set_registered_model_alias('nobody', 'a', '1'),
        lambda: client.get_model_version_by_alias('versions', 'nothing'),
        lambda: client.get_model_version_by_alias('versions', 'a b'),
        lambda: client.get_model_version_by_alias('nobody', 'best'),
        lambda: client.delete_registered_model_alias('versions', 'nothing'),
        lambda: client.delete_registered_model_alias('nobody', 'best'),
    ):
        result.append(refused(work))
    client.delete_registered_model_alias('versions', 'Other-1_x')
    result.append(seen_registered(seen, client.get_registered_model('versions'))['aliases'])
    client.delete_model_version('versions', '3')
    result.append(seen_registered(seen, client.get_registered_model('versions')))
    result.append(refused(lambda: client.get_model_version_by_alias('versions', 'best')))
    result.append(refused(lambda: client.get_model_version('versions', '3')))
    client.delete_model_version('versions', '5')
    result.append(client.create_model_version('versions', folder, run).version)
    copied = client.copy_model_version('models:/versions/1', 'copied')
    result.append(seen_version(seen, copied))
    with tempfile.TemporaryDirectory() as where:
        got = mlflow.artifacts.download_artifacts('models:/versions/1', dst_path=where)
        result.append(sorted(os.path.relpath(os.path.join(base, name), got) for base, _, names in os.walk(got) for name in names))
    return result


@scenario
def search_registry():
    seen = Seen()
    result = []
    runs = [logged_folder() for _ in range(2)]
    for run, _ in runs:
        seen.name('run', run)
    for name, tags in (('found-b', {'team': 'x'}), ('found-a', {'team': 'y', 'deep key': '1'}), ('Found-C', {})):
        client.create_registered_model(name, tags=tags)
        pause()
    for name, which, tags in (('found-a', 0, {'k': '1'}), ('found-b', 0, {}), ('found-a', 1, {'k': '2', 'deep key': 'x'}), ('found-a', 1, {}), ('found-b', 1, {'k': '1'})):
        client.create_model_version(name, runs[which][1], runs[which][0], tags=tags)
        pause()

    def models(**asked):
        try:
            return [each.name for each in client.search_registered_models(**asked) if 'ound-' in each.name]
        except MlflowException as error:
            return {'error': error.error_code}

    def versions(filter_string=None, **asked):
        within = "name LIKE 'found-%'"
        try:
            return [(each.name, each.version) for each in client.search_model_versions(f'{within} AND {filter_string}' if filter_string else within, **asked)]
        except MlflowException as error:
            return {'error': error.error_code}

    for filter in (None, '', "name = 'found-a'", "name != 'found-a'", "name LIKE 'found%'", "name ILIKE 'FOUND%'", "tags.team = 'x'", "tag.team != 'x'", "tags.team LIKE '%'", "tags.`deep key` = '1'", "name LIKE 'found%' AND tags.team = 'y'", "tags.nothing = '1'", 'name', "name > 'a'", "nothing = 'x'", "name = 'a' AND"):
        result.append([filter, models(filter_string=filter)])
    for order in (['name'], ['name DESC'], ['last_updated_timestamp DESC'], ['timestamp'], ['name', 'name'], ['nothing'], ['creation_timestamp']):
        result.append([order, models(order_by=order)])
    for filter in (None, "name = 'found-a'", "name != 'found-a'", f"run_id = '{runs[0][0]}'", f"run_id IN ('{runs[1][0]}')", "source_path LIKE 'mlflow-artifacts:%'", "source_path = 'nothing'", 'version_number = 1', "version_number > 1", "version_number <= '2'", 'version_number = 1.5', "tags.k = '1'", "tags.k != '1'", "tags.`deep key` = 'x'", "nothing = '1'", "current_stage = 'None'"):
        result.append([filter and seen.text(filter), versions(filter)])
    for order in (None, ['name', 'version_number'], ['version_number DESC', 'name'], ['creation_timestamp'], ['last_updated_timestamp DESC'], ['name DESC'], ['nothing'], ['run_id']):
        result.append([order, versions(order_by=order)])
    client.update_model_version('found-a', '1', 'moved up')
    result.append(versions())
    for page in (1, 2, 4):
        token, pages = None, []
        while True:
            found = client.search_model_versions("name LIKE 'found-%'", max_results=page, page_token=token, order_by=['name', 'version_number'])
            pages.append([(each.name, each.version) for each in found])
            token = found.token
            if not token:
                break
        result.append(pages)
    token, pages = None, []
    while True:
        found = client.search_registered_models("name ILIKE 'found-%'", max_results=2, page_token=token)
        pages.append([each.name for each in found])
        token = found.token
        if not token:
            break
    result.append(pages)
    for work in (lambda: client.search_registered_models(max_results=1001), lambda: client.search_model_versions(max_results=200_001), lambda: client.search_registered_models(page_token='nonsense')):
        result.append(refused(work))
    client.delete_model_version('found-a', '2')
    result.append(versions())
    result.append([seen_registered(seen, each) for each in client.search_registered_models("name = 'found-a'")])
    result.append([seen_version(seen, each) for each in client.search_model_versions("name = 'found-b'")])
    return result


@scenario
def register_model():
    """A model of scikit-learn, registered in every way and loaded by every address that it has then."""
    import numpy
    from sklearn.linear_model import LogisticRegression

    seen = Seen()
    result = []
    mlflow.set_experiment('register model')
    rows = numpy.array([[0.0], [1.0], [2.0], [3.0]])
    logged = []
    for turn in range(2):
        with mlflow.start_run() as run:
            mlflow.log_metric('auc', 0.75)
            fitted = LogisticRegression().fit(rows, [0, 0, 1, 1] if turn == 0 else [1, 1, 0, 0])
            logged.append(mlflow.sklearn.log_model(fitted, name='classifier', input_example=rows[:2], pip_requirements=['scikit-learn'], registered_model_name='Classifier'))
        seen.name('run', run.info.run_id)
        seen.name('model', logged[-1].model_id)
        result.append([logged[-1].registered_model_version, seen_version(seen, client.get_model_version('Classifier', str(turn + 1)))])
    first, second = logged
    result.append(seen_version(seen, mlflow.register_model(f'runs:/{first.run_id}/classifier', 'Classifier', tags={'by': 'run'})))
    result.append(seen_version(seen, mlflow.register_model(f'models:/{second.model_id}', 'Other')))
    result.append(seen_version(seen, mlflow.register_model('models:/Classifier/1', 'Copied')))
    result.append(refused(lambda: mlflow.register_model(f'runs:/{first.run_id}/nothing', 'Classifier')))
    result.append(refused(lambda: mlflow.register_model('models:/m-' + 'f' * 32, 'Classifier')))
    client.set_registered_model_alias('Classifier', 'champion', '1')
    client.transition_model_version_stage('Classifier', '2', 'Production')
    answers = lambda uri: mlflow.pyfunc.load_model(uri).predict(rows).tolist()
    for uri in ('models:/Classifier/1', 'models:/Classifier/2', 'models:/Classifier/3', 'models:/Classifier@champion', 'models:/Classifier/latest', 'models:/Classifier/Production', 'models:/Classifier/production', 'models:/Other/1', 'models:/Copied/1'):
        result.append([uri, answers(uri), mlflow.sklearn.load_model(uri).predict(rows).tolist()])
    client.set_registered_model_alias('Classifier', 'champion', '2')
    result.append(answers('models:/Classifier@champion'))
    client.delete_registered_model_alias('Classifier', 'champion')
    for uri in ('models:/Classifier@champion', 'models:/Classifier/99', 'models:/Classifier/Staging', 'models:/Nobody/1', 'models:/Nobody/latest'):
        result.append([uri, refused(lambda: answers(uri))])
    loaded = mlflow.models.Model.load('models:/Classifier/1')
    result.append([sorted(loaded.flavors), loaded.signature.to_dict() if loaded.signature else None])
    result.append(sorted((each.path, each.is_dir) for each in mlflow.artifacts.list_artifacts('models:/Classifier/1')))
    result.append(json.loads(client.get_logged_model(second.model_id).tags['mlflow.modelVersions']))
    result.append(seen_registered(seen, client.get_registered_model('Classifier')))
    client.rename_registered_model('Classifier', 'Renamed')
    result.append(answers('models:/Renamed/2'))
    client.delete_model_version('Renamed', '2')
    result.append(refused(lambda: answers('models:/Renamed/2')))
    result.append(answers('models:/Renamed/latest'))
    client.delete_registered_model('Renamed')
    result.append(refused(lambda: answers('models:/Renamed/1')))
    result.append(answers('models:/Copied/1'))
    return result


@scenario
def autolog():
    """Scripts that log by themselves and register what they made."""
    import numpy
    import xgboost
    from sklearn.ensemble import RandomForestClassifier

    seen = Seen()
    result = []
    random = numpy.random.default_rng(7)
    rows = random.normal(size=(60, 3))
    labels = (rows[:, 0] > 0).astype(int)
    experiment = mlflow.set_experiment('autolog')
    mlflow.sklearn.autolog(registered_model_name='auto-forest', log_input_examples=True)
    RandomForestClassifier(n_estimators=3, max_depth=2, random_state=0).fit(rows, labels)
    mlflow.sklearn.autolog(disable=True)
    mlflow.xgboost.autolog(registered_model_name='auto-boost', log_model_signatures=True, log_input_examples=True)
    with mlflow.start_run(run_name='boost'):
        xgboost.train({'objective': 'binary:logistic', 'max_depth': 2, 'seed': 1}, xgboost.DMatrix(rows, labels), num_boost_round=4, evals=[(xgboost.DMatrix(rows, labels), 'train')], verbose_eval=False)
        with mlflow.start_run(run_name='inner', nested=True):
            mlflow.log_metric('inner', 1)
    mlflow.xgboost.autolog(disable=True)
    for run in sorted(client.search_runs([experiment.experiment_id]), key=lambda run: (run.info.run_name == 'inner', run.info.run_name == 'boost')):
        kept = seen_run(seen, run)
        result.append({
            'metrics': sorted(kept['metrics']),
            'params': kept['params'],
            'tags': sorted(run.data.tags),
            'history': [len(client.get_metric_history(run.info.run_id, key)) for key in sorted(run.data.metrics)],
            'models': len(run.outputs.model_outputs),
            'artifacts': sorted(each.path for each in client.list_artifacts(run.info.run_id)),
            'inputs': [each.dataset.name for each in run.inputs.dataset_inputs],
        })
    for name in ('auto-forest', 'auto-boost'):
        version = seen_version(seen, client.get_model_version(name, '1'))
        version['source'] = re.sub('m-[0-9a-f]{32}', 'MODEL', version['source'])
        result.append(version)
        result.append([round(float(each), 4) for each in mlflow.pyfunc.load_model(f'models:/{name}/1').predict(rows[:4])])
    return result


@scenario
def concurrent_registrations():
    """Two scripts, each with several threads, that register at the same time."""
    import subprocess

    client.create_registered_model('contended')
    run, folder = logged_folder()
    script = """
import sys
from concurrent.futures import ThreadPoolExecutor
from mlflow import MlflowClient
client = MlflowClient()
make = lambda _: client.create_model_version('contended', sys.argv[2], sys.argv[1]).version
with ThreadPoolExecutor(4) as pool:
    print(' '.join(pool.map(make, range(10))))
"""
    children = [subprocess.Popen([sys.executable, '-c', script, run, folder], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    numbers = [int(number) for child in children for number in child.communicate()[0].split()]
    found = client.search_model_versions("name = 'contended'", order_by=['version_number'])
    return [sorted(numbers), [int(each.version) for each in found]]


@scenario
def inputs():
    import pandas

    seen = Seen()
    mlflow.set_experiment('inputs')
    table = pandas.DataFrame({'a': [1.5, 2.5], 'b': ['x', 'y']})
    data = mlflow.data.from_pandas(table, source='https://example.test/data.csv', name='orders')
    with mlflow.start_run(run_name='one') as one:
        mlflow.log_input(data, context='training')
        mlflow.log_input(data, context='training')
        mlflow.log_input(mlflow.data.from_pandas(table.head(1), source='https://example.test/b.csv', name='orders'), context='test', tags={'more': 'x'})
    return seen_run(seen, client.get_run(one.info.run_id))


if __name__ == '__main__':
    answers = {}
    for name in sys.argv[1:] or scenarios:
        began = time.time()
        answers[name] = scenarios[name]()
        print(f'{name} {time.time() - began:.1f} s', file=sys.stderr)
    tell(answers)
