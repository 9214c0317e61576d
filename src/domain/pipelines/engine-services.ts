import type { Clock } from '../../base/clock.ts'
import type { RunRecord, StepRecord } from '../../contract/run.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Metadata } from '../../ports/metadata.ts'
import type { StepRunner, StepUsage } from '../../ports/step-runner.ts'
import type { AttemptRuns } from './attempt-runs.ts'
import type { Journal } from './journal.ts'
import type { Slots } from './slots.ts'
import type { StageRegistry } from './stage-registry.ts'
import type { StepEnvironment } from './step-environment.ts'
import type { StepKeys } from './step-key.ts'
import type { StepLogs } from './step-log.ts'

/** News of a step while it runs, for whoever watches; nothing of it is an event. */
export interface StepProgress {
  runId: string
  executionId: string
  step: string
  state: StepRecord['state']
  progress: StepRecord['progress']
  elements: StepRecord['elements']
  usage: StepUsage | null
}

/** What all runs of an engine share. */
export interface EngineServices {
  metadata: Metadata
  journal: Journal
  blobs: Blobs
  clock: Clock
  runner: StepRunner
  slots: Slots
  stages: StageRegistry
  keys: StepKeys
  logs: StepLogs
  environment(): StepEnvironment
  projectDir: string
  /** The module with the project's functions. */
  configPath: string
  /** Folder of the attempts' files: `<workRoot>/<run>/<step>[.<index>]-<attempt>`. */
  workRoot: string
  /** Where programs of steps log; without it, nowhere. */
  attemptRuns: AttemptRuns | undefined
  /** Variables for a command beyond its own: where it tracks, and as which run. */
  commandEnv(execution: StepRecord, run: RunRecord): Promise<Record<string, string>> | Record<string, string>
  notify(progress: StepProgress): void
}
