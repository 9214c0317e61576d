"""
For each notebook of a JSON list on stdin: what its names stand for when the cells run one after the other, and when they are promoted and
every step runs by itself with what the earlier ones handed on. Prints a JSON list of {refused}, {unfit} or {expected, found}.
"""

import contextlib
import io
import json
import os
import runpy
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../python'))

from promote_notebook import promoted


def in_one(notebook):
    names = {}
    for cell in notebook['cells']:
        exec(compile(cell['source'], '<cell>', 'exec'), names)
    return names['told']


def by_steps(result, folder):
    for name, text in result['files'].items():
        with open(os.path.join(folder, name), 'w') as file:
            file.write(text)
    left = {}
    for step in result['steps']:
        work = os.path.join(folder, 'work', step['name'])
        os.makedirs(os.path.join(work, 'artifacts'))
        inputs = {need: {'output': None, 'artifacts': left[need]} for need in step['needs']}
        with open(os.path.join(work, 'inputs.json'), 'w') as file:
            json.dump(inputs, file)
        os.environ.update(
            MILLWRIGHT_INPUTS=os.path.join(work, 'inputs.json'),
            MILLWRIGHT_OUTPUT=os.path.join(work, 'output.json'),
            MILLWRIGHT_ARTIFACTS=os.path.join(work, 'artifacts'),
            MILLWRIGHT_PARAMS='{}',
        )
        for module in ('notebook_setup', 'millwright_values'):
            sys.modules.pop(module, None)
        sys.path.insert(0, folder)
        try:
            space = runpy.run_path(os.path.join(folder, step['file']), run_name='__main__')
        finally:
            sys.path.remove(folder)
        names = sorted(os.listdir(os.path.join(work, 'artifacts')))
        left[step['name']] = [{'name': name, 'path': os.path.join(work, 'artifacts', name)} for name in names]
    with open(os.path.join(work, 'output.json')) as file:
        return json.load(file)


def outcome(notebook):
    folder = tempfile.mkdtemp(prefix='promoted-')
    try:
        path = os.path.join(folder, 'made.ipynb')
        with open(path, 'w') as file:
            json.dump(notebook, file)
        os.environ['MILLWRIGHT_OUTPUT'] = os.path.join(folder, 'told.json')
        try:
            expected = in_one(notebook)
        except Exception as error:
            return {'broken': repr(error)}
        result = promoted(path, 'made.ipynb')
        if result['refusals']:
            return {'refused': result['refusals']}
        try:
            return {'expected': expected, 'found': by_steps(result, folder), 'steps': len(result['steps'])}
        except SystemExit as error:
            return {'unfit': str(error)}
        except Exception as error:
            return {'expected': expected, 'found': repr(error)}
    finally:
        shutil.rmtree(folder)


with contextlib.redirect_stdout(io.StringIO()):
    outcomes = [outcome(notebook) for notebook in json.load(sys.stdin)]
json.dump(outcomes, sys.stdout)
