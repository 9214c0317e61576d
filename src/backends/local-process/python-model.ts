import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { MillwrightError } from '../../base/errors.ts'
import type { SignatureField } from '../../contract/model.ts'
import type { Tensor } from '../../ports/model-runner.ts'
import { inheritedEnvironment } from './inherited-environment.ts'
import { fromPython, type PythonTensor, toPython } from './python-tensors.ts'
import { signalGroup, signalName, spawnShim } from './shim.ts'

const program = fileURLToPath(new URL('../../../python/serve_model.py', import.meta.url))

/** A model that needs longer to be read than this is taken for stuck, and so is one that needs longer for an answer. */
const usualLimits = { startMs: 120_000, answerMs: 30_000, waiting: 1000 }
/** A process that ended is started again after the first; each time that it ends at once, after twice as long. */
const leastPauseMs = 250
const mostPauseMs = 30_000
/** It stood: what ends it afterwards is another fault. */
const stoodMs = 60_000

type FromModel = { ready: true } | { fault: string } | { id: number; outputs?: PythonTensor[]; error?: string }

interface Waiting {
  resolve: (outputs: PythonTensor[]) => void
  reject: (error: Error) => void
  message: object
}

export interface PythonModelSetup {
  /** What is told of it in errors. */
  name: string
  /** Where its file `MLmodel` lies. */
  folder: string
  /** The interpreter of the model's own environment. */
  python: string
  /** Of that environment. */
  variables: Record<string, string>
  inputs: readonly SignatureField[]
  outputs: readonly SignatureField[]
  limits?: Partial<typeof usualLimits>
}

/**
 * A Python model in a process of its own, which is watched: when it ends, or does not answer, it is ended with all that it started and begun again, and
 * whoever waits is told. Nothing of the model is ever read in this process.
 *
 * One batch is computed at a time, in the order that they came.
 */
export class PythonModel {
  private readonly limits: typeof usualLimits
  private child: ChildProcess | null = null
  private isReady = false
  private wasEverReady = false
  private readonly queue: Waiting[] = []
  private current: (Waiting & { id: number }) | null = null
  private timer: NodeJS.Timeout | undefined
  private pauseMs = leastPauseMs
  private startedAt = 0
  private nextId = 1
  private isReleased = false
  private lastWords = ''
  private why = ''

  constructor(private readonly setup: PythonModelSetup) {
    this.limits = { ...usualLimits, ...setup.limits }
  }

  /** Starts it and waits until it can answer. @throws `model-unreadable` with what Python says. */
  async start(): Promise<this> {
    await new Promise<void>((resolve, reject) => this.spawn(resolve, reject))
    return this
  }

  /** @throws `unavailable` while the process is not there or does not answer; an error of the model's own words when it cannot compute with the values. */
  async run(tensors: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    if (!this.isReady) throw this.unavailable(`its process ended${this.why} and is started again`)
    if (this.queue.length >= this.limits.waiting) throw this.unavailable(`${this.limits.waiting} requests wait for it`)
    const outputs = await new Promise<PythonTensor[]>((resolve, reject) => {
      this.queue.push({ resolve, reject, message: { inputs: toPython(tensors, this.setup.inputs) } })
      this.next()
    })
    return fromPython(outputs, this.setup.outputs, this.setup.name)
  }

  async release(): Promise<void> {
    if (this.isReleased) return
    this.isReleased = true
    clearTimeout(this.timer)
    const { child } = this
    if (!child) return
    const ended = new Promise((resolve) => child.on('exit', resolve))
    signalGroup(child, 'SIGKILL')
    await ended
  }

  private spawn(ready: () => void, failed: (error: Error) => void): void {
    const { folder, python, variables, name } = this.setup
    this.startedAt = Date.now()
    this.lastWords = ''
    this.why = ''
    const child = spawnShim([python, '-u', program, folder], {
      cwd: folder,
      // What a library downloads or measures is not asked for: it would keep the first answer waiting.
      env: { ...inheritedEnvironment(), ...variables, MLFLOW_DISABLE_TELEMETRY: 'true', PYTHONDONTWRITEBYTECODE: '1' },
      messages: true,
    })
    this.child = child
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.lastWords = (this.lastWords + text).slice(-2000)
      })
    const unreadable = (why: string): void =>
      failed(
        new MillwrightError('model-unreadable', `Python cannot load ${name}: ${why}`, {
          hint: 'Load it with mlflow.pyfunc.load_model in an environment made from its requirements.txt alone: what is missing there is missing here.',
        }),
      )
    this.watch(this.limits.startMs, ` after it did not load within ${this.limits.startMs / 1000} s`)
    child.on('message', (message: FromModel) => {
      if ('ready' in message) {
        this.isReady = true
        this.wasEverReady = true
        clearTimeout(this.timer)
        ready()
        this.next()
      } else if ('fault' in message) unreadable(message.fault)
      else this.answered(message)
    })
    child.on('error', (error) => {
      unreadable(error.message)
      this.ended(`: ${error.message}`)
    })
    child.on('exit', (code, signal) => {
      const how = this.why || ` with ${signal ?? (code !== null && code > 128 ? signalName(code) : `code ${code}`)}`
      const said = this.lastWords.trim().split('\n').at(-1)?.slice(0, 500)
      if (!this.isReady) unreadable(`its process ended${how}${said ? `: ${said}` : ''}`)
      this.ended(how)
    })
  }

  private next(): void {
    if (this.current || !this.isReady || !this.child?.connected) return
    const next = this.queue.shift()
    if (!next) return
    this.current = { ...next, id: this.nextId }
    this.nextId += 1
    this.watch(this.limits.answerMs, ` after it did not answer for ${this.limits.answerMs / 1000} s`)
    this.child.send({ id: this.current.id, ...next.message }, () => undefined)
  }

  private answered({ id, outputs, error }: { id: number; outputs?: PythonTensor[]; error?: string }): void {
    if (this.current?.id !== id) return
    const { resolve, reject } = this.current
    this.current = null
    clearTimeout(this.timer)
    if (outputs) resolve(outputs)
    else reject(new Error(error ?? 'no answer'))
    this.next()
  }

  /** Ends the process when nothing comes for so long. */
  private watch(ms: number, why: string): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => {
      this.why = why
      if (this.child) signalGroup(this.child, 'SIGKILL')
    }, ms)
    this.timer.unref()
  }

  private ended(why: string): void {
    clearTimeout(this.timer)
    this.child = null
    this.isReady = false
    this.why = why
    const all = [...(this.current ? [this.current] : []), ...this.queue.splice(0)]
    this.current = null
    for (const { reject } of all) reject(this.unavailable(`its process ended${why}`))
    // Whoever started it first was told, and knows what to do.
    if (this.isReleased || !this.wasEverReady) return
    this.pauseMs = Date.now() - this.startedAt > stoodMs ? leastPauseMs : Math.min(mostPauseMs, this.pauseMs * 2)
    this.timer = setTimeout(() => {
      if (!this.isReleased) this.spawn(nothing, nothing)
    }, this.pauseMs)
    this.timer.unref()
  }

  private unavailable(why: string): MillwrightError {
    return new MillwrightError('unavailable', `${this.setup.name} cannot answer now: ${why}`, {
      hint: 'Ask again in a moment.',
    })
  }
}

const nothing = (): void => undefined
