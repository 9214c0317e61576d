import { MillwrightError } from '../../base/errors.ts'
import type { Column, Dataset, ModelDefinition } from '../../contract/definition.ts'
import type { Expression } from '../../contract/expression.ts'
import type { Signature, SignatureField } from '../../contract/model.ts'

/** How the row of a request becomes the columns that a model's inputs read. */
export interface RequestColumns {
  /** The columns that a request carries, key and event time first. */
  readonly sent: readonly Column[]
  /** Derived from those, in an order in which each finds what it needs. */
  readonly derived: readonly (Column & { derived: Expression })[]
}

/** Every column that an expression names. */
function named(node: unknown, found: Set<string>): void {
  if (Array.isArray(node)) for (const each of node) named(each, found)
  else if (typeof node === 'object' && node !== null) {
    const { op, column } = node as { op?: string; column?: string }
    if (op === 'column' && column !== undefined) found.add(column)
    for (const member of Object.values(node)) named(member, found)
  }
}

/**
 * What somebody who asks must send: the key, the time of the event, and the columns that nothing derives. Derivation stops at the key and at the
 * time, which exist before the row is stored.
 *
 * @throws `invalid-definition` when an input reads a column that is not there or is known only later.
 */
export function requestColumns(model: ModelDefinition, dataset: Dataset): RequestColumns {
  const byName = new Map(dataset.columns.map((column) => [column.name, column]))
  const sent = new Map<string, Column>()
  const derived = new Map<string, Column & { derived: Expression }>()
  const visit = (name: string, forWhat: string): void => {
    const column = byName.get(name)
    if (!column)
      throw new MillwrightError(
        'invalid-definition',
        `${forWhat} reads "${name}", which dataset "${dataset.name}" does not have`,
      )
    if (column.knownAt) {
      throw new MillwrightError(
        'invalid-definition',
        `${forWhat} reads "${name}", which is known only from "${column.knownAt}" on`,
        {
          field: forWhat,
          hint: 'A model may read only what is known at the event; use a feature of a view instead.',
        },
      )
    }
    if (sent.has(name) || derived.has(name)) return
    if (!column.derived || column.type === 'key' || name === dataset.time) {
      sent.set(name, column)
      return
    }
    const needed = new Set<string>()
    named(column.derived, needed)
    for (const each of needed) visit(each, `column "${name}"`)
    derived.set(name, { ...column, derived: column.derived })
  }
  const key = dataset.columns.find((column) => column.type === 'key')
  if (key) visit(key.name, 'the key')
  if (dataset.time) visit(dataset.time, 'the event time')
  for (const input of model.inputs) {
    const forWhat = `input "${input.name}" of model "${model.name}"`
    if (input.from.kind === 'feature') visit(input.from.by, forWhat)
    else {
      const needed = new Set<string>()
      named(input.from.expression, needed)
      for (const each of needed) visit(each, forWhat)
    }
  }
  return { sent: [...sent.values()], derived: [...derived.values()] }
}

const datatypeOf = (column: Column): SignatureField['datatype'] => {
  switch (column.type) {
    case 'time':
    case 'local-time':
      return 'INT64'
    case 'number':
      return 'FP64'
    case 'boolean':
      return 'BOOL'
    default:
      return 'BYTES'
  }
}

/** What an endpoint of the model takes and gives. */
export function signatureOf(model: ModelDefinition, dataset: Dataset): Signature {
  const outputs: SignatureField[] =
    model.task === 'regression'
      ? [{ name: 'prediction', datatype: 'FP64', optional: false }]
      : [
          { name: 'prediction', datatype: model.task === 'binary' ? 'BOOL' : 'BYTES', optional: false },
          { name: 'probability', datatype: 'FP64', optional: false },
        ]
  return {
    request: requestColumns(model, dataset).sent.map((column) => ({
      name: column.name,
      datatype: datatypeOf(column),
      optional: column.optional,
    })),
    inputs: model.inputs.map(({ name, kind }) => ({ name, kind })),
    outputs,
  }
}
