import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { StepOutcome, StepTask } from '../../ports/step-runner.ts'

/** Name and type of the artifact that every execution of a notebook leaves. */
const executedCopy = { name: 'notebook.ipynb', type: 'notebook' }
const program = fileURLToPath(new URL('../../../python/run_notebook.py', import.meta.url))

type NotebookTask = StepTask & { work: { kind: 'notebook' } }
type Failure = StepOutcome & { ok: false }

interface NotebookState {
  /** The cell that it was at: ``code cell 3 (tagged `fit`): `model = fit(rows)` ``. */
  at?: string
  /** Why it ended before its end. */
  error?: string
}

const stateFile = (workDir: string): string => join(workDir, 'notebook-state.json')

/**
 * The program that executes a notebook, which runs in the Python environment of the step. It keeps the copy with the outputs so far among
 * the artifacts, and says in a file where it is.
 *
 * @param artifacts folder of the attempt's artifacts.
 */
export async function notebookProgram({ work, workDir }: NotebookTask, artifacts: string): Promise<string[]> {
  const path = join(workDir, 'notebook.json')
  const task = {
    notebook: work.notebook,
    parameters: work.parameters,
    lock: basename(work.python.lock),
    copy: join(artifacts, executedCopy.name),
    state: stateFile(workDir),
    workDir,
  }
  await writeFile(path, JSON.stringify(task))
  return ['python', '-B', program, path]
}

/** A failure in the words of the notebook, with the copy as far as it got. */
export function notebookFailure({ workDir }: NotebookTask, artifacts: string, failure: Failure): Failure {
  const { at, error } = stateOf(workDir)
  const told = failure.reason === 'error' ? (error ?? failure.error) : `${failure.error}${at ? ` It was at ${at}` : ''}`
  const path = join(artifacts, executedCopy.name)
  return { ...failure, error: told, artifacts: existsSync(path) ? [{ ...executedCopy, path }] : [] }
}

function stateOf(workDir: string): NotebookState {
  try {
    return JSON.parse(readFileSync(stateFile(workDir), 'utf8')) as NotebookState
  } catch {
    return {} // It did not come so far as to say anything.
  }
}
