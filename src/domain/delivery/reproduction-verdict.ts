import type { Cause, ReproductionReport, StepComparison } from '../../contract/reproduction.ts'
import { isStepDone } from '../../contract/states.ts'
import { causesOf, type Making } from './reproduction-causes.ts'
import { compareSteps, output } from './step-comparison.ts'

type FirstDifference = NonNullable<ReproductionReport['first']>

/** The first step that differs, as far as another execution of it has to be looked at. */
export const firstDifferent = (steps: readonly StepComparison[]): StepComparison | undefined =>
  steps.find(({ verdict }) => verdict === 'different')

/** The first thing that differs of all that the steps left; null when all is identical. */
export function firstDifference(steps: readonly StepComparison[]): Omit<FirstDifference, 'causes'> | null {
  const different = firstDifferent(steps)
  if (!different) return null
  const artifact = different.artifacts.find((each) => each.recorded !== each.again)
  return {
    step: different.step,
    artifact: artifact?.name ?? output,
    index: artifact?.index ?? null,
    element: artifact?.element ?? null,
    recorded: artifact?.recorded ?? null,
    again: artifact?.again ?? null,
  }
}

/**
 * What there is to say of a run that was made again.
 *
 * @param steady of the first step that differs; null when it was not run a second time.
 */
export function judge(
  recorded: Making,
  again: Making,
  { steady, seconds }: { steady: boolean | null; seconds: number },
): ReproductionReport {
  const steps = compareSteps(recorded.inputs, again.steps)
  const { run } = recorded.inputs
  const found = firstDifference(steps)
  const first = found && { ...found, causes: causesOfFirst(found.step, steps, recorded, again, steady) }
  return {
    run: run.id,
    pipeline: run.pipeline,
    verdict: first ? 'different' : 'identical',
    message: messageOf(steps, first),
    steps,
    first,
    environment: again.environment,
    seconds,
  }
}

function causesOfFirst(
  step: string,
  steps: readonly StepComparison[],
  recorded: Making,
  again: Making,
  steady: boolean | null,
): Cause[] {
  const { endedThen: then, endedNow: now } = steps.find((each) => each.step === step)!
  const found = causesOf(step, recorded, again, steady)
  if (now && isStepDone(now) && then !== 'failed') return found
  const endOf = ({ steps }: Making): string => {
    const ended = steps.find((each) => each.step === step)
    return ended?.error ?? (ended && isStepDone(ended.state) ? 'succeeded' : 'it did not run')
  }
  const failed: Cause = { kind: 'failed', what: step, recorded: endOf(recorded), again: endOf(again) }
  return [failed, ...found.filter(({ kind }) => kind !== 'not-deterministic')]
}

/** One sentence for people, from what was compared. */
export function messageOf(steps: readonly StepComparison[], first: FirstDifference | null): string {
  if (first) {
    const of = first.index === null ? '' : ` of element ${first.index} (${JSON.stringify(first.element)})`
    return `different from ${first.step} on: ${first.artifact}${of}, because of ${first.causes.map(described).join('; ')}${failures(steps)}`
  }
  const made = steps.filter(({ verdict, endedThen }) => verdict === 'identical' && endedThen !== 'failed')
  const artifacts = made.reduce((sum, step) => sum + step.artifacts.length, 0)
  return `identical: ${made.length} steps made again, ${artifacts} artifacts with the same hashes${failures(steps)}`
}

/** At which steps a run failed, then and now. */
function failures(steps: readonly StepComparison[]): string {
  const names = (end: 'endedThen' | 'endedNow') =>
    steps.flatMap((each) => (each[end] === 'failed' ? [each.step] : [])).join(', ')
  const [then, now] = [names('endedThen'), names('endedNow')]
  if (then === '' && now === '') return ''
  if (then === now) return `; it failed at ${then}, then and now`
  return `; then it ${then ? `failed at ${then}` : 'succeeded'}, now it ${now ? `fails at ${now}` : 'succeeds'}`
}

const words = {
  code: 'the code',
  data: 'the data',
  parameter: 'the parameter',
  seed: 'the seed',
  package: 'the version of the package',
  platform: 'the platform',
  'not-deterministic': 'the step itself, which is not deterministic:',
  failed: 'a failure of',
} as const satisfies Record<Cause['kind'], string>

function described({ kind, what, recorded, again }: Cause): string {
  const change = recorded === null && again === null ? '' : ` (${recorded ?? 'none'} → ${again ?? 'none'})`
  return `${words[kind]} ${what}${change}`
}
