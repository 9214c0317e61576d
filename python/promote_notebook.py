"""
Turns the tagged cells of a notebook into steps: `python promote_notebook.py explore.ipynb notebooks/explore.ipynb` prints, as JSON, the files
and the graph of the steps, or what has to be mended first. Nothing of the notebook is run. Standard library only.
"""

import json
import os
import sys

from notebook_cells import Refusal, read_notebook
from step_graph import Graph
from step_module import mark, setup_module, step_module


def promoted(path, name):
    if sys.version_info < (3, 9):
        return {'refusals': ['python3 is {}.{}: promoting needs 3.9 or newer.'.format(*sys.version_info)]}
    try:
        graph = Graph(read_notebook(path))
    except (Refusal, OSError, ValueError, KeyError) as error:
        return {'refusals': [str(error) if isinstance(error, Refusal) else f'{name} is no notebook: {error}']}
    if graph.refusals:
        return {'refusals': graph.refusals}
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, 'millwright_values.py'), encoding='utf-8') as file:
        files = {'millwright_values.py': file.read()}
    if graph.setup:
        files['notebook_setup.py'] = setup_module(graph, name)
    for step in graph.steps.values():
        files[f'{step.identifier}.py'] = step_module(graph, step, name)
    return {
        'refusals': [],
        'notes': graph.notes,
        'mark': mark,
        'files': files,
        'params': {parameter: default for parameter, (default, _) in graph.parameters.items()},
        'steps': [
            {
                'name': step.name,
                'file': f'{step.identifier}.py',
                'needs': step.needs,
                'reads': None if 'MILLWRIGHT_PARAMS' in step.source else step.parameters,
                'readsInputs': 'MILLWRIGHT_INPUTS' in step.source,
            }
            for step in graph.steps.values()
        ],
    }


if __name__ == '__main__':
    json.dump(promoted(sys.argv[1], sys.argv[2]), sys.stdout)
