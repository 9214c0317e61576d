import { MillwrightError } from '../../base/errors.ts'

/** Where clients before logged models have the list of a run's models. */
export const modelsTag = 'mlflow.log-model.history'

const neededFields = ['artifact_path', 'flavors', 'utc_time_created', 'run_id'] as const
const keptFields = ['run_id', 'artifact_path', 'utc_time_created', 'model_uuid'] as const

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * The list with one model more: where it is, and its flavors without their configurations.
 *
 * @param text the model, as JSON. @throws `invalid-request` for what is no such model
 */
export function recordWith(list: string | undefined, text: string): string {
  const model = parsed(text)
  const missing = neededFields.filter((name) => !isObject(model) || !(name in model))
  if (!isObject(model) || missing.length > 0)
    throw new MillwrightError('invalid-request', `model_json: it is no model, as it has no ${missing.join(', ')}`, {
      field: 'model_json',
    })
  const kept = Object.fromEntries(keptFields.flatMap((name) => (name in model ? [[name, model[name]]] : [])))
  const flavors = Object.entries(isObject(model.flavors) ? model.flavors : {}).map(([flavor, about]) => {
    if (!isObject(about)) return [flavor, about]
    const { config: _, ...rest } = about
    return [flavor, rest]
  })
  const before = parsed(list ?? '[]')
  return JSON.stringify([...(Array.isArray(before) ? before : []), { ...kept, flavors: Object.fromEntries(flavors) }])
}
