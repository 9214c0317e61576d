import type { SignatureField } from '../../contract/model.ts'
import type { PredictionRecord } from '../../contract/serving.ts'

type Scalar = string | number | boolean | null

/** What a field holds as text, as the form shows it. */
const textOf = (value: unknown): string => (value === null || value === undefined ? '' : String(value))

/** How a field is filled in before anything is typed: as in the newest request, else with something of its kind. */
export function startingText(
  { name, datatype, optional }: SignatureField,
  newest: PredictionRecord['request'] | undefined,
): string {
  if (newest && name in newest) return textOf(newest[name])
  if (optional) return ''
  return datatype === 'BOOL' ? 'false' : datatype === 'BYTES' ? '' : '0'
}

/**
 * A request from what was typed, as a prediction service takes it. An empty field that may be missing is left out.
 *
 * @throws Error that names the field.
 */
export function requestOf(
  fields: readonly SignatureField[],
  typed: Readonly<Record<string, string>>,
): Record<string, Scalar> {
  const request: Record<string, Scalar> = {}
  for (const { name, datatype, optional } of fields) {
    const text = (typed[name] ?? '').trim()
    if (text === '' && optional) continue
    if (datatype === 'BYTES') request[name] = text
    else if (datatype === 'BOOL') {
      if (text !== 'true' && text !== 'false') throw new Error(`${name} must be true or false`)
      request[name] = text === 'true'
    } else {
      const number = Number(text)
      if (text === '' || !Number.isFinite(number)) throw new Error(`${name} must be a number`)
      request[name] = number
    }
  }
  return request
}

/** Tensors of a model file, one row of zeros, to begin with. */
export const tensorsOf = (fields: readonly SignatureField[]): string =>
  JSON.stringify(
    {
      inputs: fields.map(({ name, datatype, shape = [1] }) => {
        const sizes = shape.map((size) => (size < 0 ? 1 : size))
        const length = sizes.reduce((product, size) => product * size, 1)
        return {
          name,
          datatype,
          shape: sizes,
          data: new Array(length).fill(datatype === 'BYTES' ? '' : datatype === 'BOOL' ? false : 0),
        }
      }),
    },
    null,
    1,
  )
