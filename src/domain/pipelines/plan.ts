import { MillwrightError } from '../../base/errors.ts'
import type { PipelineDefinition, StepDefinition } from '../../contract/pipeline.ts'
import { parametersNamedIn } from '../../contract/placeholder.ts'
import { parseReference } from './reference.ts'

/** A pipeline whose graph holds together. */
export interface PipelinePlan {
  readonly pipeline: PipelineDefinition
  /** Every step after all that it needs; otherwise as written. */
  readonly order: readonly StepDefinition[]
  step(name: string): StepDefinition
  /** The steps that this one needs, also by way of others. */
  ancestors(name: string): readonly string[]
  /** The steps that need this one, also by way of others. */
  descendants(name: string): ReadonlySet<string>
}

/**
 * Checks names, needs, cycles, and what `forEach`, `when`, `takes` and `reads` refer to.
 *
 * @throws `invalid-definition` with the field of the first fault.
 */
export function planPipeline(pipeline: PipelineDefinition): PipelinePlan {
  const byName = new Map<string, StepDefinition>()
  pipeline.steps.forEach((step, index) => {
    if (byName.has(step.name)) fault(`steps.${index}.name`, `There are two steps named '${step.name}'.`, 'Rename one.')
    byName.set(step.name, step)
  })
  pipeline.steps.forEach((step, index) => {
    step.needs.forEach((need, at) => {
      const field = `steps.${index}.needs.${at}`
      if (need === step.name) fault(field, `The step '${step.name}' needs itself.`, 'Remove it from needs.')
      if (!byName.has(need)) {
        fault(field, `The step '${step.name}' needs '${need}', which is no step.`, known('steps', byName.keys()))
      }
    })
  })
  const order = topologicalOrder(pipeline.steps, byName)
  const ancestors = new Map<string, Set<string>>()
  for (const step of order) {
    const all = new Set(step.needs)
    for (const need of step.needs) for (const ancestor of ancestors.get(need)!) all.add(ancestor)
    ancestors.set(step.name, all)
  }
  pipeline.steps.forEach((step, index) => {
    const above = ancestors.get(step.name)!
    if (step.forEach !== undefined)
      checkReference(step.forEach, `steps.${index}.forEach`, step, pipeline, byName, above)
    if (step.when) checkReference(step.when.value, `steps.${index}.when.value`, step, pipeline, byName, above)
    step.takes?.forEach((name, at) => {
      if (!step.needs.includes(name)) {
        const hint = `Add '${name}' to the needs of '${step.name}'.`
        fault(`steps.${index}.takes.${at}`, `'${step.name}' takes from '${name}', which it does not need.`, hint)
      }
    })
    step.reads?.forEach((name, at) => {
      if (!Object.hasOwn(pipeline.params, name)) {
        const field = `steps.${index}.reads.${at}`
        fault(field, `The pipeline has no parameter '${name}'.`, known('parameters', Object.keys(pipeline.params)))
      }
    })
    // Braces in a command may be the program's own; what a notebook is given is a value.
    if (step.run.kind === 'notebook')
      for (const name of parametersNamedIn(JSON.stringify(step.params))) {
        if (Object.hasOwn(pipeline.params, name)) continue
        const hint = known('parameters', Object.keys(pipeline.params))
        fault(`steps.${index}.params`, `The pipeline has no parameter '${name}'.`, hint)
      }
  })
  return {
    pipeline,
    order,
    step: (name) => byName.get(name)!,
    ancestors: (name) => [...ancestors.get(name)!],
    descendants: (name) =>
      new Set(order.filter((step) => ancestors.get(step.name)!.has(name)).map((step) => step.name)),
  }
}

function checkReference(
  text: string,
  field: string,
  step: StepDefinition,
  pipeline: PipelineDefinition,
  byName: ReadonlyMap<string, StepDefinition>,
  above: ReadonlySet<string>,
): void {
  const reference = parseReference(text)
  if (!reference) fault(field, `'${text}' is no reference.`, "Write 'params.<name>' or 'steps.<step>.<field>'.")
  if (reference.root === 'params') {
    if (!Object.hasOwn(pipeline.params, reference.name)) {
      const hint = known('parameters', Object.keys(pipeline.params))
      fault(field, `The pipeline has no parameter '${reference.name}'.`, hint)
    }
    return
  }
  if (!byName.has(reference.name)) {
    fault(field, `'${text}' names a step that is not there.`, known('steps', byName.keys()))
  }
  if (!above.has(reference.name)) {
    const hint = `Add '${reference.name}' to the needs of '${step.name}'.`
    fault(field, `'${text}' may not be there yet when '${step.name}' starts.`, hint)
  }
}

/** Depth first in the written order. @throws `invalid-definition` that names the cycle. */
function topologicalOrder(
  steps: readonly StepDefinition[],
  byName: ReadonlyMap<string, StepDefinition>,
): StepDefinition[] {
  const order: StepDefinition[] = []
  const done = new Set<string>()
  const path: string[] = []
  const visit = (step: StepDefinition): void => {
    if (done.has(step.name)) return
    const at = path.indexOf(step.name)
    if (at >= 0) {
      const cycle = [...path.slice(at), step.name].join(' → ')
      fault(`steps.${steps.indexOf(step)}.needs`, `Steps need each other in a circle: ${cycle}.`, 'Break the circle.')
    }
    path.push(step.name)
    for (const need of step.needs) visit(byName.get(need)!)
    path.pop()
    done.add(step.name)
    order.push(step)
  }
  for (const step of steps) visit(step)
  return order
}

function known(what: string, names: Iterable<string>): string {
  const list = [...names]
  return list.length === 0 ? `There are no ${what}.` : `The ${what} are ${list.join(', ')}.`
}

function fault(field: string, message: string, hint: string): never {
  throw new MillwrightError('invalid-definition', message, { field, hint })
}
