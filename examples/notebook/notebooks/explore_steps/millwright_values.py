"""How steps that were cells of one notebook hand values on: tables as Parquet, everything else as JSON, each an artifact of its step.

Made by `millwright notebook promote`: change the notebook, and promote again.
"""

import hashlib
import inspect
import io
import json
import math
import os
import sys


class Unfit(Exception):
    """A value that cannot be handed on as it is; its text says why and what to do."""


def run_step(function, inputs={}, parameters=(), outputs={}, unchanged=(), taken_later=()):
    """Runs a step as a command of Millwright (docs/steps.md).

    inputs: name -> the step that leaves it; outputs: name -> its type; unchanged: what later steps take from where this one has it;
    taken_later: what it takes and later steps take, too.
    """
    try:
        given = json.loads(os.environ.get('MILLWRIGHT_PARAMS', '{}'))
        arguments = {name: read(name, step) for name, step in inputs.items()}
        defaults = inspect.signature(function).parameters
        arguments.update({name: as_stated(name, given[name], defaults[name].default) for name in parameters if name in given})
        before = {name: fingerprint(name, arguments[name]) for name in unchanged}
        bound = inspect.signature(function).bind(**arguments)
        bound.apply_defaults()
        result = function(**bound.arguments)
        for name, known in before.items():
            if fingerprint(name, arguments[name]) != known:
                raise Unfit(
                    f'The step changed `{name}` in place, and a later step takes it as the step {inputs[name]} left it: '
                    f'assign it in this step (`{name} = {name}`), so that it is handed on from here.'
                )
        values = [result] if len(outputs) == 1 else list(result or ())
        check_shared({**{name: bound.arguments[name] for name in taken_later}, **dict(zip(outputs, values))}, outputs)
        for (name, kind), value in zip(outputs.items(), values):
            leave(name, kind, value)
    except Unfit as error:
        sys.exit(str(error))


def check_shared(values, outputs):
    """What two names share is two things once it was handed on: a change of one would not be one of the other any more."""
    owner = {}
    for name, value in values.items():
        for part in parts_of(value):
            other = owner.get(id(part))
            owner[id(part)] = name
            if other is None or not {name, other} & set(outputs):
                continue
            kind = type(part).__name__
            what = f'`{name}` holds the same {kind} twice' if name == other else f'`{other}` and `{name}` share a {kind}'
            raise Unfit(f'{what}, which later steps would have as two: make one of them a copy.')


def parts_of(value):
    """A value, and every list, dictionary and table in it."""
    if isinstance(value, (list, dict)) or is_table(value):
        yield value
    if isinstance(value, (list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from parts_of(part)


def read(name, step):
    if 'MILLWRIGHT_INPUTS' not in os.environ:
        raise Unfit('This is a step of a pipeline: `millwright run` gives it its inputs.')
    with open(os.environ['MILLWRIGHT_INPUTS'], encoding='utf-8') as file:
        artifacts = json.load(file).get(step, {}).get('artifacts', [])
    paths = {artifact['name']: artifact['path'] for artifact in artifacts}
    if f'{name}.parquet' in paths:
        return table_of(paths[f'{name}.parquet'])
    if f'{name}.json' not in paths:
        raise Unfit(f'The step {step} left no `{name}`: promote the notebook again.')
    with open(paths[f'{name}.json'], encoding='utf-8') as file:
        return json.load(file)


def as_stated(name, value, default):
    """A parameter as the notebook has it: of the type of its default, where that is not None."""
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)  # JSON has one kind of number.
    if default is None or value is None or type(value) is type(default):
        return value
    if isinstance(default, int) and isinstance(value, float) and not isinstance(default, bool):
        return value
    raise Unfit(f'The parameter `{name}` is a {type(default).__name__} ({default!r}), not a {type(value).__name__} ({value!r}).')


def leave(name, kind, value):
    check_type(name, kind, value)
    ending, content = encoded(name, value)
    path = os.path.join(os.environ['MILLWRIGHT_ARTIFACTS'], f'{name}.{ending}')
    if os.path.exists(path):
        raise Unfit(f'The step left a file {name}.{ending} of its own, which is where `{name}` goes: name the file otherwise.')
    with open(path, 'wb') as file:
        file.write(content)


def fingerprint(name, value):
    try:
        ending, content = encoded(name, value)
    except Unfit:
        return None
    return ending, hashlib.sha256(content).hexdigest()


def encoded(name, value):
    """(ending, bytes) of a value that comes back as it was."""
    if is_table(value):
        return 'parquet', table_bytes(name, value)
    if type(value).__module__ == 'numpy' and getattr(value, 'ndim', None) == 0:
        value = value.item()
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        raise Unfit(unfit(name, value)) from None
    if not same(json.loads(text), value):
        raise Unfit(unfit(name, value))
    return 'json', text.encode()


def is_table(value):
    return type(value).__name__ == 'DataFrame' and type(value).__module__.split('.')[0] == 'pandas'


def table_bytes(name, table):
    buffer = io.BytesIO()
    try:
        table.to_parquet(buffer)
        content = buffer.getvalue()
        again = table_of(io.BytesIO(content))
    except ImportError:
        raise Unfit(f'`{name}` is a table, which needs pyarrow to be handed on: add it to the lock.') from None
    except Exception as error:  # pyarrow has one for each kind of column
        raise Unfit(f'`{name}` is a table that Parquet cannot hold: {error}. Give each column one type.') from None
    if not (again.equals(table) and list(again.dtypes) == list(table.dtypes)):
        changed = [str(column) for column in table if column in again and not again[column].equals(table[column])]
        what = f'its columns {", ".join(changed)} do' if changed else 'its types or its index do'
        raise Unfit(f'`{name}` is a table that comes back from Parquet as another: {what} not stay as they are. Give each column one plain type.')
    return content


def table_of(file):
    """Reads without threads: one of pyarrow's that still ends with the interpreter aborts it, after all work (apache/arrow#34314)."""
    from pyarrow.parquet import ParquetFile

    with ParquetFile(file, pre_buffer=False) as parquet:
        return parquet.read(use_threads=False).to_pandas()


def same(read, value):
    """Whether JSON gave back what it was given: a tuple, a number as a key or a set would not be."""
    if isinstance(value, dict):
        return isinstance(read, dict) and list(read) == list(value) and all(same(read[key], value[key]) for key in value)
    if isinstance(value, list):
        return isinstance(read, list) and len(read) == len(value) and all(map(same, read, value))
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return read is value or read == value and type(read) is type(value)
    return isinstance(value, (int, float)) and read == value


def unfit(name, value):
    kind = f'{type(value).__module__}.{type(value).__qualname__}'.replace('builtins.', '')
    if isinstance(value, float) and not math.isfinite(value):
        return f'`{name}` is {value}, which JSON does not have: use None in its place.'
    mends = {
        'tuple': 'make it a list',
        'set': 'make it a sorted list',
        'ndarray': 'make it a list with `.tolist()`, or a table',
        'Series': 'make it a table with `.to_frame()`, or a list with `.tolist()`',
    }
    if type(value).__name__ in ('dict', 'list'):
        return f'`{name}` is a {kind} that holds something else than texts, finite numbers, lists, and dictionaries with texts as keys: make these of it.'
    mend = mends.get(type(value).__name__, 'let the cells that share it be one step, or write it to a file in MILLWRIGHT_ARTIFACTS')
    return f'`{name}` is a {kind}, which is neither a table nor JSON: {mend}.'


def check_type(name, kind, value):
    plain = {'int': int, 'float': (int, float), 'str': str, 'bool': bool, 'list': list, 'dict': dict}
    stated = kind.split('[')[0]
    if stated in plain:
        number = type(value).__module__ == 'numpy' and getattr(value, 'ndim', None) == 0
        fits = isinstance(value.item() if number else value, plain[stated]) and (stated == 'bool' or not isinstance(value, bool))
    elif stated.endswith('.DataFrame'):
        fits = type(value).__name__ == 'DataFrame'
    else:
        fits = True
    if not fits:
        raise Unfit(f'`{name}` is stated as {kind} and is a {type(value).__qualname__}: mend the annotation or the value.')
