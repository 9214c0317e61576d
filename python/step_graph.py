"""The steps of a notebook whose cells are tagged `step:<name>`: what each takes from which, and why it cannot be. Standard library only."""

import ast
import builtins
import difflib
import re

from name_flow import Flow
from notebook_cells import Refusal, code_cells, parameter_defaults, parameters_cell

step_name = re.compile(r'[a-z][a-z0-9_-]{0,62}', re.IGNORECASE)
ipython = {
    'display': 'is of notebooks only: print what is to be seen',
    'get_ipython': 'is of notebooks only: say it in Python',
}
names_of_python = frozenset([*dir(builtins), '__name__', '__file__', '__doc__'])


class Step:
    def __init__(self, name):
        self.name = name
        self.cells = []
        self.flow = Flow()
        self.inputs = {}
        """Name -> the step that it comes from."""
        self.parameters = []
        self.imports = {}
        self.setup_names = set()
        self.outputs = []
        self.types = {}
        self.unchanged = []
        self.taken_later = []

    @property
    def identifier(self):
        return f"step_{self.name.replace('-', '_')}"

    @property
    def needs(self):
        return list(dict.fromkeys(self.inputs.values()))

    @property
    def source(self):
        return '\n'.join(cell.source for cell in self.cells)


class Graph:
    """Everything that there is to write down; `refusals` say what has to be mended first."""

    def __init__(self, notebook):
        self.refusals = []
        self.notes = []
        self.trees = {}
        self.steps = {}
        self.setup = []
        self.setup_flow = Flow()
        self.parameters = {}
        cells = code_cells(notebook)
        self.left_out = self.sort(cells)
        if not self.steps and not self.refusals:
            self.refuse('No cell is tagged `step:<name>`, so there is nothing to promote: tag those that are to be steps.')
        if not self.refusals:
            self.read_setup()
            self.check_order()
        if not self.refusals:
            self.connect()

    def refuse(self, text):
        if text not in self.refusals:
            self.refusals.append(text)

    # Cells

    def sort(self, cells):
        """Gives each cell its part. @returns those that are in none."""
        parameters = parameters_cell(cells)
        left_out = []
        for cell in cells:
            steps = [tag[5:] for tag in cell.tags if tag.startswith('step:')]
            if not cell.source.strip():
                continue
            if cell is parameters:
                self.read_parameters(cell)
            elif len(steps) > 1:
                self.refuse(f'{cell} is in two steps, {" and ".join(steps)}: leave one of the tags.')
            elif steps:
                self.add_to_step(steps[0], cell)
            elif 'setup' in cell.tags or (not self.steps and not cell.tags and defines_only(cell)):
                if self.parse(cell):
                    self.setup.append(cell)
            else:
                left_out.append(cell)
        self.notes += [f'{cell} is in no step, and left out.' for cell in left_out]
        return left_out

    def add_to_step(self, name, cell):
        if not step_name.fullmatch(name):
            self.refuse(f'{cell} names a step "{name}": a letter, then letters, digits, - or _, at most 63 in all.')
            return
        other = next((each for each in self.steps.values() if each.name != name and each.identifier == Step(name).identifier), None)
        if other:
            self.refuse(f'The steps {other.name} and {name} would have the same file: give one of them another name.')
        if self.parse(cell):
            self.steps.setdefault(name, Step(name)).cells.append(cell)

    def parse(self, cell):
        try:
            compile(cell.source, '<cell>', 'exec')
            self.trees[cell] = ast.parse(cell.source, type_comments=True)
        except SyntaxError as error:
            self.refuse(magic_in(cell) or f'{cell} is no Python, in its line {error.lineno}: {error.msg}.')
            return False
        return True

    def read_parameters(self, cell):
        for name, (default, annotation) in parameter_defaults(cell).items():
            if not is_parameter(default):
                self.refuse(f'The parameter `{name}` has no plain default, {cell}: write a number, a text, True, None or a list of these.')
            self.parameters[name] = (default, annotation or (None if default is None else type(default).__name__))

    def read_setup(self):
        for cell in self.setup:
            self.within(lambda cell=cell: self.setup_flow.add(cell, self.trees[cell]))
        for name, cell in self.setup_flow.needed.items():
            if name in self.setup_flow.bound or name in names_of_python:
                continue
            if name in self.parameters:
                self.refuse(f'{cell} reads the parameter `{name}` in code that all steps share: make it an argument.')
            else:
                self.refuse(f'{cell} reads `{name}`, which no cell for all steps defines: make it an argument, or tag its cell `setup`.')

    @property
    def setup_has_effects(self):
        return not all(defines_only(cell) for cell in self.setup)

    def within(self, work):
        try:
            work()
        except Refusal as refusal:
            self.refuse(str(refusal))

    # Steps

    def check_order(self):
        """The cells of a step are joined, so what stands between them must have nothing to do with those that move up."""
        order = [(cell, step) for step in self.steps.values() for cell in step.cells]
        order.sort(key=lambda pair: pair[0].number)
        flows = [self.flow_of([cell]) or Flow() for cell, _ in order]
        modules = {name for flow in flows for name, binding in flow.bound.items() if binding.kind == 'import'}
        for place, (cell, step) in enumerate(order):
            first = next(at for at, (_, other) in enumerate(order) if other is step)
            moved = flows[place]
            for (_, other), passed in zip(order[first:place], flows[first:place]):
                if other is step:
                    continue
                changes, passes = moved.may_change(), passed.may_change()
                shared = changes & {*passed.needed, *passes} | {*moved.needed} & passes
                imported = {name for name in shared if name in self.setup_flow.bound or name in modules}
                if shared - imported:
                    names = ', '.join(f'`{name}`' for name in sorted(shared - imported))
                    self.refuse(
                        f'The step {step.name} goes on in {cell} after the step {other.name}, and both have to do with {names}: '
                        f'give these cells a step of their own.'
                    )
                    return

    def flow_of(self, cells):
        flow = Flow()
        try:
            for cell in cells:
                flow.add(cell, self.trees[cell])
        except Refusal as refusal:
            self.refuse(str(refusal))
            return None
        return flow

    def connect(self):
        available = {}
        for step in self.steps.values():
            flow = self.flow_of(step.cells)
            if flow is None:
                continue
            step.flow = flow
            for name, cell in flow.needed.items():
                self.resolve(step, name, cell, available)
            for name, binding in flow.bound.items():
                # Where no branch assigns it, it is handed on as it came.
                if name not in flow.defined and name not in flow.needed and (name in available or name in self.parameters):
                    self.resolve(step, name, binding.cell, available)
            for name, cell in flow.touched.items():
                binding = self.setup_flow.bound.get(name)
                if binding and binding.kind == 'value' and name not in flow.bound and name not in available:
                    self.refuse(f'{cell} changes `{name}`, of which each step has one of its own: make it in a step.')
                if name in flow.bound or (name not in step.inputs and name not in step.parameters):
                    continue
                kind = self.type_of(step, name)
                # Nothing changes a number or a text.
                if kind not in ('int', 'float', 'str', 'bool'):
                    available[name] = (step, 'value', kind)
            for name, binding in flow.bound.items():
                available[name] = (step, binding.kind, binding.text if binding.kind == 'import' else binding.annotation)
        steps = list(self.steps.values())
        for place, step in enumerate(steps):
            for name, source in step.inputs.items():
                producer = self.steps[source]
                if name not in producer.outputs:
                    producer.outputs.append(name)
            step.unchanged = [
                name
                for name, source in step.inputs.items()
                if any(later.inputs.get(name) == source for later in steps[place + 1 :])
            ]
        later = set()
        for step in reversed(steps):
            step.taken_later = [name for name in [*step.inputs, *step.parameters] if name in later and name not in step.outputs]
            later |= {*step.inputs, *step.parameters}
        for step in steps:
            step.outputs.sort(key=list(dict.fromkeys([*step.flow.bound, *step.flow.touched])).index)
            for name in [*step.inputs, *step.parameters, *step.outputs]:
                step.types[name] = self.type_of(step, name)
        self.note_what_is_hidden(steps)

    def resolve(self, step, name, cell, available):
        found = available.get(name)
        if found:
            source, kind, text = found
            if kind == 'import':
                step.imports[name] = text
            elif kind == 'value':
                step.inputs[name] = source.name
                step.types[name] = text or 'object'
            else:
                what = 'a class' if kind == 'class' else 'a function'
                self.refuse(
                    f'{cell} reads `{name}`, {what} that the step {source.name} makes: put its cell before the steps, or tag it `setup`.'
                )
        elif name in self.parameters:
            step.parameters.append(name)
        elif name in self.setup_flow.bound:
            if name in step.flow.bound:
                self.refuse(f'{cell} reads `{name}`, which all steps share, and the step {step.name} assigns it, too: give one another name.')
            step.setup_names.add(name)
        elif name not in names_of_python and name not in step.flow.bound:
            self.refuse(self.never_defined(name, cell))

    def never_defined(self, name, cell):
        if name in ipython:
            return f'{cell} calls `{name}`, which {ipython[name]}.'
        for other in self.left_out:
            flow = Flow()
            try:
                flow.add(other, ast.parse(other.source))
            except (SyntaxError, Refusal):
                continue
            if name in flow.bound:
                return f'{cell} reads `{name}`, which is assigned in no step but in {other}: tag that cell, too.'
        later = next((step for step in self.steps.values() if name in step.flow.bound or name in (self.flow_of(step.cells) or Flow()).bound), None)
        if later:
            return f'{cell} reads `{name}`, which only the later step {later.name} assigns: put the cells into their order.'
        known = [*self.parameters, *self.setup_flow.bound, *(name for step in self.steps.values() for name in step.flow.bound)]
        near = difflib.get_close_matches(name, known, n=1)
        return f'{cell} reads `{name}`, which is never defined.' + (f' Did you mean `{near[0]}`?' if near else '')

    def type_of(self, step, name):
        """As annotated where it is made, as it shows there, else `object`; the names in it come with it."""
        binding = step.flow.bound.get(name)
        if name in step.outputs and binding is not None:
            text = binding.annotation or 'object'
        elif name in step.inputs:
            text = step.types.get(name, 'object')
        elif name in step.parameters:
            text = self.parameters[name][1] or 'object'
        else:
            text = (binding.annotation if binding else None) or 'object'
        try:
            names = {node.id for node in ast.walk(ast.parse(text, mode='eval')) if isinstance(node, ast.Name)}
        except SyntaxError:
            return 'object'
        for each in names - names_of_python:
            if each in self.setup_flow.bound:
                step.setup_names.add(each)
            elif each not in step.imports and getattr(step.flow.bound.get(each), 'kind', None) != 'import':
                return 'object'
        # A name that a step imports within its function is none of the module.
        inside = {each for each in names if each in step.flow.bound and each not in step.imports}
        for each in inside:
            step.imports[each] = step.flow.bound[each].text
        return text

    def note_what_is_hidden(self, steps):
        for cell in [*self.setup, *(cell for step in steps for cell in step.cells)]:
            for node in ast.walk(self.trees[cell]):
                called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else None
                if called in ('eval', 'exec', 'globals', 'locals', 'vars'):
                    self.notes.append(f'{cell} calls `{called}`: names that it uses are not seen, and not handed on.')
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == 'seed':
                    self.notes.append(
                        f'{cell} seeds chance for all that follows, but each step is a process of its own: '
                        'where it must be the same, make a generator from a seed in the step.'
                    )


def is_parameter(value):
    if isinstance(value, list):
        return all(map(is_parameter, value))
    return value is None or isinstance(value, (bool, int, float, str))


def defines_only(cell):
    """Whether a cell only imports and defines, so that it may stand before every step."""
    try:
        body = ast.parse(cell.source).body
    except SyntaxError:
        return False
    return all(is_definition(statement) for statement in body)


def is_definition(statement):
    if isinstance(statement, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return True
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    value = statement.value if isinstance(statement, (ast.Assign, ast.AnnAssign)) else None
    if value is None:
        return False
    try:
        ast.literal_eval(value)
    except ValueError:
        return False
    return True


def magic_in(cell):
    """What to say of a cell that is no Python because of a magic; None when there is none."""
    for number, line in enumerate(cell.source.splitlines(), start=1):
        text = line.strip()
        if text.startswith('#'):
            continue
        if re.match(r'%|!|\?', text) or text.endswith('?') or re.match(r'[\w, ]+=\s*[%!]', text):
            what = 'a line for the shell' if re.match(r'!|[\w, ]+=\s*!', text) else 'a magic of IPython'
            return f'{cell} is no Python, in its line {number}: `{text}` is {what}; say it in Python, or leave it out.'
    return None

