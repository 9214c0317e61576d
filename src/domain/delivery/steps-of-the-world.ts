import type { PipelineDefinition, StepDefinition } from '../../contract/pipeline.ts'

/** Stages that measure or change what is outside of a run: a candidate's speed, the registry, endpoints. */
const worldly = new Set(['gate', 'register', 'roll-out'])

/** Whether making a step again would do something to the world, or only tell of the machine. Our own stages that compute are safe, whatever marks them as never reused. */
export const touchesTheWorld = ({ run, sideEffects }: StepDefinition): boolean =>
  run.kind === 'stage' ? worldly.has(run.stage) : sideEffects

/** The pipeline without the steps that touch the world, but for those that another step needs. */
export function withoutTheWorld(pipeline: PipelineDefinition): PipelineDefinition {
  const byName = new Map(pipeline.steps.map((step) => [step.name, step]))
  const wanted = new Set<string>()
  const want = (name: string): void => {
    if (wanted.has(name)) return
    wanted.add(name)
    const step = byName.get(name)!
    // What one that is not run needs itself is of no use for it.
    if (!touchesTheWorld(step)) for (const need of step.needs) want(need)
  }
  for (const step of pipeline.steps) if (!touchesTheWorld(step)) want(step.name)
  return {
    ...pipeline,
    steps: pipeline.steps
      .filter(({ name }) => wanted.has(name))
      .map((step) => (touchesTheWorld(step) ? alone(step) : step)),
  }
}

/** It is done already, so nothing of when and after what it runs matters. */
function alone({ takes: _takes, when: _when, forEach: _forEach, ...step }: StepDefinition): StepDefinition {
  return { ...step, needs: [] }
}
