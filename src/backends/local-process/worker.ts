/**
 * The process of the warm pool: loads the project's definition once, then runs one task after another. Started under the shim, with
 * tsx, as `worker <wiring module or ''>`.
 */
import { pathToFileURL } from 'node:url'
import { MillwrightError, messageOf } from '../../base/errors.ts'
import { canonicalJson } from '../../base/hash.ts'
import type { Json } from '../../contract/pipeline.ts'
import type { StepContext, StepFunction, StepInputs } from '../../contract/step.ts'
import type { StepOutcome } from '../../ports/step-runner.ts'
import { writeOutcome } from './outcome-file.ts'
import { WorkerContext } from './worker-context.ts'
import type { FromWorker, ToWorker, WorkerTask } from './worker-messages.ts'

type StageModule = (context: StepContext, services: unknown) => unknown

let inputs: StepInputs = {}
let current: AbortController | undefined
let services: Promise<unknown> | undefined
const waitingPaths = new Map<string, { resolve: (path: string) => void; reject: (error: Error) => void }[]>()

function send(message: FromWorker): void {
  // Without a channel there is nobody to tell: the parent died, and the shim is about to end this process.
  if (process.connected) process.send?.(message)
}

/** What a step prints goes through the channel, so that it arrives in order, before the outcome. */
for (const [name, stream] of [
  ['stdout', 'out'],
  ['stderr', 'err'],
] as const) {
  const decoder = new TextDecoder()
  process[name].write = ((chunk: string | Uint8Array, encoding?: unknown, done?: unknown) => {
    send({ type: 'log', stream, text: typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }) })
    const callback = typeof encoding === 'function' ? encoding : done
    if (typeof callback === 'function') callback()
    return true
  }) as typeof process.stdout.write
}

function wiredServices(): Promise<unknown> {
  const module = process.argv[2]
  services ??= module
    ? import(module).then((wiring: { wire: () => Promise<unknown> }) => wiring.wire())
    : Promise.resolve({})
  return services
}

async function findFunction(task: WorkerTask): Promise<StepFunction> {
  const loaded = (await import(pathToFileURL(task.module).href)) as { default?: unknown }
  // A project without `"type": "module"` is loaded as CommonJS, whose default export lies one level down.
  const nested = loaded.default as { default?: unknown; functions?: unknown } | undefined
  const project = (nested?.functions === undefined && nested?.default !== undefined ? nested.default : nested) as
    | { functions?: Map<string, StepFunction> }
    | undefined
  const found = project?.functions?.get(`${task.pipeline}/${task.step}`)
  if (!found) {
    throw new MillwrightError('not-found', `${task.module} has no function for the step ${task.step}.`, {
      hint: `Its default export must come from defineProject and hold the pipeline ${task.pipeline}.`,
    })
  }
  return found
}

function pathOf(hash: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const waiting = waitingPaths.get(hash)
    if (waiting) waiting.push({ resolve, reject })
    else {
      waitingPaths.set(hash, [{ resolve, reject }])
      send({ type: 'path', hash })
    }
  })
}

async function execute(task: WorkerTask, signal: AbortSignal): Promise<StepOutcome> {
  const before = process.cpuUsage()
  const resources = (): StepOutcome['resources'] => {
    const used = process.cpuUsage(before)
    return {
      peakMemoryMb: process.memoryUsage.rss() / 1024 / 1024,
      cpuSeconds: (used.user + used.system) / 1e6,
    }
  }
  const context = new WorkerContext(task, inputs, signal, send, pathOf)
  try {
    let result: unknown
    if (task.kind === 'function') {
      const step = await findFunction(task)
      const outputs: Record<string, Json> = {}
      for (const [name, input] of Object.entries(inputs)) outputs[name] = input.output
      result = await step(context, outputs)
    } else {
      const stage = ((await import(task.module)) as { default: StageModule }).default
      result = await stage(context, await wiredServices())
    }
    return {
      ok: true,
      output: result === undefined ? null : toJson(result, task.step),
      artifacts: context.kept,
      resources: resources(),
    }
  } catch (error) {
    if (error instanceof Error && error.stack) context.log(error.stack)
    const hint = error instanceof MillwrightError && error.hint ? ` ${error.hint}` : ''
    return { ok: false, reason: 'error', error: messageOf(error) + hint, resources: resources() }
  }
}

/** JSON as it will be read back: what JSON cannot carry is an error here, not a surprise in the next step. */
function toJson(value: unknown, step: string): Json {
  try {
    return JSON.parse(canonicalJson(value)) as Json
  } catch (error) {
    throw new MillwrightError('step-failed', `What the step ${step} returned is not JSON: ${messageOf(error)}.`, {
      hint: 'Return plain values, and keep everything else with context.artifact().',
    })
  }
}

async function run(task: WorkerTask): Promise<void> {
  if (task.inputs) inputs = task.inputs
  current = new AbortController()
  const outcome = await execute(task, current.signal)
  current = undefined
  if (outcome.ok) writeOutcome(task.outcomePath, outcome)
  send({ type: 'outcome', outcome })
}

process.on('message', (message: ToWorker) => {
  if (message.type === 'run') void run(message.task)
  else if (message.type === 'stop') current?.abort(new MillwrightError('conflict', 'The step is to stop.'))
  else {
    const waiting = waitingPaths.get(message.hash) ?? []
    waitingPaths.delete(message.hash)
    for (const { resolve, reject } of waiting) {
      if (message.path === null) reject(new MillwrightError('not-found', message.error))
      else resolve(message.path)
    }
  }
})
// SIGTERM reaches the whole group, so that children of the step end; the worker itself is told by message.
process.on('SIGTERM', () => current?.abort())
process.on('disconnect', () => process.exit(1))
const fail = (error: unknown): void => {
  process.exitCode = 1
  if (current) {
    send({ type: 'log', stream: 'err', text: `${error instanceof Error ? error.stack : String(error)}\n` })
    send({
      type: 'outcome',
      outcome: { ok: false, reason: 'error', error: `outside of its promise: ${messageOf(error)}`, resources: null },
    })
  }
  // The channel is flushed first; what the process holds may be broken, so it takes no further task.
  setImmediate(() => process.exit(1))
}
process.on('uncaughtException', fail)
process.on('unhandledRejection', fail)
send({ type: 'ready' })
