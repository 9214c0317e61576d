import { MillwrightError } from '../../base/errors.ts'
import { canonicalJson } from '../../base/hash.ts'
import type { Json, StepDefinition } from '../../contract/pipeline.ts'
import type { StepListener, StepOutcome, StepTask } from '../../ports/step-runner.ts'
import type { EngineServices } from './engine-services.ts'
import { InlineContext } from './inline-context.ts'
import type { LiveRun } from './live-run.ts'
import type { PreparedStep, Success } from './prepared-step.ts'

/** Whether the step is a stage that runs in the control plane itself. */
export function isInline(services: EngineServices, { run }: StepDefinition): boolean {
  return run.kind === 'stage' && services.stages.get(run.stage)?.kind === 'inline'
}

/** One attempt at such a stage. Its promise is left behind when it does not end in time: nothing can stop a function in this process. */
export async function runInline(
  services: EngineServices,
  live: LiveRun,
  prepared: PreparedStep,
  task: Omit<StepTask, 'work'>,
  listener: StepListener,
): Promise<StepOutcome | Success> {
  const run = prepared.definition.run
  const stage = run.kind === 'stage' ? services.stages.get(run.stage) : undefined
  if (stage?.kind !== 'inline') throw new MillwrightError('internal', `The step ${task.step} is no inline stage.`)
  const signal = AbortSignal.any([live.signal, AbortSignal.timeout(Math.min(task.limits.timeoutMs, 2 ** 31 - 1))])
  const context = new InlineContext(task, signal, listener, services.blobs)
  const aborted = new Promise<StepOutcome>((resolve) =>
    signal.addEventListener('abort', () => {
      const stopped = live.signal.aborted
      const error = stopped ? 'It was stopped.' : `It ran longer than its limit of ${task.limits.timeoutMs} ms.`
      resolve({ ok: false, reason: stopped ? 'stopped' : 'timeout', error, resources: null })
    }),
  )
  const done = stage.run(context).then((output): Success => {
    return {
      output: JSON.parse(canonicalJson(output ?? null)) as Json,
      artifacts: context.kept,
      resources: null,
      exitCode: null,
    }
  })
  return Promise.race([done, aborted])
}
