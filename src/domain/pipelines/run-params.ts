import { MillwrightError } from '../../base/errors.ts'
import type { Json, PipelineDefinition, StepDefinition } from '../../contract/pipeline.ts'

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

/** What a step is given of them, under its own. */
export function stepParams(step: StepDefinition, params: Record<string, Json>): Record<string, Json> {
  const reads = step.reads ? Object.fromEntries(step.reads.map((name) => [name, params[name] ?? null])) : params
  return { ...reads, ...step.params }
}

function typeOf(value: Json): string {
  return Array.isArray(value) ? 'array' : typeof value
}

function article(type: string): string {
  return `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type === 'array' ? 'list' : type}`.replace('an list', 'a list')
}
