import { sha256 } from '../../base/hash.ts'
import type { PipelineDefinition } from '../../contract/pipeline.ts'
import type { ExecutedStep, StepComparison } from '../../contract/reproduction.ts'
import { isStepDone } from '../../contract/states.ts'
import { planPipeline } from '../pipelines/plan.ts'
import { steadyOutput } from './steady-output.ts'
import { touchesTheWorld } from './steps-of-the-world.ts'

/** What a step returned, where that is its own and no stage's note of versions and ids. */
export const output = 'output'
/** Why a step failed. */
const failure = 'failure'

type Execution = NonNullable<ExecutedStep['fanOut']>[number]
type Left = Omit<StepComparison['artifacts'][number], 'recorded' | 'again'> & { hash: string }

/** Every step, before those that need it, artifact by artifact. Metrics are never looked at: equal bytes are equal, others are not. */
export function compareSteps(
  { pipeline, steps }: { pipeline: PipelineDefinition; steps: readonly ExecutedStep[] },
  again: readonly ExecutedStep[],
): StepComparison[] {
  return planPipeline(pipeline).order.map((definition): StepComparison => {
    const { name: step } = definition
    const [before, after] = [steps, again].map((records) => records.find((each) => each.step === step))
    const ended = { step, endedThen: before?.state ?? null, endedNow: after?.state ?? null }
    const withoutArtifacts = { ...ended, artifacts: [], verdict: 'different' as const }
    const verdict = verdictOfStep(withoutArtifacts, touchesTheWorld(definition))
    if (verdict === 'as-recorded' || verdict === 'not-made') return { ...withoutArtifacts, verdict }
    const own = definition.run.kind !== 'stage'
    const [first, second] = [leftBy(before, own), leftBy(after, own)]
    const artifacts = [...new Set([...first.keys(), ...second.keys()])].map((key) => {
      const { hash: _, ...left } = (first.get(key) ?? second.get(key))!
      return { ...left, recorded: first.get(key)?.hash ?? null, again: second.get(key)?.hash ?? null }
    })
    const compared = { ...ended, artifacts }
    return { ...compared, verdict: verdictOfStep(compared, false) }
  })
}

/**
 * What follows from how a step ended, then and now, and from the hashes of what it left.
 *
 * @param ofTheWorld whether making it again would touch the world.
 */
export function verdictOfStep(
  { endedThen: then, endedNow: now, artifacts }: Pick<StepComparison, 'endedThen' | 'endedNow' | 'artifacts'>,
  ofTheWorld: boolean,
): StepComparison['verdict'] {
  if (then === null || !(isStepDone(then) || then === 'failed')) return 'not-made'
  if (ofTheWorld) return isStepDone(then) ? 'as-recorded' : 'not-made'
  const same = now !== null && endOf(then) === endOf(now) && artifacts.every((each) => each.recorded === each.again)
  return same ? 'identical' : 'different'
}

/** What was reused was made. */
const endOf = (state: NonNullable<StepComparison['endedThen']>): string => (state === 'reused' ? 'succeeded' : state)

/** What a step and its elements left, by name and place. */
function leftBy(step: ExecutedStep | undefined, own: boolean): Map<string, Left> {
  const found = new Map<string, Left>()
  if (!step) return found
  const executions: Execution[] = step.fanOut ?? [{ ...step, index: null, element: null }]
  for (const { index, element, state, artifacts, error, made, output: returned } of executions) {
    const leave = (name: string, type: string, hash: string): void => {
      found.set(`${index ?? ''} ${name}`, { name, index, element, type, hash })
    }
    if (isStepDone(state)) {
      for (const { name, type, hash } of artifacts) leave(name, type, hash)
      if (own && returned !== null) leave(output, 'json', sha256(steadyOutput(returned, made)))
    } else if (state === 'failed') leave(failure, 'error', sha256(steadyOutput(error, made)))
  }
  return found
}

/** Whether two executions of a step in the same place made the same. */
export function isSteady(step: ExecutedStep, other: ExecutedStep, own: boolean): boolean {
  const [first, second] = [leftBy(step, own), leftBy(other, own)]
  return first.size === second.size && [...first].every(([key, { hash }]) => second.get(key)?.hash === hash)
}
