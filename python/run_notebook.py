"""
Executes a notebook as a step: `python run_notebook.py task.json`, in the Python environment of the step, which holds nbclient and ipykernel.

The task names the notebook, its parameters, and where to keep the executed copy and to say which cell is at work. The copy is written
whenever a cell begins, at most once a second while one prints, and at every end that leaves time for it. The kernel is a process of
the same group as this one, so that whoever ends the step ends all of it.
"""

import difflib
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from notebook_cells import Cell, Refusal, code_cells, kind_of, parameter_defaults, parameters_cell, read_notebook

needed = {'nbclient': '0.11.0', 'ipykernel': '7.4.0'}
start_seconds = 300
output_seconds = 300
ansi = re.compile(r'\x1b\[[0-9;]*m')
# ipykernel names the file of a cell after its process, and warnings show it.
cell_file = re.compile(r'[^\s"\']*ipykernel_\d+[/\\](\d+)\.py')


def check_packages(lock):
    """Refuses an environment without what executes notebooks, with what to add to its lock."""
    missing = []
    for name in needed:
        try:
            __import__(name)
        except ImportError:
            missing.append(name)
    if not missing:
        return
    if lock == 'uv.lock':
        mend = f"run `uv add {' '.join(missing)}`"
    else:
        lines = ' and '.join(f'`{name}=={needed[name]}`' for name in missing)
        mend = f"add the line{'s' if len(missing) > 1 else ''} {lines}"
    raise Refusal(f"A notebook needs {' and '.join(missing)}, which {lock} does not bring: {mend}, and lock again where it is made by a tool.")


def check_parameters(given, cell):
    """Every parameter is assigned in the cell tagged `parameters`, with a default of the same type; None takes any, and is taken for any."""
    defaults = parameter_defaults(cell)
    for name, value in given.items():
        if name not in defaults:
            near = difflib.get_close_matches(name, defaults, n=1)
            meant = f'Did you mean `{near[0]}`? ' if near else ''
            raise Refusal(
                f"The notebook has no parameter `{name}`. {meant}Its cell tagged `parameters` assigns: {', '.join(defaults) or 'nothing'}."
            )
        default = defaults[name][0]
        if default is ... or default is None or value is None or kind_of(default) == kind_of(value):
            # JSON has one kind of number.
            if isinstance(default, float) and isinstance(value, int):
                given[name] = float(value)
            continue
        raise Refusal(f'The parameter `{name}` is {kind_of(default)} ({default!r}), not {kind_of(value)} ({value!r}).')


def with_parameters(notebook, given):
    """Puts a cell with the parameters behind the one tagged `parameters`; at the top without one."""
    if not given:
        return
    cell = parameters_cell(code_cells(notebook))
    if cell:
        check_parameters(given, cell)
    injected = {
        'cell_type': 'code',
        'execution_count': None,
        'id': 'injected-parameters',
        'metadata': {'tags': ['injected-parameters']},
        'outputs': [],
        'source': ''.join(f'{name} = {value!r}\n' for name, value in given.items()).rstrip('\n'),
    }
    notebook['cells'].insert(cell.index + 1 if cell else 0, injected)


def made_clean(notebook):
    """Without results and times of earlier runs; cells of old notebooks get ids that do not change."""
    notebook['nbformat_minor'] = max(5, notebook.get('nbformat_minor', 0))
    for place, cell in enumerate(notebook['cells'], start=1):
        cell.setdefault('id', f'cell-{place}')
        cell['source'] = ''.join(cell['source'])
        cell['metadata'] = {
            name: value
            for name, value in cell.get('metadata', {}).items()
            if name not in ('execution', 'ExecuteTime', 'papermill')
        }
        if cell.get('cell_type') == 'code':
            cell.update(outputs=[], execution_count=None)
    for name in ('papermill', 'widgets'):
        notebook.get('metadata', {}).pop(name, None)
    return notebook


class Execution:
    def __init__(self, task):
        self.task = task
        self.notebook = None
        self.at = None
        self.kernel = None
        self.written = 0.0

    def keep(self):
        """Writes the executed copy as far as it is. Whoever is interrupted leaves the one before whole."""
        if self.notebook is None:
            return
        import nbformat

        self.written = time.monotonic()
        write_whole(self.task['copy'], nbformat.writes(self.notebook))

    def say(self, error=None):
        state = {name: value for name, value in (('at', self.at), ('error', error)) if value}
        write_whole(self.task['state'], json.dumps(state))

    def run(self):
        check_packages(self.task['lock'])
        raw = made_clean(read_notebook(self.task['notebook']))
        numbers = {cell.index: cell for cell in code_cells(raw)}
        before = [id(cell) for cell in raw['cells']]
        with_parameters(raw, self.task['parameters'])
        # Numbers are those of the notebook that its author sees.
        places = {before.index(id(cell)): place for place, cell in enumerate(raw['cells']) if id(cell) in before}
        numbers = {places[index]: cell for index, cell in numbers.items()}

        import nbformat

        self.notebook = nbformat.from_dict(raw)
        self.keep()
        total = len(numbers)
        with Kernel(self.task['workDir']) as kernel:
            self.kernel = kernel
            client = self.client_of(kernel)
            for index, cell in enumerate(self.notebook.cells):
                if cell.cell_type != 'code' or not cell.source.strip():
                    continue
                named = numbers.get(index)
                self.at = str(named) if named else 'the parameters'
                self.say()
                print(f'[{named.number} of {total}] {named.first_line}' if named else f'[parameters]\n{cell.source}', flush=True)
                self.execute(client, cell, index, kernel)
                self.keep()
            self.at = None

    def execute(self, client, cell, index, kernel):
        from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

        try:
            client.execute_cell(cell, index)
        except CellExecutionError as error:
            lines = [line for line in ansi.sub('', error.evalue).splitlines() if line.strip()]
            self.keep()
            raise Refusal(f"{capital(self.at)} failed. {error.ename}{': ' + lines[-1].strip()[:500] if lines else ''}") from None
        except CellTimeoutError:
            self.keep()
            raise Refusal(f'{capital(self.at)} ended, and not all that it printed arrived within {output_seconds} s.') from None
        except DeadKernelError:
            self.keep()
            raise Refusal(f'{capital(self.at)} ended the process of the notebook ({kernel.ending()}).') from None

    def client_of(self, kernel):
        from nbclient import NotebookClient

        execution = self

        class Client(NotebookClient):
            """Tells what cells print as they print it."""

            def output(self, outs, msg, display_id, cell_index):
                content = msg['content']
                if 'text' in content:
                    content['text'] = cell_file.sub(r'ipykernel/\1.py', content['text'])
                if 'traceback' in content:
                    content['traceback'] = [cell_file.sub(r'ipykernel/\1.py', line) for line in content['traceback']]
                tell(content, msg['msg_type'])
                out = super().output(outs, msg, display_id, cell_index)
                if time.monotonic() - execution.written > 1:
                    execution.keep()
                return out

        client = Client(
            self.notebook,
            km=kernel,
            timeout=None,
            record_timing=False,
            coalesce_streams=True,
            iopub_timeout=output_seconds,
            raise_on_iopub_timeout=True,
        )
        client.kc = kernel.client
        return client


class Kernel:
    """The Python process that the cells run in."""

    def __init__(self, work_dir):
        self.folder = os.path.join(work_dir, 'kernel')
        self.short = None
        os.makedirs(self.folder, exist_ok=True)
        # What the machine's user has set up for notebooks is no part of the step.
        for name in ('IPYTHONDIR', 'JUPYTER_CONFIG_DIR', 'JUPYTER_DATA_DIR', 'JUPYTER_RUNTIME_DIR'):
            os.environ[name] = self.folder
        os.environ['PYDEVD_DISABLE_FILE_VALIDATION'] = '1'

    def __enter__(self):
        from jupyter_client import AsyncKernelClient
        from jupyter_client.connect import write_connection_file
        from jupyter_core.utils import run_sync

        # Sockets of files, which nobody else on the machine can open and no two kernels can both pick; their paths must be short.
        folder = self.folder if len(self.folder) < 80 else self.short_folder()
        place = os.path.join(folder, 'socket')
        path, _ = write_connection_file(os.path.join(self.folder, 'connection.json'), ip=place, transport='ipc')
        line = [sys.executable, '-m', 'ipykernel_launcher', '-f', path, '--HistoryManager.enabled=False']
        # Not by jupyter_client, which gives the kernel a session of its own: that would outlive the step.
        environment = {**os.environ, 'JPY_PARENT_PID': str(os.getpid())}
        self.process = process = subprocess.Popen(line, stdin=subprocess.DEVNULL, env=environment)

        class Client(AsyncKernelClient):
            async def is_alive(self):
                return process.poll() is None

        self.client = Client()
        try:
            self.client.load_connection_file(path)
            # Whether it lives is known from its process; heartbeats are late on a busy machine.
            self.client.start_channels(hb=False)
            run_sync(self.ready)()
        except BaseException:
            self.__exit__()
            raise
        return self

    async def ready(self):
        """Waits until it answers, and until what it prints is heard, so that nothing of the first cell is lost."""
        until = time.monotonic() + start_seconds
        answered = heard = False
        while not (answered and heard):
            if self.process.poll() is not None:
                raise Refusal(f'The process of the notebook ended before its first cell ({self.ending()}).')
            if time.monotonic() > until:
                raise Refusal(f'The process of the notebook did not answer within {start_seconds} s.')
            self.client.kernel_info()
            answered = await self.has_more(self.client.get_shell_msg) or answered
            heard = await self.has_more(self.client.get_iopub_msg) or heard
        while await self.has_more(self.client.get_iopub_msg):
            pass

    async def has_more(self, get_message):
        try:
            await get_message(timeout=0.3)
        except queue.Empty:
            return False
        return True

    def __exit__(self, *_):
        self.client.stop_channels()
        self.process.kill()
        self.process.wait()
        self.discard()

    def discard(self):
        if self.short:
            shutil.rmtree(self.short, ignore_errors=True)

    def short_folder(self):
        self.short = tempfile.mkdtemp(prefix='millwright-')
        return self.short

    def ending(self):
        try:
            code = self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return 'it does not answer'
        return f'killed by {signal.Signals(-code).name}' if code < 0 else f'exit code {code}'


def tell(content, kind):
    if kind == 'stream':
        print(content['text'], end='', flush=True, file=sys.stderr if content['name'] == 'stderr' else sys.stdout)
    elif kind == 'error':
        print(ansi.sub('', '\n'.join(content['traceback'])), file=sys.stderr, flush=True)
    elif 'data' in content:
        data = content['data']
        print(data.get('text/plain', f"[{', '.join(data)}]"), flush=True)


def capital(text):
    return text[:1].upper() + text[1:]


def write_whole(path, text):
    draft = f'{path}.draft'
    with open(draft, 'w', encoding='utf-8') as file:
        file.write(text)
    os.replace(draft, path)


def main():
    with open(sys.argv[1], encoding='utf-8') as file:
        task = json.load(file)
    execution = Execution(task)

    def end(number, _frame):
        execution.keep()
        if execution.kernel:
            execution.kernel.discard()
        os._exit(128 + number)

    signal.signal(signal.SIGTERM, end)
    try:
        execution.run()
    except Refusal as refusal:
        execution.say(str(refusal))
        print(refusal, file=sys.stderr, flush=True)
        sys.exit(1)


main()
