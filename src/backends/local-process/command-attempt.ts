import { readFileSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'
import { messageOf } from '../../base/errors.ts'
import type { Json } from '../../contract/pipeline.ts'
import { filledText } from '../../contract/placeholder.ts'
import type { StepListener, StepOutcome, StepTask } from '../../ports/step-runner.ts'
import { AttemptGuard } from './attempt-guard.ts'
import { inheritedEnvironment } from './inherited-environment.ts'
import { notebookFailure, notebookProgram } from './notebook-program.ts'
import { pythonEnvironment } from './python-environment.ts'
import { killedCode, readStatus, signalGroup, signalName, spawnShim } from './shim.ts'
import type { UsageWatch } from './usage-watch.ts'

/** Files of one attempt at a command (see docs/steps.md). */
function commandFiles(workDir: string): { inputs: string; output: string; artifacts: string; status: string } {
  return {
    inputs: join(workDir, 'inputs.json'),
    output: join(workDir, 'output.json'),
    artifacts: join(workDir, 'artifacts'),
    status: join(workDir, 'status'),
  }
}

type ProgramTask = StepTask & { work: { kind: 'command' | 'notebook' } }

/** Runs any program, or a notebook, as a step. */
export async function runCommand(
  task: ProgramTask,
  watch: UsageWatch,
  listener: StepListener,
  signal: AbortSignal,
  graceMs: number,
): Promise<StepOutcome> {
  const outcome = await run(task, watch, listener, signal, graceMs)
  const { work } = task
  if (outcome.ok || work.kind !== 'notebook') return outcome
  return notebookFailure({ ...task, work }, commandFiles(task.workDir).artifacts, outcome)
}

async function commandLine(task: ProgramTask, artifacts: string): Promise<string[]> {
  const { work } = task
  if (work.kind === 'notebook') return notebookProgram({ ...task, work }, artifacts)
  return work.command.map((argument) => filledText(argument, task))
}

async function run(
  task: ProgramTask,
  watch: UsageWatch,
  listener: StepListener,
  signal: AbortSignal,
  graceMs: number,
): Promise<StepOutcome> {
  const files = commandFiles(task.workDir)
  await mkdir(files.artifacts, { recursive: true })
  await writeFile(files.inputs, JSON.stringify(await inputsWithPaths(task)))
  const command = await commandLine(task, files.artifacts)
  const { python } = task.work
  let pythonVariables: Record<string, string> = {}
  try {
    if (python) pythonVariables = await pythonEnvironment(python.lock, python.kept)
  } catch (error) {
    return { ok: false, reason: 'error', error: messageOf(error), resources: null }
  }
  const env = { ...environment(task, files), ...pythonVariables }
  const child = spawnShim(command, { cwd: task.work.cwd, env, statusPath: files.status })
  if (child.pid === undefined) {
    const error = await new Promise<Error>((resolve) => child.on('error', resolve))
    const text = `The command could not be started in ${task.work.cwd}: ${error.message}.`
    return { ok: false, reason: 'error', error: text, resources: null }
  }
  const guard = new AttemptGuard(task, child, watch, listener, signal, {
    ask: () => signalGroup(child, 'SIGTERM'),
    graceMs,
  })
  child.stdout?.setEncoding('utf8').on('data', (text: string) => listener.log('out', text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => listener.log('err', text))
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve))
  guard.release()
  const status = readStatus(files.status)
  const resources = guard.resources(status ? { peakMemoryMb: null, cpuSeconds: status.cpuSeconds } : null)
  if (guard.verdict) return { ok: false, ...guard.verdict, resources }
  if (!status || status.exitCode === killedCode) {
    const error = `${status ? 'The command was' : 'Its processes were'} killed from outside (SIGKILL).`
    return { ok: false, reason: 'killed', error, resources, ...(status ? { exitCode: status.exitCode } : {}) }
  }
  if (exitCode !== 0) {
    const error = exitError(status.exitCode, command)
    return { ok: false, reason: 'error', error, resources, exitCode: status.exitCode }
  }
  return collect(task, resources)
}

/** The good outcome of a command that ended when nobody listened any more. */
export async function adoptCommand(task: StepTask): Promise<StepOutcome | undefined> {
  const status = readStatus(commandFiles(task.workDir).status)
  if (status?.exitCode !== 0) return undefined
  return collect(task, { peakMemoryMb: null, cpuSeconds: status.cpuSeconds })
}

async function collect(task: StepTask, resources: StepOutcome['resources']): Promise<StepOutcome> {
  const files = commandFiles(task.workDir)
  let output: Json = null
  try {
    output = readJson(files.output)
  } catch (error) {
    const text = `What it wrote to MILLWRIGHT_OUTPUT is not JSON: ${messageOf(error)}.`
    return { ok: false, reason: 'error', error: text, resources }
  }
  const artifacts: { name: string; type: string; path: string }[] = []
  for (const entry of await readdir(files.artifacts, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    artifacts.push({ name: relative(files.artifacts, path).split(sep).join('/'), type: typeOfFile(entry.name), path })
  }
  artifacts.sort((a, b) => (a.name < b.name ? -1 : 1))
  return { ok: true, output, artifacts, resources, exitCode: 0 }
}

function readJson(path: string): Json {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return null // It has nothing to say, which is fine.
  }
  return JSON.parse(text) as Json
}

function typeOfFile(name: string): string {
  const types: Record<string, string> = {
    '.onnx': 'model',
    '.parquet': 'table',
    '.csv': 'table',
    '.json': 'json',
    '.html': 'report',
    '.md': 'report',
    '.ipynb': 'notebook',
  }
  return types[extname(name).toLowerCase()] ?? 'file'
}

async function inputsWithPaths(task: StepTask): Promise<Json> {
  const all: { [step: string]: Json } = {}
  for (const [step, input] of Object.entries(task.inputs)) {
    const artifacts: Json[] = []
    for (const artifact of input.artifacts) {
      artifacts.push({ ...artifact, path: await task.artifactPath(artifact.hash) })
    }
    all[step] = { output: input.output, artifacts }
  }
  return all
}

function environment(task: ProgramTask, files: ReturnType<typeof commandFiles>): NodeJS.ProcessEnv {
  return {
    ...inheritedEnvironment(),
    ...task.work.env,
    MILLWRIGHT_RUN: task.runId,
    MILLWRIGHT_STEP: task.step,
    MILLWRIGHT_PARAMS: JSON.stringify(task.params),
    MILLWRIGHT_SETTINGS: JSON.stringify(task.settings),
    MILLWRIGHT_ELEMENT: JSON.stringify(task.element),
    MILLWRIGHT_INPUTS: files.inputs,
    MILLWRIGHT_OUTPUT: files.output,
    MILLWRIGHT_ARTIFACTS: files.artifacts,
  }
}

function exitError(exitCode: number, command: readonly string[]): string {
  if (exitCode === 127) return `There is no program '${command[0]}': check its name and the PATH of the server.`
  if (exitCode === 126) return `The program '${command[0]}' may not be executed.`
  if (exitCode > 128) return `The command was killed by ${signalName(exitCode)}.`
  return `The command ended with exit code ${exitCode}; its log says why.`
}
