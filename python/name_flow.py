"""
Which names a piece of a notebook reads before it assigns them, which it assigns, and which it may change in place. Standard library only.

The walk follows the order of execution: a name counts as assigned only where every way through the code assigns it. In doubt a name
counts as read, and as changed: to hand a value on needlessly costs time, to leave one out would change results.
"""

import ast

from notebook_cells import Refusal

functions = (ast.FunctionDef, ast.AsyncFunctionDef)
comprehensions = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
# They look at what they are given, and change nothing of it.
harmless = frozenset('print len repr str int float bool sum min max sorted type isinstance hash id dir help any all'.split())


class Binding:
    """What a name stands for: `value`, `import` (with its statement), `function`, `class`, `lambda`."""

    def __init__(self, kind, cell, text=None, annotation=None):
        self.kind = kind
        self.cell = cell
        self.text = text
        self.annotation = annotation


class Flow:
    def __init__(self):
        self.needed = {}
        """Name -> cell of all that may have to come from elsewhere."""
        self.bound = {}
        self.touched = {}
        self.handed = set()
        """Names of what a call is given, or is made on: nobody sees from here whether it changes them."""
        self.defined = set()
        self.cell = None

    def add(self, cell, tree):
        """Goes on with the code of a cell."""
        self.cell = cell
        self.block(tree.body)

    def may_change(self):
        return {*self.bound, *self.touched, *(name for name in self.handed if name in self.needed)}

    # Statements

    def block(self, statements):
        for statement in statements:
            self.statement(statement)

    def branches(self, *bodies):
        start, ends = set(self.defined), []
        for body in bodies:
            self.defined = set(start)
            body()
            ends.append(self.defined)
        self.defined = set.intersection(*ends)

    def statement(self, node):
        if isinstance(node, ast.Assign):
            self.read(node.value)
            kind = 'lambda' if isinstance(node.value, ast.Lambda) else 'value'
            annotation = node.type_comment or type_of(node.value)
            for target in node.targets:
                self.assign(target, kind, annotation)
        elif isinstance(node, ast.AnnAssign):
            self.read(node.annotation)
            if node.value is not None:
                self.read(node.value)
                self.assign(node.target, 'value', ast.unparse(node.annotation))
        elif isinstance(node, ast.AugAssign):
            self.read(node.value)
            if isinstance(node.target, ast.Name):
                self.name_read(node.target.id)
                self.touch(node.target)
                self.bind(node.target.id, 'value')
            else:
                self.assign(node.target, 'value')
        elif isinstance(node, ast.Expr):
            self.effect(node.value)
            self.read(node.value)
        elif isinstance(node, ast.If):
            self.read(node.test)
            self.branches(lambda: self.block(node.body), lambda: self.block(node.orelse))
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            self.read(node.iter)
            self.branches(lambda: (self.assign(node.target), self.block(node.body)), lambda: self.block(node.orelse))
        elif isinstance(node, ast.While):
            self.read(node.test)
            self.branches(lambda: self.block(node.body), lambda: self.block(node.orelse))
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                self.read(item.context_expr)
                if item.optional_vars is not None:
                    self.assign(item.optional_vars)
            self.block(node.body)
        elif isinstance(node, ast.Try) or type(node).__name__ == 'TryStar':
            handlers = [lambda handler=handler: self.handler(handler) for handler in node.handlers]
            self.branches(lambda: self.block(node.body + node.orelse), *handlers)
            self.block(node.finalbody)
        elif type(node).__name__ == 'Match':
            self.read(node.subject)
            self.branches(lambda: None, *[lambda case=case: self.case(case) for case in node.cases])
        elif isinstance(node, functions):
            for part in [*node.decorator_list, *defaults_of(node.args), *annotations_of(node)]:
                self.read(part)
            self.function(node.args, node.body)
            self.bind(node.name, 'function')
        elif isinstance(node, ast.ClassDef):
            for part in [*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)]:
                self.read(part)
            self.class_body(node.body)
            self.bind(node.name, 'class')
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            self.imports(node)
        elif isinstance(node, ast.Delete):
            for target in node.targets:
                self.read(target)
                self.touch(target)
                if isinstance(target, ast.Name):
                    self.defined.discard(target.id)
                    self.bound.pop(target.id, None)
        else:
            for child in ast.iter_child_nodes(node):
                self.read(child)

    def handler(self, handler):
        if handler.type is not None:
            self.read(handler.type)
        if handler.name:
            self.bind(handler.name, 'value')
        self.block(handler.body)

    def case(self, case):
        for node in ast.walk(case.pattern):
            if isinstance(node, ast.expr):
                self.read(node)
            name = getattr(node, 'name', None) or getattr(node, 'rest', None)
            if isinstance(name, str):
                self.bind(name, 'value')
        if case.guard is not None:
            self.read(case.guard)
        self.block(case.body)

    def imports(self, node):
        if isinstance(node, ast.ImportFrom) and node.module == '__future__':
            raise Refusal(f'{self.cell} imports from `__future__`: leave it out, annotations are not evaluated in steps anyway.')
        for alias in node.names:
            if alias.name == '*':
                raise Refusal(f'{self.cell} hides which names it imports: name them in place of `*`.')
            single = type(node)(**{**dict(ast.iter_fields(node)), 'names': [alias]})
            self.bind(alias.asname or alias.name.split('.')[0], 'import', text=ast.unparse(single))

    # What is bound and changed

    def bind(self, name, kind, text=None, annotation=None):
        self.bound[name] = Binding(kind, self.cell, text, annotation)
        self.defined.add(name)

    def assign(self, target, kind='value', annotation=None):
        if isinstance(target, ast.Name):
            self.bind(target.id, kind, annotation=annotation)
        elif isinstance(target, (ast.Tuple, ast.List)):
            for item in target.elts:
                self.assign(item)
        elif isinstance(target, ast.Starred):
            self.assign(target.value)
        else:
            self.read(target)
            self.touch(target)

    def touch(self, node):
        """What a name at the bottom of `a.b[c].d` stands for may be another afterwards."""
        while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call, ast.Starred)):
            node = node.func if isinstance(node, ast.Call) else node.value
        if isinstance(node, ast.Name):
            self.touched.setdefault(node.id, self.cell)

    def effect(self, node):
        """A call whose result nobody wants is made for what it does."""
        if not isinstance(node, ast.Call):
            return
        if isinstance(node.func, ast.Name) and node.func.id in harmless:
            return
        if isinstance(node.func, ast.Attribute):
            self.touch(node.func.value)
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            self.touch(argument)

    # Expressions

    def read(self, node, local=frozenset(), later=False):
        if isinstance(node, ast.Name):
            if node.id not in local and not isinstance(node.ctx, ast.Store):
                self.name_read(node.id)
        elif isinstance(node, ast.NamedExpr):
            self.read(node.value, local, later)
            if not later:
                self.bind(node.target.id, 'value')
        elif isinstance(node, ast.Lambda):
            for part in defaults_of(node.args):
                self.read(part, local, later)
            self.read(node.body, local | arguments_of(node.args), True)
        elif isinstance(node, comprehensions):
            inner = set(local)
            for generator in node.generators:
                self.read(generator.iter, frozenset(inner), later)
                inner |= names_bound(generator.target)
                for condition in generator.ifs:
                    self.read(condition, frozenset(inner), later)
            for part in [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]:
                self.read(part, frozenset(inner), later)
        else:
            if isinstance(node, ast.Call):
                self.handed |= names_handed(node)
                if any(is_in_place(keyword) for keyword in node.keywords):
                    self.touch(node.func)
            for child in ast.iter_child_nodes(node):
                self.read(child, local, later)

    def name_read(self, name):
        # Also what a function reads when it is called: that may be before the cells after it have assigned it.
        if name not in self.defined:
            self.needed.setdefault(name, self.cell)

    def function(self, arguments, body, outer=frozenset()):
        """The body of a function: what it takes from outside is read when it is called."""
        own = set()
        for statement in body:
            own |= names_bound(statement)
        local = outer | own | arguments_of(arguments)
        for statement in body:
            self.inner(statement, local)

    def class_body(self, body, outer=frozenset()):
        # Its functions do not see the names of the class itself.
        own = set()
        for statement in body:
            self.inner(statement, outer | own, functions_see=outer, later=bool(outer))
            own |= names_bound(statement)

    def inner(self, node, local, functions_see=None, later=True):
        seen = local if functions_see is None else functions_see
        if isinstance(node, ast.Global):
            raise Refusal(f'{self.cell} assigns {", ".join(node.names)} by `global`, which a step cannot: return the value instead.')
        if isinstance(node, functions):
            for part in [*node.decorator_list, *defaults_of(node.args), *annotations_of(node)]:
                self.read(part, local, later)
            self.function(node.args, node.body, seen)
        elif isinstance(node, ast.ClassDef):
            for part in [*node.decorator_list, *node.bases]:
                self.read(part, local, later)
            self.class_body(node.body, seen)
        elif isinstance(node, ast.stmt):
            for child in ast.iter_child_nodes(node):
                self.inner(child, local, functions_see, later)
        elif isinstance(node, (ast.excepthandler, ast.withitem)) or type(node).__name__ == 'match_case':
            for child in ast.iter_child_nodes(node):
                self.inner(child, local, functions_see, later)
        elif isinstance(node, ast.AST):
            self.read(node, local, later)


def names_handed(call):
    if isinstance(call.func, ast.Name) and call.func.id in harmless:
        return set()
    parts = [*call.args, *(keyword.value for keyword in call.keywords)]
    if isinstance(call.func, ast.Attribute):
        parts.append(call.func.value)
    return {node.id for part in parts for node in ast.walk(part) if isinstance(node, ast.Name)}


def is_in_place(keyword):
    return keyword.arg == 'inplace' and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)


def defaults_of(arguments):
    return [node for node in [*arguments.defaults, *arguments.kw_defaults] if node is not None]


def annotations_of(function):
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    found = [argument.annotation for argument in every if argument is not None and argument.annotation is not None]
    return found if function.returns is None else [*found, function.returns]


def arguments_of(arguments):
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return frozenset(argument.arg for argument in every if argument is not None)


def names_bound(node):
    """Names that a statement or target binds in its own scope."""
    if isinstance(node, (*functions, ast.ClassDef)):
        return {node.name}
    if isinstance(node, (ast.Lambda, *comprehensions)):
        return set()
    found = set()
    if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
        found.add(node.id)
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        found |= {alias.asname or alias.name.split('.')[0] for alias in node.names}
    elif isinstance(node, ast.ExceptHandler) and node.name:
        found.add(node.name)
    elif type(node).__name__ in ('MatchAs', 'MatchStar', 'MatchMapping'):
        found |= {name for name in (getattr(node, 'name', None), getattr(node, 'rest', None)) if name}
    for child in ast.iter_child_nodes(node):
        found |= names_bound(child)
    return found


def type_of(node):
    """The type that a value shows by how it is written; None where it does not."""
    if isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float, str)):
        return type(node.value).__name__
    if isinstance(node, (ast.List, ast.ListComp)):
        return 'list'
    if isinstance(node, (ast.Dict, ast.DictComp)):
        return 'dict'
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func)
        if called in ('int', 'float', 'str', 'bool', 'list', 'dict'):
            return called
        if called in ('pd.DataFrame', 'pandas.DataFrame') or called.startswith(('pd.read_', 'pandas.read_')):
            return f"{called.split('.')[0]}.DataFrame"
    return None
