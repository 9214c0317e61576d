"""Notebooks as files: their cells, and what the cell of the parameters says. Standard library only."""

import ast
import json


class Refusal(Exception):
    """Something that whoever wrote the notebook has to mend; its text is all there is to say."""


class Cell:
    """A code cell. `number` counts the code cells of the notebook from 1, as people do who look for one."""

    def __init__(self, raw, number, index):
        self.raw = raw
        self.number = number
        self.index = index
        source = raw.get('source', '')
        self.source = ''.join(source) if isinstance(source, list) else source
        self.tags = list(raw.get('metadata', {}).get('tags', []))

    @property
    def first_line(self):
        lines = [line.strip() for line in self.source.splitlines()]
        return next((line for line in lines if line and not line.startswith('#')), lines[0] if lines else '')

    def __str__(self):
        told = ', '.join(self.tags) or self.raw.get('id')
        mark = f" ({'tagged ' if self.tags else ''}{told})" if told else ''
        line = self.first_line if len(self.first_line) <= 80 else f'{self.first_line[:77]}...'
        return f'code cell {self.number}{mark}' + (f': `{line}`' if line else '')


def read_notebook(path):
    """A notebook as a dictionary, without what an editor or another run of it left: execution times and injected parameters."""
    with open(path, encoding='utf-8') as file:
        notebook = json.load(file)
    if notebook.get('nbformat') != 4:
        raise Refusal(f"{path} is of nbformat {notebook.get('nbformat')}: save it in Jupyter, which brings it to 4.")
    language = notebook.get('metadata', {}).get('kernelspec', {}).get('language', 'python')
    if language.lower() != 'python':
        raise Refusal(f'{path} is written in {language}; a step runs notebooks in Python.')
    cells = [cell for cell in notebook['cells'] if 'injected-parameters' not in cell.get('metadata', {}).get('tags', [])]
    return {**notebook, 'cells': cells}


def code_cells(notebook):
    """The code cells, in order."""
    cells = [(index, raw) for index, raw in enumerate(notebook['cells']) if raw.get('cell_type') == 'code']
    return [Cell(raw, number, index) for number, (index, raw) in enumerate(cells, start=1)]


def parameters_cell(cells):
    """The cell tagged `parameters`; None without one."""
    found = [cell for cell in cells if 'parameters' in cell.tags]
    if len(found) > 1:
        raise Refusal(f'Two cells are tagged `parameters`: {found[0]} and {found[1]}. Leave the tag on one.')
    return found[0] if found else None


def parameter_defaults(cell):
    """Name -> (default, annotation) of the cell tagged `parameters`; a default that is no literal is `...`."""
    try:
        body = ast.parse(cell.source).body
    except SyntaxError as error:
        raise Refusal(f'The parameters cannot be read, {cell}: {error.msg}, in its line {error.lineno}.') from None
    defaults = {}
    for statement in body:
        if isinstance(statement, ast.Assign):
            targets, value, annotation = statement.targets, statement.value, None
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets, value, annotation = [statement.target], statement.value, ast.unparse(statement.annotation)
        else:
            continue
        for target in targets:
            if isinstance(target, ast.Name):
                defaults[target.id] = (literal(value), annotation)
            elif isinstance(target, (ast.Tuple, ast.List)):
                values = value.elts if isinstance(value, (ast.Tuple, ast.List)) else []
                for place, name in enumerate(target.elts):
                    if isinstance(name, ast.Name):
                        defaults[name.id] = (literal(values[place]) if place < len(values) else ..., None)
    return defaults


def literal(node):
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ...


def kind_of(value):
    """What people call the type of a value."""
    if value is None:
        return 'None'
    if isinstance(value, bool):
        return 'true or false'
    if isinstance(value, (int, float)):
        return 'a number'
    if isinstance(value, str):
        return 'a text'
    return 'a list' if isinstance(value, (list, tuple)) else type(value).__name__
