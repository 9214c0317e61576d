import { execFile, execFileSync } from 'node:child_process'
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const folder = fileURLToPath(new URL('.', import.meta.url))
const python =
  process.env.MILLWRIGHT_PYTHON ?? fileURLToPath(new URL('../../.venv/bin/python', import.meta.url))

function whyNotReproducible(packages: string): string | null {
  try {
    execFileSync(python, ['-c', `import ${packages}`], { stdio: 'ignore' })
    return null
  } catch {
    return 'needs a Python with test/golden/requirements.txt installed, as .venv/bin/python or where $MILLWRIGHT_PYTHON says'
  }
}

const reasons = new Map(
  ['numpy, onnx, scipy, sklearn', 'mlflow'].map((packages) => [packages, whyNotReproducible(packages)]),
)

/** Where two JSON values differ by more than rounding on another processor explains. */
function differences(expected: unknown, found: unknown, path = ''): string[] {
  if (typeof expected === 'number' && typeof found === 'number') {
    const near = Math.abs(expected - found) <= 2e-6 + 1e-6 * Math.abs(expected)
    return near ? [] : [`${path}: ${expected} is now ${found}`]
  }
  if (expected !== null && found !== null && typeof expected === 'object' && typeof found === 'object') {
    const keys = new Set([...Object.keys(expected), ...Object.keys(found)])
    return [...keys].flatMap((key) =>
      differences(
        (expected as Record<string, unknown>)[key],
        (found as Record<string, unknown>)[key],
        `${path}/${key}`,
      ),
    )
  }
  return Object.is(expected, found) ? [] : [`${path}: ${JSON.stringify(expected)} is now ${JSON.stringify(found)}`]
}

/** Runs a script beside nothing else, and returns its output and the folder it ran in. */
async function run(script: string, dir: string): Promise<string> {
  await copyFile(join(folder, script), join(dir, script))
  const { stdout } = await promisify(execFile)(python, [join(dir, script)], { cwd: dir, maxBuffer: 64 << 20 })
  return stdout
}

test.for([
  ['stats.py', 'stats.json'] as const,
  ['evaluation.py', 'evaluation.json'] as const,
  ['monitoring.py', 'monitoring.json'] as const,
  ['linear.py', 'linear.json'] as const,
  ['linear-onnx.py', 'linear-onnx.json'] as const,
  ['search.py', 'search.json'] as const,
])('%s still makes %s', { timeout: 120_000 }, async ([script, golden], context) => {
  const reason = reasons.get(script === 'search.py' ? 'mlflow' : 'numpy, onnx, scipy, sklearn')
  if (reason) context.skip(reason)
  const dir = await mkdtemp(join(tmpdir(), 'golden-'))
  try {
    const printed = await run(script, dir)
    const made = printed.trimStart().startsWith('{') ? printed : await readFile(join(dir, golden), 'utf8')
    const expected = JSON.parse(await readFile(join(folder, golden), 'utf8'))
    expect(differences(expected, JSON.parse(made)).slice(0, 20)).toEqual([])
    if (script === 'linear-onnx.py') {
      expect((await readFile(join(dir, 'linear.onnx'))).equals(await readFile(join(folder, 'linear.onnx')))).toBe(true)
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

test('a golden value that moved would be found', () => {
  expect(differences({ a: [1, 2] }, { a: [1, 2.1] })).toEqual(['/a/1: 2 is now 2.1'])
  expect(differences({ a: 1 }, {})).toEqual(['/a: 1 is now undefined'])
  expect(differences({ a: 1 }, { a: 1 + 1e-9 })).toEqual([])
})
