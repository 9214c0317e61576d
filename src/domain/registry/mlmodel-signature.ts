import * as z from 'zod'
import { datatypesByName, type Signature, type SignatureField, type TensorDatatype } from '../../contract/model.ts'

/** Nothing can be said of what the model takes. */
const unknown: Signature = { request: [], inputs: [], outputs: [] }

const columnTypes: Record<string, TensorDatatype> = {
  boolean: 'BOOL',
  integer: 'INT32',
  long: 'INT64',
  float: 'FP32',
  double: 'FP64',
  string: 'BYTES',
  binary: 'BYTES',
  datetime: 'BYTES',
}
const tensorTypes: Record<string, TensorDatatype> = { ...datatypesByName, str: 'BYTES', object: 'BYTES' }

const specSchema = z.array(
  z.looseObject({
    type: z.string(),
    name: z.union([z.string(), z.number()]).nullish(),
    required: z.boolean().nullish(),
    optional: z.boolean().nullish(),
    'tensor-spec': z.object({ dtype: z.string(), shape: z.array(z.number().int()) }).optional(),
  }),
)

/** Columns or tensors; null where one of them has a type that a request cannot carry. */
function fieldsOf(text: string | undefined, unnamed: string): SignatureField[] | null {
  if (text === undefined) return []
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return null
  }
  const read = specSchema.safeParse(json)
  if (!read.success) return null
  const fields: SignatureField[] = []
  for (const [place, each] of read.data.entries()) {
    const tensor = each['tensor-spec']
    const said = tensor ? tensor.dtype.replace(/^<U\d+$/, 'str') : each.type
    const types = tensor ? tensorTypes : columnTypes
    const datatype = Object.hasOwn(types, said) ? types[said] : undefined
    if (!datatype) return null
    fields.push({
      name: String(each.name ?? (read.data.length === 1 ? unnamed : `${unnamed}_${place}`)),
      datatype,
      ...(tensor ? { shape: tensor.shape } : {}),
      optional: each.required === false || each.optional === true,
    })
  }
  return fields
}

/**
 * What a model of a client's takes and answers, from the file `MLmodel`. Nothing where it does not say, or says it with types that a request
 * cannot carry.
 */
export function mlmodelSignature(text: string): Signature {
  const said = signatureTexts(text)
  const request = fieldsOf(said.inputs, 'input')
  const outputs = fieldsOf(said.outputs, 'output')
  if (!request || !outputs) return unknown
  return {
    request,
    inputs: request.map(({ name, datatype }) => ({ name, kind: datatype === 'BYTES' ? 'categorical' : 'numeric' })),
    outputs,
  }
}

/** The texts below the key `signature`, as PyYAML writes them: this is all that is read of the file. */
function signatureTexts(text: string): { inputs?: string; outputs?: string } {
  const lines = text.split(/\r?\n/)
  const from = lines.indexOf('signature:')
  if (from === -1) return {}
  const found: Record<string, string> = {}
  for (let at = from + 1; at < lines.length; ) {
    const [, key, begun] = /^ {2}(\w+): ?(.*)$/.exec(lines[at]!) ?? []
    if (key === undefined || begun === undefined) break
    // What is written deeper goes on with the text of the key, over empty lines too.
    const scalar = [begun]
    for (at += 1; at < lines.length && (lines[at] === '' || lines[at]!.startsWith('   ')); at += 1)
      scalar.push(lines[at]!.trim())
    while (scalar.length > 1 && scalar.at(-1) === '') scalar.pop()
    const value = scalarOf(scalar)
    if (value !== null) found[key] = value
  }
  return found
}

const escapes: Record<string, string> = {
  0: '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
}

const characterOf = (code: number): string => (code > 0x10ffff ? '' : String.fromCodePoint(code))

/** A plain or quoted scalar of YAML over one or more lines; null for what is neither text. */
function scalarOf(lines: readonly string[]): string | null {
  const [first = ''] = lines
  if (first.startsWith("'")) {
    const whole = folded(lines)
    return whole.endsWith("'") ? whole.slice(1, -1).replaceAll("''", "'") : null
  }
  if (first.startsWith('"')) {
    // A line that ends with a backslash goes on without a space; one that begins with `\ ` keeps it.
    const whole = folded(lines).replace(/\\\n/g, '')
    if (!whole.endsWith('"')) return null
    return whole
      .slice(1, -1)
      .replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)/g, (_, code: string) =>
        code.length > 1 ? characterOf(Number.parseInt(code.slice(1), 16)) : (escapes[code] ?? code),
      )
  }
  const plain = lines.join(' ').trim()
  return plain === '' || plain === 'null' || plain === '~' ? null : plain
}

/** Whether a line ends with a backslash that is no escaped one. */
const isCut = (line: string): boolean => /\\*$/.exec(line)![0].length % 2 === 1

/** Lines of a text in quotes: an end of line is a space, an empty line an end of line. */
function folded(lines: readonly string[]): string {
  const isDouble = lines[0]!.startsWith('"')
  const parts: string[] = [lines[0]!]
  let before = lines[0]!
  let empty = 0
  for (const line of lines.slice(1)) {
    if (line === '') {
      empty += 1
      continue
    }
    if (isDouble && isCut(before)) parts.push('\n', line)
    else parts.push(empty > 0 ? '\n'.repeat(empty) : ' ', line)
    before = line
    empty = 0
  }
  return parts.join('')
}
