import { MillwrightError } from '../../base/errors.ts'
import type { ExecutedStep, ReproductionReport, RunInputs } from '../../contract/reproduction.ts'
import type { StepRecord } from '../../contract/run.ts'
import { isRunOver, isStepOver } from '../../contract/states.ts'
import { executedSteps, noOrigins } from '../../domain/delivery/executed-steps.ts'
import { firstDifferent, judge } from '../../domain/delivery/reproduction-verdict.ts'
import { compareSteps, isSteady } from '../../domain/delivery/step-comparison.ts'
import { touchesTheWorld, withoutTheWorld } from '../../domain/delivery/steps-of-the-world.ts'
import { planPipeline } from '../../domain/pipelines/plan.ts'
import { describeEnvironment } from '../../domain/pipelines/run-source.ts'
import type { Client } from '../../sdk/client.ts'
import { millwrightVersion } from '../version.ts'
import { keptHome, openWorkbench } from '../workbench.ts'
import { type GivenInputs, installInputs } from './install-inputs.ts'

export interface MakeAgainOptions {
  /** For all of it. */
  timeoutMs: number
  /** Leaves what was made where it is. */
  keep?: boolean
  onNote?(text: string): void
}

/**
 * Makes a run again in a Millwright of its own and compares it, artifact by artifact, with what was recorded.
 *
 * @param given what it is made from: what was recorded, where nothing is to be different.
 * @returns the report, and where its home is if that was to be kept.
 * @throws `unavailable` when it takes too long or the Millwright of its own does not start; what installing throws.
 */
export async function makeAgain(
  recorded: RunInputs,
  given: GivenInputs,
  { timeoutMs, keep = false, onNote = () => undefined }: MakeAgainOptions,
): Promise<{ report: ReproductionReport; home: string | null }> {
  const started = Date.now()
  const deadline = started + timeoutMs
  onNote('fetching what it was made from')
  const bench = await openWorkbench({
    keep,
    prepare: (home) => installInputs(home, given),
  })
  try {
    onNote('making it again')
    const steps = await stepsOver(bench.client, recorded.run.id, deadline)
    const different = firstDifferent(compareSteps(recorded, steps))
    let steady: boolean | null = null
    if (different) {
      onNote(`${different.step} differs: running it a second time`)
      steady = await secondTime(bench.client, recorded, steps, different.step, deadline)
    }
    const report = judge(
      { inputs: recorded, steps: recorded.steps, environment: recorded.run.environment },
      { inputs: given.inputs, steps, environment: describeEnvironment(millwrightVersion) },
      { steady, seconds: (Date.now() - started) / 1000 },
    )
    return { report, home: keep ? keptHome(bench.home) : null }
  } finally {
    await bench.close()
  }
}

/** Steps of a run once it is over, or the step that is named. */
async function stepsOver(client: Client, run: string, deadline: number, step?: string): Promise<ExecutedStep[]> {
  for (;;) {
    const left = deadline - Date.now()
    const query = { waitMs: Math.max(1, Math.min(left, 30_000)), ...(step === undefined ? {} : { step }) }
    const { run: record, steps } = await client.run({ params: { run }, query })
    const isOver = steps.some((each) => each.step === step && each.index === null && isStepOver(each.state))
    if (isOver || isRunOver(record.state)) return executedSteps(steps, noOrigins)
    if (left <= 0) {
      throw new MillwrightError('unavailable', `the run was not made again in time; it is at ${at(steps)}`, {
        hint: 'Give it more time with --timeout.',
      })
    }
  }
}

const at = (steps: readonly StepRecord[]): string =>
  steps
    .filter(({ state, index }) => state === 'running' && index === null)
    .map(({ step }) => step)
    .join(', ') || 'its beginning'

/** Whether the step makes the same when it is run once more in the same place; null where that would touch the world, or did not end well. */
async function secondTime(
  client: Client,
  recorded: RunInputs,
  first: readonly ExecutedStep[],
  step: string,
  deadline: number,
): Promise<boolean | null> {
  const plan = planPipeline(withoutTheWorld(recorded.pipeline))
  if ([...plan.descendants(step)].some((name) => touchesTheWorld(plan.step(name)))) return null
  const before = first.find((each) => each.step === step)
  if (before?.state !== 'succeeded') return null
  try {
    const { run } = await client.rerun({ params: { run: recorded.run.id }, body: { from: step } })
    const again = await stepsOver(client, run.id, deadline, step)
    const after = again.find((each) => each.step === step)
    return after?.state === 'succeeded' ? isSteady(before, after, plan.step(step).run.kind !== 'stage') : null
  } catch (error) {
    // What is known without it is worth telling.
    if (error instanceof MillwrightError) return null
    throw error
  }
}
