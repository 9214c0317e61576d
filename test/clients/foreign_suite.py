"""
A suite as somebody else would have it: unchanged `mlflow` code, a fresh server for each test. It needs MLFLOW_TRACKING_URI, a server that was started with
`--test-reset --artifact-root DIR`, and DIR as ARTIFACT_ROOT.
"""

import os
import pathlib
import tempfile
import unittest
import urllib.request
import warnings

os.environ.setdefault('MLFLOW_HTTP_REQUEST_MAX_RETRIES', '1')
os.environ.setdefault('MLFLOW_DISABLE_TELEMETRY', 'true')
warnings.simplefilter('ignore')

import logging

import mlflow
import pandas
from mlflow import MlflowClient
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException
from mlflow.tracking.fluent import _active_experiment_id  # noqa: F401  what suites reach for, and it must import
from mlflow.utils.file_utils import local_file_uri_to_path

logging.disable(logging.CRITICAL)
root = pathlib.Path(os.environ['ARTIFACT_ROOT']).resolve()


class Doubled(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        self.factor = float(pathlib.Path(context.artifacts['factor']).read_text())

    def predict(self, context, model_input, params=None):
        return model_input * self.factor


class Suite(unittest.TestCase):
    def setUp(self):
        request = urllib.request.Request(os.environ['MLFLOW_TRACKING_URI'] + '/api/test-reset', method='POST')
        with urllib.request.urlopen(request) as answer:
            self.assertEqual(answer.status, 200)
        self.client = MlflowClient()
        # Whatever the test before left.
        experiments = self.client.search_experiments(view_type=ViewType.ALL)
        self.assertEqual([(each.experiment_id, each.name) for each in experiments], [('0', 'Default')])
        self.assertEqual(self.client.search_runs(['0'], run_view_type=ViewType.ALL), [])
        self.assertEqual(list(self.client.search_registered_models()), [])
        self.experiment = mlflow.set_experiment('suite')
        self.assertEqual(self.experiment.experiment_id, '1')

    def tearDown(self):
        while mlflow.active_run():
            mlflow.end_run()
        mlflow.autolog(disable=True)

    def test_files_lie_below_the_root_and_are_written_by_the_client(self):
        self.assertEqual(self.experiment.artifact_location, (root / '1').as_uri())
        with mlflow.start_run() as run:
            mlflow.log_text('ü', 'a folder/größe.txt')
            mlflow.log_dict({'a': 1}, 'd.json')
        path = pathlib.Path(local_file_uri_to_path(run.info.artifact_uri))
        self.assertEqual(path, root / '1' / run.info.run_id / 'artifacts')
        self.assertEqual((path / 'a folder' / 'größe.txt').read_text(), 'ü')
        self.assertEqual(sorted(each.path for each in self.client.list_artifacts(run.info.run_id)), ['a folder', 'd.json'])
        self.assertEqual(mlflow.artifacts.load_text(f'runs:/{run.info.run_id}/a folder/größe.txt'), 'ü')

    def test_nested_runs(self):
        with mlflow.start_run(run_name='parent') as parent:
            for rate in (0.1, 0.2):
                with mlflow.start_run(run_name=f'child {rate}', nested=True):
                    mlflow.log_param('rate', rate)
                    mlflow.log_metric('loss', rate * 2)
        found = mlflow.search_runs(filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'", order_by=['metrics.loss DESC'])
        self.assertEqual(list(found['params.rate']), ['0.2', '0.1'])

    def test_autolog(self):
        from sklearn.linear_model import LogisticRegression

        mlflow.sklearn.autolog(log_input_examples=True)
        with mlflow.start_run() as run:
            frame = pandas.DataFrame({'x': [0.0, 1.0, 2.0, 3.0]})
            LogisticRegression(C=2).fit(frame, [0, 0, 1, 1])
        logged = self.client.get_run(run.info.run_id)
        self.assertEqual(logged.data.params['C'], '2')
        self.assertIn('training_accuracy_score', logged.data.metrics)
        (model,) = mlflow.search_logged_models(output_format='list')
        self.assertTrue(pathlib.Path(local_file_uri_to_path(model.artifact_location), 'MLmodel').is_file())
        self.assertEqual(list(mlflow.pyfunc.load_model(f'models:/{model.model_id}').predict(frame)), [0, 0, 1, 1])

    def test_a_model_of_ones_own_registered_and_loaded_by_every_name(self):
        with tempfile.TemporaryDirectory() as folder:
            factor = pathlib.Path(folder, 'factor.txt')
            factor.write_text('2')
            with mlflow.start_run() as run:
                logged = mlflow.pyfunc.log_model(
                    name='doubled',
                    python_model=Doubled(),
                    artifacts={'factor': str(factor)},
                    input_example=pandas.DataFrame({'x': [1.0]}),
                    registered_model_name='doubled',
                )
        self.client.set_registered_model_alias('doubled', 'best', '1')
        for address in (logged.model_uri, f'runs:/{run.info.run_id}/doubled', 'models:/doubled/1', 'models:/doubled@best'):
            answer = mlflow.pyfunc.load_model(address).predict(pandas.DataFrame({'x': [1.0, 4.0]}))
            self.assertEqual(list(answer['x']), [2.0, 8.0], address)

    def test_a_folder_of_a_run_is_registered_by_its_address(self):
        with mlflow.start_run() as run:
            mlflow.log_text('flavors: {}', 'model/MLmodel')
        self.client.create_registered_model('named')
        made = self.client.create_model_version('named', f'{run.info.artifact_uri}/model', run.info.run_id)
        self.assertEqual(self.client.get_model_version_download_uri('named', made.version), f'{run.info.artifact_uri}/model')
        with mlflow.start_run() as other:
            pass
        for source, run_id in (
            (f'{run.info.artifact_uri}/model', other.info.run_id),
            (f'{run.info.artifact_uri}/model', None),
            (root.as_uri(), run.info.run_id),
            (f'{run.info.artifact_uri}/../../../..', run.info.run_id),
            ('file:///etc', run.info.run_id),
        ):
            with self.assertRaises(MlflowException, msg=source) as refused:
                self.client.create_model_version('named', source, run_id)
            self.assertEqual(refused.exception.error_code, 'INVALID_PARAMETER_VALUE')

    def test_a_location_of_ones_own_lies_below_the_root(self):
        for name, location in {'path': str(root / 'own' / 'path'), 'address': (root / 'own' / 'an address').as_uri()}.items():
            made = self.client.create_experiment(name, artifact_location=location)
            run = self.client.create_run(made)
            self.client.log_text(run.info.run_id, 'x', 'x.txt')
            path = pathlib.Path(local_file_uri_to_path(location)) / run.info.run_id / 'artifacts' / 'x.txt'
            self.assertEqual(path.read_text(), 'x')
        with tempfile.TemporaryDirectory() as elsewhere:
            (root / 'link').unlink(missing_ok=True)
            (root / 'link').symlink_to(elsewhere)
            outside = [elsewhere, str(root), str(root.parent), str(root / 'link'), str(root / 'link' / 'x'), str(root) + '-beside']
            outside += [pathlib.Path(each).as_uri() for each in outside] + [f'file://host{root}/a', f'file://{root}/%252e%252e/x']
            for location in outside + [root.as_uri() + '/%2e%2e/x', root.as_uri() + '/a%5c..', f'//{root}/a', f'file:/{root}/../x']:
                with self.assertRaises(MlflowException, msg=location) as refused:
                    self.client.create_experiment('outside', artifact_location=location)
                self.assertEqual(refused.exception.error_code, 'INVALID_PARAMETER_VALUE')
            self.assertEqual(os.listdir(elsewhere), [])
        (root / 'link').unlink()


if __name__ == '__main__':
    unittest.main(verbosity=2)
