import { MillwrightError } from '../../base/errors.ts'
import type { Signature, SignatureField } from '../../contract/model.ts'

export type Scalar = string | number | boolean | null
export type Row = Record<string, Scalar>

/** A request for predictions, read. */
export interface InferenceRequest {
  id: string | null
  rows: Row[]
  /** Model inputs that the caller gives itself, by row: those are not looked up. */
  given: Record<string, Scalar>[] | null
  /** Whether it came as tensors of the Open Inference Protocol, and is answered so. */
  tensors: boolean
}

const maxRows = 10_000
const refuse = (message: string, field: string, hint?: string) =>
  new MillwrightError('invalid-request', message, { field, ...(hint ? { hint } : {}) })

interface Tensor {
  name?: unknown
  shape?: unknown
  datatype?: unknown
  data?: unknown
}

const isInteger = /^U?INT(8|16|32|64)$/
const isFloat = /^FP(16|32|64)$/

function checkValue(value: unknown, field: SignatureField, row: number): Scalar {
  if (value === null || value === undefined) {
    if (field.optional) return null
    throw refuse(`row ${row}: "${field.name}" is missing`, field.name)
  }
  const fits =
    field.datatype === 'BYTES'
      ? typeof value === 'string'
      : field.datatype === 'BOOL'
        ? typeof value === 'boolean'
        : typeof value === 'number' && Number.isFinite(value) && (field.datatype !== 'INT64' || Number.isInteger(value))
  if (!fits) {
    const wanted =
      ({ BYTES: 'a text', BOOL: 'true or false', INT64: 'a whole number' } as Record<string, string>)[field.datatype] ??
      'a number'
    throw refuse(
      `row ${row}: "${field.name}" must be ${wanted}, got ${JSON.stringify(value)?.slice(0, 60)}`,
      field.name,
    )
  }
  return value as Scalar
}

function flat(data: unknown, into: unknown[], depth = 0): void {
  if (!Array.isArray(data)) into.push(data)
  else if (depth > 4) throw refuse('data is nested too deeply', 'data')
  else for (const each of data) flat(each, into, depth + 1)
}

/** One value a row: the shape is [n] or [n, 1]. */
function readTensor(tensor: Tensor): { name: string; datatype: string; values: unknown[] } {
  const { name, shape, datatype, data } = tensor
  if (typeof name !== 'string') throw refuse('every tensor needs a name', 'inputs')
  if (!Array.isArray(shape) || shape.some((size) => !Number.isInteger(size) || size < 0))
    throw refuse(`tensor "${name}" needs a shape such as [1]`, name)
  const sizes = shape as number[]
  if (sizes.length === 0 || sizes.slice(1).some((size) => size !== 1))
    throw refuse(`tensor "${name}" must hold one value a row: shape [n] or [n, 1], not [${sizes.join(', ')}]`, name)
  if (!Array.isArray(data)) throw refuse(`tensor "${name}" has no data`, name)
  const values: unknown[] = []
  flat(data, values)
  if (values.length !== sizes[0])
    throw refuse(`tensor "${name}" says ${sizes[0]} values and holds ${values.length}`, name)
  return { name, datatype: String(datatype), values }
}

const datatypeFits = (given: string, field: SignatureField): boolean =>
  given === field.datatype ||
  (field.datatype === 'FP64' && (isInteger.test(given) || isFloat.test(given))) ||
  (field.datatype === 'INT64' && isInteger.test(given))

/** Names of a signature, looked up once. */
interface Names {
  fields: ReadonlyMap<string, SignatureField>
  inputs: ReadonlySet<string>
}
const known = new WeakMap<Signature, Names>()

function namesOf(signature: Signature): Names {
  let names = known.get(signature)
  if (!names) {
    names = {
      fields: new Map(signature.request.map((field) => [field.name, field])),
      inputs: new Set(signature.inputs.map((input) => input.name)),
    }
    known.set(signature, names)
  }
  return names
}

function fromTensors(body: { id?: unknown; inputs: unknown[] }, signature: Signature): InferenceRequest {
  const tensors = new Map<string, ReturnType<typeof readTensor>>()
  for (const each of body.inputs) {
    const tensor = readTensor(each as Tensor)
    tensors.set(tensor.name, tensor)
  }
  const rowCount = tensors.values().next().value?.values.length ?? 0
  const rows: Row[] = Array.from({ length: rowCount }, () => ({}))
  const { fields, inputs } = namesOf(signature)
  let given: Record<string, Scalar>[] | null = null
  for (const [name, { datatype, values }] of tensors) {
    if (values.length !== rowCount)
      throw refuse(`tensor "${name}" holds ${values.length} rows where others hold ${rowCount}`, name)
    const field = fields.get(name)
    if (field) {
      if (!datatypeFits(datatype, field))
        throw refuse(`tensor "${name}" must have datatype ${field.datatype}, not ${datatype}`, name)
      for (let row = 0; row < rowCount; row += 1) rows[row]![name] = checkValue(values[row], field, row)
    } else if (inputs.has(name)) {
      given ??= rows.map(() => ({}))
      for (let row = 0; row < rowCount; row += 1) given[row]![name] = values[row] as Scalar
    } else throw unknownColumn(name, signature)
  }
  const allGiven = given !== null && signature.inputs.every((input) => tensors.has(input.name))
  for (const field of signature.request) {
    if (!tensors.has(field.name) && !field.optional && !allGiven)
      throw refuse(`the request has no "${field.name}"`, field.name, `It needs ${listed(signature)}.`)
  }
  return { id: typeof body.id === 'string' ? body.id : null, rows, given, tensors: true }
}

const listed = (signature: Signature): string =>
  signature.request.map((field) => `${field.name} (${field.datatype})`).join(', ')
const unknownColumn = (name: string, signature: Signature) =>
  refuse(`the model has no input "${name}"`, name, `It takes ${listed(signature)}.`)

function fromColumns(body: Record<string, unknown>, signature: Signature): InferenceRequest {
  const { fields } = namesOf(signature)
  const { rows: many } = body
  const { id, ...others } = body
  // Beside one row without a name around it, `id` is the request's own only where no column is called so.
  const isColumn = !Array.isArray(many) && fields.has('id')
  const bare: unknown[] = Array.isArray(many) ? many : [isColumn ? body : others]
  const rows = bare.map((row, index) => {
    if (typeof row !== 'object' || row === null || Array.isArray(row))
      throw refuse(`row ${index} is no object of {column: value}`, `rows.${index}`)
    const known: Row = {}
    for (const name of Object.keys(row)) if (!fields.has(name)) throw unknownColumn(name, signature)
    for (const field of signature.request) known[field.name] = checkValue((row as Row)[field.name], field, index)
    return known
  })
  return { id: typeof id === 'string' && !isColumn ? id : null, rows, given: null, tensors: false }
}

/**
 * Reads a request: tensors of the Open Inference Protocol v2 (one value a row each), or `{column: value}`, or `{rows: [{column: value}, …]}`. A
 * tensor may also carry an input of the model itself, which is then not looked up: what would the answer be if?
 *
 * @throws `invalid-request` that names the column.
 */
export function readInferenceRequest(body: unknown, signature: Signature): InferenceRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw refuse(
      'the body must be an object',
      'body',
      `Send {${signature.request.map((field) => field.name).join(', ')}}.`,
    )
  const { inputs } = body as { inputs?: unknown }
  const request = Array.isArray(inputs)
    ? fromTensors(body as { inputs: unknown[] }, signature)
    : fromColumns(body as Record<string, unknown>, signature)
  if (request.rows.length === 0) throw refuse('the request has no rows', 'inputs')
  if (request.rows.length > maxRows)
    throw refuse(`a request may have ${maxRows} rows, this one has ${request.rows.length}`, 'inputs')
  return request
}
