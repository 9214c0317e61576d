import { MillwrightError } from '../../base/errors.ts'
import { datatypesByName, type SignatureField, type TensorDatatype } from '../../contract/model.ts'
import type { Tensor } from '../../ports/model-runner.ts'

/** A tensor as it crosses to Python and back, its data flat; null is a missing value. */
export interface PythonTensor {
  /** Null of an answer that has no name. */
  name: string | null
  /** A NumPy type, or `str`; of answers only. */
  kind?: string
  shape: number[]
  data: (number | string | boolean | null)[]
}

const plain = (value: number | bigint | string): number | string | null => {
  if (typeof value === 'bigint') return Number(value)
  return typeof value === 'number' && Number.isNaN(value) ? null : value
}

/** In the order of the signature. */
export const toPython = (
  tensors: Readonly<Record<string, Tensor>>,
  fields: readonly SignatureField[],
): PythonTensor[] =>
  fields.flatMap(({ name }) => {
    const tensor = tensors[name]
    if (!tensor) return []
    const values = Array.from(tensor.data as ArrayLike<number | bigint | string>, plain)
    const data = tensor.datatype === 'BOOL' ? values.map(Boolean) : values
    return [{ name, shape: [...tensor.shape], data }]
  })

const datatypes: Record<string, TensorDatatype> = { ...datatypesByName, str: 'BYTES' }

const isFloat = (datatype: TensorDatatype): boolean => datatype.startsWith('FP')
const isWhole = (datatype: TensorDatatype): boolean => datatype.includes('INT')

/**
 * The answer as the signature states it; as it came where the signature states none.
 *
 * @throws `internal` when it is another answer than the signature states.
 */
export function fromPython(
  outputs: readonly PythonTensor[],
  fields: readonly SignatureField[],
  model: string,
): Record<string, Tensor> {
  if (fields.length === 0)
    return Object.fromEntries(
      outputs.map((output, place) => {
        const datatype = datatypes[output.kind ?? ''] ?? 'FP64'
        const name = output.name ?? (outputs.length === 1 ? 'output' : `output_${place}`)
        return [name, { datatype, shape: output.shape, data: dataOf(output, datatype) }]
      }),
    )
  const other = (what: string): MillwrightError =>
    new MillwrightError('internal', `${model} answers otherwise than its signature says: ${what}`, {
      hint: 'Log it again with a signature that mlflow.models.infer_signature made of real answers.',
    })
  return Object.fromEntries(
    fields.map((field, place) => {
      // One answer without a name is the one that is stated, whatever its name.
      const output =
        outputs.find(({ name }) => name === field.name) ??
        (outputs.length === fields.length && outputs.every(({ name }) => name === null) ? outputs[place] : undefined) ??
        (outputs.length === 1 && fields.length === 1 ? outputs[0] : undefined)
      if (!output) throw other(`there is no "${field.name}"`)
      const came = datatypes[output.kind ?? '']
      const fits =
        came === field.datatype ||
        (came !== undefined && isFloat(field.datatype) && (isFloat(came) || isWhole(came))) ||
        (came !== undefined && isWhole(field.datatype) && isWhole(came))
      if (!fits) throw other(`"${field.name}" is ${output.kind}, not ${field.datatype}`)
      return [field.name, { datatype: field.datatype, shape: output.shape, data: dataOf(output, field.datatype) }]
    }),
  )
}

function dataOf({ data }: PythonTensor, datatype: TensorDatatype): Tensor['data'] {
  if (datatype === 'BYTES') return data.map(String)
  return data.map((value) => (value === null ? Number.NaN : Number(value)))
}
