import { MillwrightError } from '../../base/errors.ts'
import type { SignatureField, TensorDatatype } from '../../contract/model.ts'
import type { Tensor } from '../../ports/model-runner.ts'

/** A request for a model that came as a file: its tensors, and how many rows the answer will have. */
export interface TensorRequest {
  readonly tensors: Record<string, Tensor>
  /** First dimension of the model's first tensor; 1 of one without dimensions. */
  readonly rows: number
  /** Names of the outputs that are asked for; null for all. */
  readonly outputs: readonly string[] | null
}

const maxRows = 10_000
const refuse = (message: string, field: string, hint?: string) =>
  new MillwrightError('invalid-request', message, { field, ...(hint ? { hint } : {}) })

/** Whole numbers that fit a double exactly; the array that holds them, least and greatest. */
const integers: Partial<Record<TensorDatatype, [(values: number[]) => Tensor['data'], number, number]>> = {
  INT8: [(values) => Int8Array.from(values), -(2 ** 7), 2 ** 7 - 1],
  INT16: [(values) => Int16Array.from(values), -(2 ** 15), 2 ** 15 - 1],
  INT32: [(values) => Int32Array.from(values), -(2 ** 31), 2 ** 31 - 1],
  INT64: [(values) => BigInt64Array.from(values, BigInt), Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  UINT8: [(values) => Uint8Array.from(values), 0, 2 ** 8 - 1],
  UINT16: [(values) => Uint16Array.from(values), 0, 2 ** 16 - 1],
  UINT32: [(values) => Uint32Array.from(values), 0, 2 ** 32 - 1],
  UINT64: [(values) => BigUint64Array.from(values, BigInt), 0, Number.MAX_SAFE_INTEGER],
}

/**
 * Reads tensors of the Open Inference Protocol v2 against a model's signature: every tensor once, of its datatype and shape. In a tensor of floats
 * null is a missing value (NaN).
 *
 * @throws `invalid-request` that names the tensor.
 */
export function readTensorRequest(body: unknown, signature: readonly SignatureField[]): TensorRequest {
  const { inputs, outputs } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  if (!Array.isArray(inputs)) {
    throw refuse('the body needs "inputs", a list of tensors', 'inputs', `It takes ${listed(signature)}.`)
  }
  const tensors: Record<string, Tensor> = {}
  for (const given of inputs as unknown[]) {
    const { name, ...tensor } = (typeof given === 'object' && given !== null ? given : {}) as Record<string, unknown>
    if (typeof name !== 'string') throw refuse('every tensor needs a name', 'inputs')
    const field = signature.find((each) => each.name === name)
    if (!field) throw refuse(`the model has no input "${name}"`, name, `It takes ${listed(signature)}.`)
    if (Object.hasOwn(tensors, name)) throw refuse(`tensor "${name}" is there twice`, name)
    tensors[name] = readTensor(field, tensor)
  }
  const missing = signature.find((field) => !field.optional && !Object.hasOwn(tensors, field.name))
  if (missing) {
    throw refuse(`the request has no tensor "${missing.name}"`, missing.name, `The model takes ${listed(signature)}.`)
  }
  const first = signature.find(({ name }) => Object.hasOwn(tensors, name))
  const rows = first ? (tensors[first.name]!.shape[0] ?? 1) : 1
  if (rows < 1 || rows > maxRows)
    throw refuse(`a request may have 1 to ${maxRows} rows, this one has ${rows}`, first?.name ?? 'inputs')
  return { tensors, rows, outputs: namesOf(outputs) }
}

function readTensor(field: SignatureField, { datatype, shape, data }: Record<string, unknown>): Tensor {
  const { name } = field
  if (datatype !== field.datatype)
    throw refuse(`tensor "${name}" must have datatype ${field.datatype}, not ${String(datatype).slice(0, 20)}`, name)
  const wanted = field.shape ?? [-1]
  const fits =
    Array.isArray(shape) &&
    shape.length === wanted.length &&
    shape.every((size, axis) => Number.isInteger(size) && size >= 0 && (wanted[axis] === -1 || wanted[axis] === size))
  if (!fits)
    throw refuse(
      `tensor "${name}" must have shape [${wanted.join(', ')}], not ${JSON.stringify(shape)?.slice(0, 60) ?? 'none'}`,
      name,
      wanted.includes(-1) ? 'A size of -1 is yours to choose.' : undefined,
    )
  if (!Array.isArray(data)) throw refuse(`tensor "${name}" has no data`, name)
  const sizes = shape as number[]
  const values: unknown[] = data.some(Array.isArray) ? data.flat(Math.max(1, sizes.length - 1)) : data
  const size = sizes.reduce((product, length) => product * length, 1)
  if (values.length !== size) throw refuse(`tensor "${name}" says ${size} values and holds ${values.length}`, name)
  return { datatype: field.datatype, shape: sizes, data: dataOf(field, values) }
}

function dataOf({ name, datatype }: SignatureField, values: unknown[]): Tensor['data'] {
  const every = (fits: (value: unknown) => boolean, wanted: string): void => {
    const at = values.findIndex((value) => !fits(value))
    if (at >= 0)
      throw refuse(
        `value ${at} of tensor "${name}" must be ${wanted}, got ${JSON.stringify(values[at])?.slice(0, 60)}`,
        name,
      )
  }
  const integer = integers[datatype]
  if (integer) {
    const [arrayOf, least, greatest] = integer
    every(
      (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= greatest,
      `a whole number from ${least} to ${greatest}`,
    )
    return arrayOf(values as number[])
  }
  switch (datatype) {
    case 'BYTES':
      every((value) => typeof value === 'string', 'a text')
      return values as string[]
    case 'BOOL':
      every((value) => typeof value === 'boolean', 'true or false')
      return Uint8Array.from(values as boolean[], Number)
    default: {
      every((value) => value === null || typeof value === 'number', 'a number, or null where it is missing')
      const numbers = values.map((value) => (value === null ? Number.NaN : (value as number)))
      return datatype === 'FP64' ? Float64Array.from(numbers) : Float32Array.from(numbers)
    }
  }
}

function namesOf(outputs: unknown): string[] | null {
  if (outputs === undefined) return null
  if (!Array.isArray(outputs)) throw refuse('"outputs" must be a list of {name}', 'outputs')
  return outputs.map((output) => {
    const name = (output as { name?: unknown } | null)?.name
    if (typeof name !== 'string') throw refuse('every output that is asked for needs a name', 'outputs')
    return name
  })
}

const listed = (signature: readonly SignatureField[]): string =>
  signature.map(({ name, datatype, shape }) => `${name} (${datatype} [${(shape ?? [-1]).join(', ')}])`).join(', ')
