import { sha256 } from '../../base/hash.ts'
import type { Cause, ReproductionReport, RunInputs, StepComparison } from '../../contract/reproduction.ts'
import type { StepRecord } from '../../contract/run.ts'
import { isStepDone } from '../../contract/states.ts'
import { planPipeline } from '../pipelines/plan.ts'
import { causesOf, type Making } from './reproduction-causes.ts'
import { type Making as OutputMaking, steadyOutput } from './steady-output.ts'
import { touchesTheWorld } from './steps-of-the-world.ts'

/** What a step returned, where that is its own and no stage's note of versions and ids. */
const output = 'output'

/** Every step, before those that need it, artifact by artifact. Metrics are never looked at: equal bytes are equal, others are not. */
export function compareSteps(recorded: RunInputs, again: readonly StepRecord[]): StepComparison[] {
  return planPipeline(recorded.pipeline).order.map((definition): StepComparison => {
    const { name: step } = definition
    const [before, after] = [recorded.steps, again].map((records) => records.find((each) => each.step === step))
    if (!before || !isStepDone(before.state)) return { step, verdict: 'not-made', artifacts: [] }
    if (touchesTheWorld(definition)) return { step, verdict: 'as-recorded', artifacts: [] }
    const made = recorded.steps.find((each) => each.step === step)!.made
    const own = definition.run.kind !== 'stage'
    const [first, second] = [things(before, made, own), things(after, makingOf(after), own)]
    const artifacts = [...new Set([...first.keys(), ...second.keys()])].map((name) => ({
      name,
      type: (first.get(name) ?? second.get(name))!.type,
      recorded: first.get(name)?.hash ?? null,
      again: second.get(name)?.hash ?? null,
    }))
    const same =
      after !== undefined && isStepDone(after.state) && artifacts.every((each) => each.recorded === each.again)
    return { step, verdict: same ? 'identical' : 'different', artifacts }
  })
}

const makingOf = (step: StepRecord | undefined): OutputMaking => ({
  runId: step?.runId ?? '',
  from: step?.startedAt ?? null,
  to: step?.endedAt ?? null,
})

function things(
  step: StepRecord | undefined,
  making: OutputMaking,
  own: boolean,
): Map<string, { type: string; hash: string }> {
  const found = new Map<string, { type: string; hash: string }>()
  if (!step || !isStepDone(step.state)) return found
  for (const { name, type, hash } of step.artifacts) {
    let key = name
    // Elements of a fan-out give their artifacts the same names.
    for (let nth = 2; found.has(key); nth += 1) key = `${name} (${nth})`
    found.set(key, { type, hash })
  }
  if (own && step.output !== null) found.set(output, { type: 'json', hash: sha256(steadyOutput(step.output, making)) })
  return found
}

/** The first step that differs, as far as another execution of it has to be looked at. */
export const firstDifferent = (steps: readonly StepComparison[]): StepComparison | undefined =>
  steps.find(({ verdict }) => verdict === 'different')

/** Whether two executions of a step in the same place made the same. */
export function isSteady(step: StepRecord, other: StepRecord, own: boolean): boolean {
  const [first, second] = [things(step, makingOf(step), own), things(other, makingOf(other), own)]
  return first.size === second.size && [...first].every(([name, { hash }]) => second.get(name)?.hash === hash)
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
  const common = { run: run.id, pipeline: run.pipeline, steps, environment: again.environment, seconds }
  const made = steps.filter(({ verdict }) => verdict === 'identical')
  const different = firstDifferent(steps)
  if (!different) {
    const artifacts = made.reduce((sum, step) => sum + step.artifacts.length, 0)
    const message = `identical: ${made.length} steps made again, ${artifacts} artifacts with the same hashes`
    return { ...common, verdict: 'identical', message, first: null }
  }
  const artifact = different.artifacts.find((each) => each.recorded !== each.again)
  const ended = again.steps.find(({ step }) => step === different.step)
  const failure: Cause[] =
    ended && isStepDone(ended.state)
      ? []
      : [{ kind: 'failed', what: different.step, recorded: 'succeeded', again: ended?.error ?? 'it did not run' }]
  const found = causesOf(different.step, recorded, again, steady)
  const causes = failure.length > 0 ? [...failure, ...found.filter(({ kind }) => kind !== 'not-deterministic')] : found
  const name = artifact?.name ?? output
  return {
    ...common,
    verdict: 'different',
    message: `different from ${different.step} on: ${name}, because of ${causes.map(described).join('; ')}`,
    first: {
      step: different.step,
      artifact: name,
      recorded: artifact?.recorded ?? null,
      again: artifact?.again ?? null,
      causes,
    },
  }
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
