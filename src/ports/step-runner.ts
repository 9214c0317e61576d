import type { Json } from '../contract/pipeline.ts'
import type { StepInputs } from '../contract/step.ts'

export type StepWork =
  /**
   * A function of the project: found by pipeline and step in the `functions` of what `config` exports by default. `codeVersion` changes with
   * the project's code, and tells a runner that keeps processes warm which of them have the old one.
   */
  | { kind: 'function'; config: string; codeVersion: string }
  /** The default export of a module, called with the context and with what the runner's wiring gives. */
  | { kind: 'module'; module: string }
  | {
      kind: 'command'
      command: string[]
      cwd: string
      env: Record<string, string>
      /** The environment of Python that it runs in: made from the lock where it is not yet among those kept. */
      python?: { lock: string; kept: string }
    }
  | {
      kind: 'notebook'
      notebook: string
      /** Set in the notebook before anything of it runs; values of JSON but no objects. */
      parameters: Record<string, Json>
      cwd: string
      env: Record<string, string>
      python: { lock: string; kept: string }
    }

/** One attempt at one execution. */
export interface StepTask {
  executionId: string
  runId: string
  pipeline: string
  step: string
  /** Unlike that of every other attempt at this execution, also of those before a crash. */
  attempt: number
  work: StepWork
  params: Record<string, Json>
  settings: Readonly<Record<string, Json>>
  element: Json
  inputs: StepInputs
  /** Equal for tasks with equal inputs, so that a runner need not send them again for each element of a fan-out. */
  inputsKey: string
  /** A path of this attempt alone; nothing is there yet. What it leaves in it is the engine's to remove. */
  workDir: string
  limits: { timeoutMs: number; memoryMb: number }
  /** Where the bytes of an artifact of the inputs can be read. */
  artifactPath(hash: string): Promise<string>
}

/** Of the step's processes together, at one moment. */
export interface StepUsage {
  memoryMb: number
  cpuSeconds: number
}

/** What the step's processes used up to one moment of an attempt. */
export interface UsagePoint {
  /** Milliseconds since the attempt began. */
  at: number
  /** The most since the point before; MB, resident. */
  memoryMb: number
  /** Since the attempt began. */
  cpuSeconds: number
}

export interface StepListener {
  /** Any piece of text, whole lines or not. */
  log(stream: 'out' | 'err' | 'log', text: string): void
  progress(done: number, message: string): void
  /** The step's processes are alive; called at least every two seconds while they are, with what they have used so far. */
  heartbeat(usage: StepUsage, soFar: StepResources): void
}

export interface StepResources {
  /** Resident; null when the attempt was over before it was looked at. */
  peakMemoryMb: number | null
  cpuSeconds: number
  /** In the order of time, a few dozen however long it took; absent where nobody looked. */
  course?: readonly UsagePoint[]
}

type FailureReason = 'error' | 'timeout' | 'memory' | 'died' | 'killed' | 'stopped'

interface KeptFile {
  name: string
  type: string
  path: string
}

/**
 * `exitCode` is of a command or notebook that ended by itself. `error`: the step said so itself; `died`: its process ended without a word; `killed`: by SIGKILL of
 * somebody else, such as an operator or a system short of memory. `stopped` only after the signal.
 * Artifacts are files below the task's `workDir`.
 */
export type StepOutcome = { resources: StepResources | null; exitCode?: number } & (
  | { ok: true; output: Json; artifacts: KeptFile[] }
  /** `artifacts`: what it leaves although it failed, such as a notebook with the outputs so far. */
  | { ok: false; reason: FailureReason; error: string; artifacts?: KeptFile[] }
)

/**
 * Runs the work of steps: functions of the project, modules of Millwright, commands, and notebooks.
 *
 * - `run` resolves when nothing of the attempt runs any more, whatever came of it; it rejects only when it is closed. A step that takes
 *   down its process fails alone.
 * - An attempt that exceeds its wall time or memory is stopped with all its processes, and the error says the limit and what was used.
 * - After the signal, the step is asked to end, and killed with all its processes when it has not after the runner's grace.
 * - When the process that called `run` dies, of whatever, no process of the step outlives it by more than a second.
 * - Progress and log lines arrive before the outcome.
 */
export interface StepRunner {
  /** How many attempts it can run at a time without slowing each other. */
  readonly slots: number
  run(task: StepTask, listener: StepListener, signal: AbortSignal): Promise<StepOutcome>
  /** The good outcome of an attempt that ended when its caller was dying, and could not be told; undefined without one. */
  adopt(task: StepTask): Promise<StepOutcome | undefined>
  /** Ends everything that runs. */
  close(): Promise<void>
}
