import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CellText, notebookOf } from './notebook-file.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const without = spawnSync('python3', ['--version']).status !== 0
const example = join(root, 'examples/notebook')

describe.skipIf(without)(`promoting a notebook${without ? ' (skipped: there is no python3)' : ''}`, () => {
  let folder: string
  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'millwright promote ')))
    await writeFile(join(folder, 'millwright.config.ts'), '')
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const promote = (cwd: string, ...line: string[]): Promise<{ code: number; said: string }> =>
    new Promise((resolve) => {
      const args = [join(root, 'bin/millwright.mjs'), 'notebook', 'promote', ...line]
      execFile(process.execPath, args, { cwd }, (error, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, said: `${stdout}${stderr}` }),
      )
    })
  const script = join(root, 'python/promote_notebook.py')
  /** What the analysis alone says, without the command line around it. */
  const analysed = async (...cells: CellText[]) => {
    const path = join(folder, 'cells.ipynb')
    await writeFile(path, notebookOf(...cells))
    const { stdout, stderr } = spawnSync('python3', ['-B', script, path, 'cells.ipynb'], { encoding: 'utf8' })
    if (!stdout) throw new Error(stderr)
    return JSON.parse(stdout) as {
      refusals: string[]
      notes: string[]
      files: Record<string, string>
      steps: { name: string; needs: string[]; reads: string[] | null; readsInputs: boolean }[]
    }
  }
  const module = async (name: string, ...cells: CellText[]): Promise<string> => {
    const { refusals, files } = await analysed(...cells)
    expect(refusals).toEqual([])
    return files[`step_${name}.py`]!
  }

  it('writes what the example holds, the same each time, and says when it is another', async () => {
    const [first, again] = [join(folder, 'first'), join(folder, 'again')]
    expect(await promote(folder, 'none.ipynb', '--out', first)).toMatchObject({
      code: 1,
      said: expect.stringContaining('there is no notebook none.ipynb'),
    })
    const notebook = join(folder, 'explore.ipynb')
    await writeFile(notebook, await readFile(join(example, 'notebooks/explore.ipynb')))
    await writeFile(join(folder, 'requirements.txt'), 'pandas\n')
    for (const out of [first, again])
      expect(await promote(folder, 'explore.ipynb', '--out', out)).toMatchObject({
        code: 0,
        said: expect.stringContaining('is now the steps make, clean, compare, report'),
      })
    const bytes = async (at: string) =>
      Promise.all((await readdir(at)).sort().map(async (name) => [name, (await readFile(join(at, name))).toString()]))
    const text = JSON.stringify(await bytes(first))
    expect(JSON.stringify(await bytes(again))).toBe(text.replaceAll('first/', 'again/'))
    expect(await promote(join(example, 'notebooks'), 'explore.ipynb', '--check')).toMatchObject({ code: 0 })

    expect(await promote(folder, 'explore.ipynb', '--out', first, '--check')).toMatchObject({ code: 0 })
    await writeFile(notebook, (await readFile(notebook, 'utf8')).replace('step:compare', 'step:weigh'))
    const stale = await promote(folder, 'explore.ipynb', '--out', first, '--check')
    expect(stale.code).toBe(1)
    expect(stale.said).toMatch(/first\/step_weigh\.py is not there[\s\S]*step_compare\.py is of no step any more/)
    expect(await promote(folder, 'explore.ipynb', '--out', first)).toMatchObject({ code: 0 })
    expect(await readdir(first)).not.toContain('step_compare.py')
  }, 180_000)

  it('leaves what somebody else wrote, and stays within the project', async () => {
    await writeFile(join(folder, 'step_own.py'), 'mine = 1\n')
    await writeFile(join(folder, 'one.ipynb'), notebookOf(['x = 1', 'step:one']))
    expect(await promote(folder, 'one.ipynb', '--out', '.')).toMatchObject({
      code: 1,
      said: expect.stringContaining('is somebody’s own file'),
    })
    expect(await promote(folder, 'one.ipynb', '--out', '/tmp')).toMatchObject({
      code: 1,
      said: expect.stringContaining('lies outside the project'),
    })
    const refused = await promote(folder, 'one.ipynb')
    expect(refused.said).toContain('is now the steps one')
    await writeFile(join(folder, 'one.ipynb'), notebookOf(['x = y', 'step:one'], ['%time 1', 'step:two']))
    const { code, said } = await promote(folder, 'one.ipynb')
    expect(code).toBe(1)
    expect(said).toMatch(/one\.ipynb cannot be promoted:[\s\S]*`%time 1` is a magic/)
  }, 180_000)

  it('hands on what is read later, from whoever had it last', async () => {
    const { steps, files } = await analysed(
      ['import json', 'step:a'],
      ['rows = [1]\nscale = 2', 'step:a'],
      ['rows.append(scale)', 'step:b'],
      ['seen = len(rows)', 'step:c'],
      ['print(json.dumps([rows, scale, seen]))', 'step:d'],
    )
    expect(steps.map(({ name, needs }) => [name, needs])).toEqual([
      ['a', []],
      ['b', ['a']],
      ['c', ['b']],
      ['d', ['b', 'a', 'c']],
    ])
    // The import is made again where it is used; nothing hands a module on.
    expect(files['step_d.py']).toContain('\nimport json\n')
    expect(files['step_b.py']).toContain("outputs={'rows': 'list'}")
    expect(files['step_c.py']).toContain("unchanged=['rows']")
  })

  it('tells what a step takes by the order in which it runs', async () => {
    const head: CellText = ['x = 1\ny = 2', 'step:a']
    const takes = async (source: string): Promise<string> => {
      const text = await module('b', head, [source, 'step:b'])
      return /def step_b\((.*?)\)/.exec(text)![1]!
    }
    expect(await takes('x = 5\nprint(x)')).toBe('')
    expect(await takes('print(x)\nx = 5')).toBe('x: int')
    expect(await takes('if y:\n    x = 5\nprint(x)')).toBe('y: int, x: int')
    expect(await takes('for x in []:\n    pass\nprint(x)')).toBe('x: int')
    expect(await takes('print([x for x in range(3)])')).toBe('')
    expect(await takes('print([y for x in range(3)])')).toBe('y: int')
    expect(await takes('print((lambda x: x + y)(1))')).toBe('y: int')
    expect(await takes('def f(x=y):\n    return x')).toBe('y: int')
    expect(await takes('def f():\n    y = 1\n    return y')).toBe('')
    expect(await takes('def f():\n    return x\nx = 3\nf()')).toBe('x: int')
    expect(await takes('class C:\n    x = 1\n    z = x')).toBe('')
    expect(await takes('class C:\n    x = 1\n    def f(self):\n        return x')).toBe('x: int')
    expect(await takes('try:\n    x = 1 / y\nexcept ZeroDivisionError as error:\n    print(error)\nprint(x)')).toBe(
      'y: int, x: int',
    )
    expect(await takes('with open("f") as x:\n    print(x)')).toBe('')
    expect(await takes('x += 1')).toBe('x: int')
    expect(await takes('if (x := y) > 1:\n    print(x)')).toBe('y: int')
    expect(await takes('match y:\n    case [x]:\n        print(x)')).toBe('y: int, x: int')
  }, 120_000)

  it('types what it can, moves no text, and gives parameters their defaults', async () => {
    const cells: CellText[] = [
      ['rate: float = 0.1\nnames = ["a"]', 'parameters'],
      ['import pandas as pd\nlimit = 3\ndef tidy(t: pd.DataFrame) -> pd.DataFrame:\n    return t'],
      ['t = tidy(pd.DataFrame({"x": [rate]}))  # type: pd.DataFrame\nnote = """one\n  two\n"""', 'step:make'],
      ['best: dict[str, int] = {note: len(names)}', 'step:use-it'],
      ['print(best, t)', 'step:end'],
    ]
    const { steps, files } = await analysed(...cells)
    expect(steps.map(({ name, reads }) => [name, reads])).toEqual([
      ['make', ['rate']],
      ['use-it', ['names']],
      ['end', []],
    ])
    expect(files['step_make.py']).toContain('def step_make(rate: float = 0.1) -> tuple[pd.DataFrame, str]:')
    expect(files['step_make.py']).toContain('    note = """one\n  two\n"""\n    return t, note')
    expect(files['step_make.py']).toContain('from notebook_setup import pd, tidy')
    expect(files['step_use_it.py']).toContain("(note: str, names: list = ['a']) -> dict[str, int]:")
    expect(files['step_end.py']).toContain('def step_end(best: dict[str, int], t: pd.DataFrame) -> None:')
  })

  it.each<[string, string, ...CellText[]]>([
    [
      'a name that is never defined',
      'code cell 2 (tagged step:b): `y = counts` reads `counts`, which is never defined. Did you mean `count`?',
      ['count = 1', 'step:a'],
      ['y = counts', 'step:b'],
    ],
    [
      'a name of a cell without a step',
      'is assigned in no step but in code cell 2',
      ['a = 1', 'step:a'],
      ['x = a'],
      ['print(x)', 'step:b'],
    ],
    ['a name that comes later', 'which only the later step b assigns', ['print(x)', 'step:a'], ['x = 1', 'step:b']],
    [
      'a magic',
      'code cell 2 (tagged step:a): `x = 1` is no Python, in its line 2: `%matplotlib inline` is a magic of IPython',
      ['import os'],
      ['x = 1\n%matplotlib inline', 'step:a'],
    ],
    ['a line for the shell', 'in its line 1: `files = !ls` is a line for the shell', ['files = !ls', 'step:a']],
    ['what is no Python', 'is no Python, in its line 1', ['x = (', 'step:a']],
    [
      'a function of a step',
      'reads `f`, a function that the step a makes: put its cell before the steps, or tag it `setup`',
      ['def f():\n    pass', 'step:a'],
      ['f()', 'step:b'],
    ],
    ['`global`', 'by `global`, which a step cannot', ['def f():\n    global x\n    x = 1\nf()', 'step:a']],
    ['a star', 'hides which names it imports', ['from math import *', 'step:a']],
    ['what only notebooks have', 'calls `display`, which is of notebooks only', ['display(1)', 'step:a']],
    [
      'setup that reads a step',
      'which no cell for all steps defines',
      ['def f():\n    return rows', 'setup'],
      ['rows = [f()]', 'step:a'],
    ],
    [
      'setup that reads a parameter',
      'reads the parameter `rate` in code that all steps share',
      ['rate = 1', 'parameters'],
      ['def f():\n    return rate'],
      ['x = f()', 'step:a'],
    ],
    [
      'setup that a step changes',
      'changes `seen`, of which each step has one of its own',
      ['seen = []'],
      ['seen.append(1)', 'step:a'],
    ],
    ['setup that a step assigns anew', 'and the step a assigns it, too', ['rate = 1'], ['rate = rate + 1', 'step:a']],
    [
      'a step that goes on after another',
      'and both have to do with `x`: give these cells a step of their own',
      ['x = 1', 'step:a'],
      ['x = x + 1', 'step:b'],
      ['x = x * 2', 'step:a'],
    ],
    [
      'a step that goes on, and may change what the other reads',
      'and both have to do with `x`: give these cells a step of their own',
      ['def grown(rows):\n    rows.append(1)\n    return len(rows)'],
      ['x = [1]', 'step:a'],
      ['y = len(x)', 'step:b'],
      ['z = grown(x)', 'step:a'],
    ],
    ['two steps in one cell', 'is in two steps, a and b', ['x = 1', 'step:a', 'step:b']],
    ['two steps with one file', 'would have the same file', ['x = 1', 'step:a-b'], ['y = 1', 'step:a_b']],
    ['a wrong name', 'names a step "1a"', ['x = 1', 'step:1a']],
    ['no step at all', 'No cell is tagged `step:<name>`', ['x = 1']],
    [
      'a parameter that is worked out',
      'The parameter `now` has no plain default',
      ['import time\nnow = time.time()', 'parameters'],
      ['x = now', 'step:a'],
    ],
    [
      'two cells of parameters',
      'Two cells are tagged `parameters`',
      ['a = 1', 'parameters'],
      ['b = 1', 'parameters'],
      ['x = 1', 'step:a'],
    ],
  ])('refuses %s, with its place and the mend', async (_, text, ...cells) => {
    const { refusals } = await analysed(...cells)
    expect(refusals.join('\n')).toContain(text)
  })

  it('says every fault at once, and tells what it left out or cannot see', async () => {
    const { refusals } = await analysed(['print(a)', 'step:a'], ['print(b)', 'step:b'])
    expect(refusals).toHaveLength(2)
    const { notes } = await analysed(['import random\nrandom.seed(1)', 'setup'], ['x = eval("1")', 'step:a'], ['x'])
    expect(notes).toEqual([
      'code cell 3 (code-2): `x` is in no step, and left out.',
      expect.stringContaining('seeds chance for all that follows'),
      expect.stringContaining('calls `eval`'),
    ])
  })

  it.each([
    ['(1, 2)', '`x` is a tuple, which is neither a table nor JSON: make it a list.'],
    ['{1, 2}', 'make it a sorted list'],
    ['{1: 2}', 'with texts as keys: make these of it'],
    ['float("nan")', '`x` is nan, which JSON does not have: use None in its place.'],
    ['object()', '`x` is a object, which is neither a table nor JSON: let the cells that share it be one step'],
  ])('a step that would hand on %s says so when it runs', async (value, text) => {
    const { files } = await analysed([`x = ${value}`, 'step:a'], ['print(x)', 'step:b'])
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
    const { status, stderr } = spawnSync('python3', ['-B', join(folder, 'step_a.py')], {
      encoding: 'utf8',
      env: { ...process.env, MILLWRIGHT_ARTIFACTS: folder },
    })
    expect([status, stderr.trim()]).toEqual([1, expect.stringContaining(text)])
  })
})
