import { MillwrightError } from '../../base/errors.ts'
import type { Json, PipelineDefinition, StepDefinition } from '../../contract/pipeline.ts'
import { filledValue } from '../../contract/placeholder.ts'

/**
 * The parameters of a run: what was given over the pipeline's defaults.
 *
 * @throws `invalid-request` for a parameter that the pipeline has not, or of another type than its default (null takes any).
 */
export function runParams(pipeline: PipelineDefinition, given: Record<string, Json>): Record<string, Json> {
  for (const [name, value] of Object.entries(given)) {
    const field = `params.${name}`
    const standard = Object.hasOwn(pipeline.params, name) ? pipeline.params[name] : undefined
    if (standard === undefined) {
      const names = Object.keys(pipeline.params)
      throw new MillwrightError('invalid-request', `The pipeline '${pipeline.name}' has no parameter '${name}'.`, {
        field,
        hint: names.length === 0 ? 'It takes none.' : `It takes ${names.join(', ')}.`,
      })
    }
    if (standard !== null && value !== null && typeOf(value) !== typeOf(standard)) {
      throw new MillwrightError(
        'invalid-request',
        `The parameter '${name}' is ${article(typeOf(standard))}, not ${article(typeOf(value))}.`,
        { field, hint: `Its default is ${JSON.stringify(standard)}.` },
      )
    }
  }
  return { ...pipeline.params, ...given }
}

/** What a step is given of them, under its own. What a notebook is given may name parameters of the run. */
export function stepParams(step: StepDefinition, params: Record<string, Json>): Record<string, Json> {
  const reads = step.reads ? Object.fromEntries(step.reads.map((name) => [name, params[name] ?? null])) : params
  if (step.run.kind !== 'notebook') return { ...reads, ...step.params }
  const own = Object.entries(step.params).map(([name, value]) => [name, filledValue(value, { params: reads })] as const)
  return { ...reads, ...Object.fromEntries(own) }
}

/**
 * What is set in a notebook, by name.
 *
 * @param params of the step, as `stepParams` gives them. @throws `step-failed` for a value that is no literal of Python.
 */
export function notebookParams(
  step: StepDefinition,
  params: Record<string, Json>,
  element: Json,
): Record<string, Json> {
  const isLiteral = (value: Json): boolean =>
    Array.isArray(value) ? value.every(isLiteral) : value === null || typeof value !== 'object'
  return Object.fromEntries(
    Object.keys(step.params).map((name) => {
      const value = filledValue(params[name]!, { params: {}, element })
      if (isLiteral(value)) return [name, value]
      throw new MillwrightError('step-failed', `The parameter '${name}' of the notebook is an object.`, {
        field: `params.${name}`,
        hint: 'Name a member of it, such as {element.day}.',
      })
    }),
  )
}

function typeOf(value: Json): string {
  return Array.isArray(value) ? 'array' : typeof value
}

function article(type: string): string {
  return `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type === 'array' ? 'list' : type}`.replace('an list', 'a list')
}
