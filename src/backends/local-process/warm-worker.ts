import type { ChildProcess } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { messageOf } from '../../base/errors.ts'
import type { StepListener, StepOutcome, StepTask } from '../../ports/step-runner.ts'
import { AttemptGuard } from './attempt-guard.ts'
import { inheritedEnvironment } from './inherited-environment.ts'
import { killedCode, signalGroup, signalName, spawnShim } from './shim.ts'
import type { UsageWatch } from './usage-watch.ts'
import type { FromWorker, ToWorker, WorkerTask } from './worker-messages.ts'

/** This very file's ending tells whether Millwright runs from its sources or from its build. */
const fromSource = import.meta.url.endsWith('.ts')
const entry = fileURLToPath(new URL(fromSource ? './worker.ts' : './worker.js', import.meta.url))
const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

interface Ending {
  how: string
  reason: 'died' | 'killed'
}

export interface WorkerSetup {
  projectDir: string
  /** Module that gives stages their services. */
  wiring: string | undefined
  graceMs: number
}

/** A Node process that has loaded the project and waits for its next task. */
export class WarmWorker {
  /** The project's code that it has loaded; undefined before the first function. */
  codeVersion: string | undefined
  tasks = 0
  /** Resident memory after the last task. */
  memoryMb = 0
  alive = true
  private readonly child: ChildProcess
  private readonly exited: Promise<Ending>
  private inputsKey: string | undefined
  private onMessage: (message: FromWorker) => void = () => undefined
  private onPrinted: (text: string) => void = () => undefined
  private lastWords = ''

  constructor(
    private readonly setup: WorkerSetup,
    private readonly watch: UsageWatch,
  ) {
    const program = [process.execPath]
    if (fromSource) program.push('--conditions=millwright-source')
    program.push('--import', loader, entry, setup.wiring ?? '')
    this.child = spawnShim(program, { cwd: setup.projectDir, env: inheritedEnvironment(), messages: true })
    this.child.on('message', (message) => this.onMessage(message as FromWorker))
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.lastWords = (this.lastWords + text).slice(-2000)
        this.onPrinted(text)
      })
    }
    this.exited = new Promise((resolve) => {
      this.child.on('error', (error) => {
        this.alive = false
        resolve({ how: `could not be started: ${error.message}`, reason: 'died' })
      })
      this.child.on('exit', (code, signal) => {
        this.alive = false
        resolve(endingOf(code, signal))
      })
    })
  }

  /** Runs one task; afterwards the worker may have died, which `alive` says. */
  async run(task: StepTask, outcomePath: string, listener: StepListener, signal: AbortSignal): Promise<StepOutcome> {
    if (this.child.pid === undefined) return this.ended()
    if (task.work.kind === 'function') this.codeVersion = task.work.codeVersion
    this.tasks += 1
    const guard = new AttemptGuard(task, this.child, this.watch, listener, signal, {
      ask: () => {
        this.tell({ type: 'stop' })
        signalGroup(this.child, 'SIGTERM')
      },
      graceMs: this.setup.graceMs,
    })
    this.lastWords = ''
    this.onPrinted = (text) => listener.log('err', text)
    const told = new Promise<StepOutcome>((resolve) => {
      this.onMessage = (message) => {
        if (message.type === 'outcome') resolve(message.outcome)
        else if (message.type === 'log') listener.log(message.stream, message.text)
        else if (message.type === 'progress') listener.progress(message.done, message.message)
        else if (message.type === 'path') void this.answerPath(task, message.hash)
      }
    })
    this.tell({ type: 'run', task: this.workerTask(task, outcomePath) })
    const died = this.exited.then(() => this.ended())
    const outcome = await Promise.race([told, died])
    this.onMessage = () => undefined
    this.onPrinted = () => undefined
    this.memoryMb = outcome.resources?.peakMemoryMb ?? this.memoryMb
    guard.release()
    const resources = guard.resources(outcome.resources)
    if (!guard.verdict) return { ...outcome, resources }
    // What it started may still be at work; only the end of the process ends that.
    await this.end()
    return { ok: false, ...guard.verdict, resources }
  }

  /** Ends the process and all it started. */
  async end(): Promise<void> {
    if (this.alive) signalGroup(this.child, 'SIGKILL')
    await this.exited
  }

  private tell(message: ToWorker): void {
    // A dead worker's channel is closed; its exit is heard elsewhere.
    if (this.child.connected) this.child.send(message, () => undefined)
  }

  private workerTask(task: StepTask, outcomePath: string): WorkerTask {
    const known = this.inputsKey === task.inputsKey
    this.inputsKey = task.inputsKey
    return {
      executionId: task.executionId,
      runId: task.runId,
      pipeline: task.pipeline,
      step: task.step,
      attempt: task.attempt,
      kind: task.work.kind === 'function' ? 'function' : 'module',
      module: task.work.kind === 'function' ? task.work.config : task.work.kind === 'module' ? task.work.module : '',
      params: task.params,
      settings: task.settings,
      element: task.element,
      ...(known ? {} : { inputs: task.inputs }),
      workDir: task.workDir,
      outcomePath,
    }
  }

  private async answerPath(task: StepTask, hash: string): Promise<void> {
    try {
      this.tell({ type: 'path', hash, path: await task.artifactPath(hash), error: '' })
    } catch (error) {
      this.tell({ type: 'path', hash, path: null, error: messageOf(error) })
    }
  }

  private async ended(): Promise<StepOutcome> {
    const { how, reason } = await this.exited
    const words = this.lastWords.trim().split('\n').at(-1)
    return { ok: false, reason, error: `Its process ${how}${words ? `: ${words}` : ''}.`, resources: null }
  }
}

function endingOf(code: number | null, signal: NodeJS.Signals | null): Ending {
  if (signal === 'SIGKILL' || code === killedCode) return { how: 'was killed from outside (SIGKILL)', reason: 'killed' }
  if (signal) return { how: `was killed by ${signal}`, reason: 'died' }
  if (code !== null && code > 128) return { how: `was killed by ${signalName(code)}`, reason: 'died' }
  return { how: `ended with exit code ${code}`, reason: 'died' }
}
