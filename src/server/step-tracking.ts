import type { StepRecord } from '../contract/run.ts'
import type { AttemptRuns } from '../domain/pipelines/attempt-runs.ts'
import { ensurePipelineExperiment, experimentOfPipeline, stepRuns } from '../domain/tracking/step-runs.ts'
import type { Metadata } from '../ports/metadata.ts'
import { StepTokens } from './step-tokens.ts'

/** Where it is reached from this machine. */
const fromHere = (address: string): string =>
  address.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')

/** What programs of steps log with: runs, the variables that lead there, and the tokens that let them in. */
export class StepTracking {
  readonly tokens = new StepTokens()
  private listens: (address: string) => void = () => {}
  private readonly address = new Promise<string>((resolve) => {
    this.listens = resolve
  })

  constructor(private readonly metadata: Metadata) {}

  /** From now on programs of steps can log; those that were begun before wait. */
  listensAt(address: string): void {
    this.listens(fromHere(address))
  }

  /** It will not listen any more: what waits for that waits no longer. */
  close(): void {
    this.listens('')
  }

  /** Shows pipelines that have runs from before they were shown. */
  async show(pipelines: readonly string[]): Promise<void> {
    for (const pipeline of pipelines) {
      if ((await this.metadata.count('run', { pipeline })) === 0) continue
      if (await experimentOfPipeline(this.metadata.tracking, pipeline)) continue
      await this.metadata.transaction(async (writer) => {
        await ensurePipelineExperiment(writer, pipeline)
      })
    }
  }

  readonly runs: AttemptRuns = {
    queued: stepRuns.queued,
    begin: stepRuns.begin,
    end: async (writer, id, how, exitCode) => {
      this.tokens.end(id)
      await stepRuns.end(writer, id, how, exitCode)
    },
  }

  /** Variables for the program of an attempt: where it logs, into which run, and that it may. None for one without a run. */
  readonly variables = async ({ id, trackedRun }: StepRecord): Promise<Record<string, string>> => {
    if (trackedRun === undefined) return {}
    const { tracking } = this.metadata
    const { experimentId } = (await tracking.run(trackedRun))!
    return {
      MLFLOW_TRACKING_URI: await this.address,
      MLFLOW_RUN_ID: trackedRun,
      // Of further runs that the program starts.
      MLFLOW_EXPERIMENT_ID: experimentId,
      MLFLOW_EXPERIMENT_NAME: (await tracking.experiment(experimentId))!.name,
      MLFLOW_TRACKING_TOKEN: this.tokens.issue(id, trackedRun),
      // Those of another server would be taken before the token.
      MLFLOW_TRACKING_USERNAME: '',
      MLFLOW_TRACKING_PASSWORD: '',
    }
  }
}
