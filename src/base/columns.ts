/** Numbers, times in UTC milliseconds, and booleans as 1 and 0; NaN is missing. */
export interface NumberVector {
  readonly kind: 'number'
  readonly values: Float64Array
}

/**
 * Texts as places in a dictionary; -1 is missing. Equal codes are equal texts, but a dictionary may hold a text twice, so
 * compare texts, not codes, between rows.
 */
export interface TextVector {
  readonly kind: 'text'
  readonly codes: Int32Array
  readonly dictionary: readonly string[]
}

export type Vector = NumberVector | TextVector

/** Rows held by column. A map, not an object: the names come from files, and `__proto__` is one of them. */
export interface Table {
  readonly rows: number
  readonly columns: ReadonlyMap<string, Vector>
}

export function numberVector(values: ArrayLike<number>): NumberVector {
  return { kind: 'number', values: values instanceof Float64Array ? values : Float64Array.from(values) }
}

export function textVector(texts: readonly (string | null)[]): TextVector {
  const builder = new TextBuilder(texts.length)
  for (const text of texts) builder.push(text)
  return builder.finish()
}

/** Collects texts, each distinct one once. */
export class TextBuilder {
  private readonly places = new Map<string, number>()
  private readonly dictionary: string[] = []
  private readonly codes: Int32Array
  private length = 0

  constructor(rows: number) {
    this.codes = new Int32Array(rows)
  }

  push(text: string | null): void {
    let code = -1
    if (text !== null) {
      const known = this.places.get(text)
      if (known === undefined) {
        code = this.dictionary.length
        this.dictionary.push(text)
        this.places.set(text, code)
      } else code = known
    }
    this.codes[this.length] = code
    this.length += 1
  }

  finish(): TextVector {
    return { kind: 'text', codes: this.codes.subarray(0, this.length), dictionary: this.dictionary }
  }
}

export function textAt(vector: TextVector, row: number): string | null {
  return vector.dictionary[vector.codes[row]!] ?? null
}

/** @throws RangeError when the table has no such column, or it holds texts: a fault of the caller. */
export function numbersOf(table: Table, name: string): Float64Array {
  const vector = table.columns.get(name)
  if (vector?.kind !== 'number') throw new RangeError(`no column of numbers "${name}"`)
  return vector.values
}

/** @throws RangeError when the table has no such column, or it holds numbers: a fault of the caller. */
export function textsOf(table: Table, name: string): TextVector {
  const vector = table.columns.get(name)
  if (vector?.kind !== 'text') throw new RangeError(`no column of texts "${name}"`)
  return vector
}

/** The rows from `from` up to but without `to`, sharing memory with the table. */
export function sliceTable(table: Table, from: number, to: number): Table {
  if (from === 0 && to === table.rows) return table
  const columns = new Map<string, Vector>()
  for (const [name, vector] of table.columns) {
    columns.set(
      name,
      vector.kind === 'number'
        ? { kind: 'number', values: vector.values.subarray(from, to) }
        : { kind: 'text', codes: vector.codes.subarray(from, to), dictionary: vector.dictionary },
    )
  }
  return { rows: to - from, columns }
}

/** The given rows, in that order, copied. */
export function takeRows(table: Table, rows: ArrayLike<number>): Table {
  const columns = new Map<string, Vector>()
  for (const [name, vector] of table.columns) {
    if (vector.kind === 'number') {
      const values = new Float64Array(rows.length)
      for (let i = 0; i < rows.length; i += 1) values[i] = vector.values[rows[i]!]!
      columns.set(name, { kind: 'number', values })
    } else {
      const codes = new Int32Array(rows.length)
      for (let i = 0; i < rows.length; i += 1) codes[i] = vector.codes[rows[i]!]!
      columns.set(name, { kind: 'text', codes, dictionary: vector.dictionary })
    }
  }
  return { rows: rows.length, columns }
}

/** One table of many with the same columns; texts keep one dictionary when all parts share it. */
export function concatTables(parts: readonly Table[]): Table {
  const first = parts[0]
  if (first === undefined) return { rows: 0, columns: new Map() }
  if (parts.length === 1) return first
  const rows = parts.reduce((sum, part) => sum + part.rows, 0)
  const columns = new Map<string, Vector>()
  for (const [name, vector] of first.columns) {
    columns.set(name, vector.kind === 'number' ? concatNumbers(parts, name, rows) : concatTexts(parts, name, rows))
  }
  return { rows, columns }
}

function concatNumbers(parts: readonly Table[], name: string, rows: number): NumberVector {
  const values = new Float64Array(rows)
  let at = 0
  for (const part of parts) {
    values.set(numbersOf(part, name), at)
    at += part.rows
  }
  return { kind: 'number', values }
}

function concatTexts(parts: readonly Table[], name: string, rows: number): TextVector {
  const codes = new Int32Array(rows)
  const bases = new Map<readonly string[], number>()
  const dictionaries: (readonly string[])[] = []
  let size = 0
  let at = 0
  for (const part of parts) {
    const vector = textsOf(part, name)
    let base = bases.get(vector.dictionary)
    if (base === undefined) {
      base = size
      bases.set(vector.dictionary, base)
      dictionaries.push(vector.dictionary)
      size += vector.dictionary.length
    }
    if (base === 0) codes.set(vector.codes, at)
    else for (let i = 0; i < part.rows; i += 1) codes[at + i] = vector.codes[i]! < 0 ? -1 : vector.codes[i]! + base
    at += part.rows
  }
  const dictionary = dictionaries.length === 1 ? dictionaries[0]! : dictionaries.flatMap((entries) => [...entries])
  return { kind: 'text', codes, dictionary }
}

/** One row as JSON: what is missing is null. */
export function rowAt(table: Table, row: number): Record<string, number | string | null> {
  const entries: [string, number | string | null][] = []
  for (const [name, vector] of table.columns) {
    if (vector.kind === 'text') entries.push([name, textAt(vector, row)])
    else entries.push([name, Number.isNaN(vector.values[row]!) ? null : vector.values[row]!])
  }
  return Object.fromEntries(entries)
}
