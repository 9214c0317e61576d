"""Writes the modules of promoted steps. The same graph gives the same text. Standard library only."""

import ast
import io
import tokenize

mark = 'Made by `millwright notebook promote`: change the notebook, and promote again.'


def setup_module(graph, notebook):
    parts = [f'"""What the steps of {notebook} share.\n\n{mark}\n"""', *(cell.source.rstrip() for cell in graph.setup)]
    return '\n\n'.join(parts) + '\n'


def step_module(graph, step, notebook):
    """One step as a function of what it takes, and the lines that run it as a command."""
    cells = ' and '.join(str(cell.number) for cell in step.cells)
    lines = [
        f'"""The step {step.name} of {notebook}: its code cell{"s" if len(step.cells) > 1 else ""} {cells}.',
        '',
        mark,
        '"""',
        '',
        'from __future__ import annotations',
        '',
    ]
    imports = sorted({text for name, text in step.imports.items()})
    if step.setup_names:
        imports.append(f"from notebook_setup import {', '.join(sorted(step.setup_names))}")
    elif graph.setup_has_effects:
        imports.append('import notebook_setup  # for what it does')
    imports.append('from millwright_values import run_step')
    lines += [*imports, '', '', *signature(graph, step), *body_of(step), *returned(step), '', '']
    lines += ["if __name__ == '__main__':", *call(step)]
    return '\n'.join(lines) + '\n'


def signature(graph, step):
    arguments = [f'{name}: {step.types[name]}' for name in step.inputs]
    arguments += [f'{name}: {step.types[name]} = {graph.parameters[name][0]!r}' for name in step.parameters]
    types = [step.types[name] for name in step.outputs]
    result = 'None' if not types else types[0] if len(types) == 1 else f"tuple[{', '.join(types)}]"
    line = f"def {step.identifier}({', '.join(arguments)}) -> {result}:"
    if len(line) <= 100:
        return [line]
    return [f'def {step.identifier}(', *(f'    {argument},' for argument in arguments), f') -> {result}:']


def body_of(step):
    lines = []
    for cell in step.cells:
        lines += [''] if lines else []
        lines += indented(cell.source.rstrip())
    # What a text over several lines holds is not moved, so the code is the same; this is the proof.
    source = '\n'.join(['def moved():', *lines])
    moved = ast.dump(ast.Module(ast.parse(source).body[0].body, []))
    assert moved == ast.dump(ast.Module([node for cell in step.cells for node in ast.parse(cell.source).body], [])), step.name
    return lines


def indented(source):
    """The lines, indented but for those that begin within a text."""
    within = set()
    started = None
    for token in tokenize.generate_tokens(io.StringIO(source + '\n').readline):
        name = tokenize.tok_name[token.type]
        if name == 'STRING':
            within.update(range(token.start[0] + 1, token.end[0] + 1))
        elif name == 'FSTRING_START':
            started = started or [0, token.start[0]]
            started[0] += 1
        elif name == 'FSTRING_END' and started:
            started[0] -= 1
            if started[0] == 0:
                within.update(range(started[1] + 1, token.end[0] + 1))
                started = None
    return [
        line if number in within or not line.strip() else f'    {line}'
        for number, line in enumerate(source.splitlines(), start=1)
    ]


def returned(step):
    return [f"    return {', '.join(step.outputs)}"] if step.outputs else []


def call(step):
    given = {
        'inputs': dict(step.inputs),
        'parameters': list(step.parameters),
        'outputs': {name: step.types[name] for name in step.outputs},
        'unchanged': list(step.unchanged),
        'taken_later': list(step.taken_later),
    }
    parts = [f'{name}={value!r}' for name, value in given.items() if value]
    line = f"    run_step({', '.join([step.identifier, *parts])})"
    if len(line) <= 100:
        return [line]
    return ['    run_step(', f'        {step.identifier},', *(f'        {part},' for part in parts), '    )']
