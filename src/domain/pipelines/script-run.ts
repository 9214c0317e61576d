import { MillwrightError } from '../../base/errors.ts'
import { hashOf } from '../../base/hash.ts'
import { type PipelineDefinition, pipelineSchema } from '../../contract/pipeline.ts'
import type { RunRecord } from '../../contract/run.ts'
import type { PipelineEngine, StartRequest } from './engine.ts'
import { describeSource } from './run-source.ts'

export interface ScriptRequest {
  /** The program and its arguments, as typed. */
  command: readonly string[]
  /** The folder it was typed in. */
  cwd: string
  /** The environment it was typed in; used, never kept. */
  env: Record<string, string>
  startedBy: string
  /** Written in the transaction that makes the run. */
  also?: StartRequest['also']
}

/** The pipeline that programs run in that are of none. */
export const scriptPipeline = 'script'

/**
 * Tracks a script as it is: a run of the pipeline `script` with one step, at once, beside whatever else runs. Nothing limits it, nothing
 * of it is reused, and it is not begun again after a crash: it is its author who starts it.
 *
 * @throws `invalid-request` without a command.
 */
export async function startScript(engine: PipelineEngine, request: ScriptRequest): Promise<RunRecord> {
  const [program] = request.command
  if (!program) {
    throw new MillwrightError('invalid-request', 'There is no command to run.', {
      field: 'command',
      hint: 'For example: millwright run -- python train.py',
    })
  }
  const pipeline = pipelineOf(request.command, request.cwd)
  return engine.start({
    pipeline,
    definitionHash: hashOf(pipeline),
    startedBy: request.startedBy,
    reason: request.command.join(' '),
    attended: { env: request.env, source: await describeSource(request.cwd) },
    ...(request.also ? { also: request.also } : {}),
  })
}

function pipelineOf(command: readonly string[], cwd: string): PipelineDefinition {
  return pipelineSchema.parse({
    name: scriptPipeline,
    concurrency: { limit: 1_000_000 },
    afterCrash: 'fail',
    steps: [
      {
        name: 'script',
        run: { kind: 'command', command: [...command], cwd },
        sideEffects: true,
        timeoutMs: 2 ** 31 - 1,
        memoryMb: 1_000_000_000,
      },
    ],
  })
}
