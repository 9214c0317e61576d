import { MillwrightError } from '../../base/errors.ts'
import { canonicalJson, hashOf } from '../../base/hash.ts'
import { type PipelineDefinition, pipelineSchema } from '../../contract/pipeline.ts'
import type { RunRecord, StepRecord } from '../../contract/run.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Metadata } from '../../ports/metadata.ts'
import type { PipelinePlan } from './plan.ts'
import { pendingStep } from './step-record.ts'

/** Runs as they are kept: record, steps, and the pipeline they run, which is a blob under its own hash. */
export class RunStore {
  constructor(
    private readonly metadata: Metadata,
    private readonly blobs: Blobs,
  ) {}

  /** @throws `not-found` */
  async run(runId: string): Promise<RunRecord> {
    const run = await this.metadata.get('run', runId)
    if (!run) throw new MillwrightError('not-found', `There is no run '${runId}'.`)
    return run
  }

  /** Every step's own record, in the plan's order; what was never written is pending. */
  async steps(run: RunRecord, plan: PipelinePlan): Promise<StepRecord[]> {
    return Promise.all(
      plan.order.map(async (step) => {
        return (await this.metadata.get('step', `${run.id}/${step.name}`)) ?? pendingStep(run.id, step.name)
      }),
    )
  }

  /** @returns its hash. */
  async keepPipeline(pipeline: PipelineDefinition): Promise<string> {
    const hash = hashOf(pipeline)
    if (!(await this.blobs.has(hash))) await this.blobs.put(Buffer.from(canonicalJson(pipeline)))
    return hash
  }

  /** The pipeline as it was when the run started. */
  async pipelineOf(run: RunRecord): Promise<PipelineDefinition> {
    const bytes = await this.blobs.get(run.pipelineHash)
    return pipelineSchema.parse(JSON.parse(Buffer.from(bytes).toString()))
  }
}
