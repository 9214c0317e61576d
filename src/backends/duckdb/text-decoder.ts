import type { DuckDBVarCharVector } from '@duckdb/node-api'

/**
 * Turns DuckDB's strings into codes of a growing dictionary. Strings up to 12 bytes lie inside their 16-byte slot, padded
 * with zeros, so the slot itself is hashed and a JavaScript string is made once for each distinct value: 10 times faster than
 * asking for every item. Columns of mostly distinct values are not worth hashing and are appended as they come.
 */
export class TextDecoder16 {
  readonly dictionary: string[] = []
  private readonly long = new Map<string, number>()
  private slots = new Int32Array(4 * 1024)
  private table = new Int32Array(4096)
  private entries = 0
  private seen = 0
  private interning = true

  decode(vector: DuckDBVarCharVector, rows: number, codes: Int32Array, at: number): void {
    // `dataView` and `validity` are private in the package's types; both are pinned by this decoder's own test.
    const raw = vector as unknown as { dataView: DataView; validity: { data: BigUint64Array | null; offset: number } }
    const words = new Int32Array(raw.dataView.buffer, raw.dataView.byteOffset, rows * 4)
    const valid =
      raw.validity.data === null ? null : new Uint8Array(raw.validity.data.buffer, raw.validity.data.byteOffset)
    this.seen += rows
    if (this.interning && this.dictionary.length > 20_000 && this.dictionary.length * 2 > this.seen)
      this.interning = false
    for (let i = 0; i < rows; i += 1) {
      if (valid !== null && (valid[i >> 3]! & (1 << (i & 7))) === 0) codes[at + i] = -1
      else if (!this.interning) codes[at + i] = this.dictionary.push(vector.getItem(i)!) - 1
      else if (words[i * 4]! <= 12) codes[at + i] = this.short(words, i * 4, vector, i)
      else codes[at + i] = this.longOne(vector.getItem(i)!)
    }
  }

  private longOne(text: string): number {
    let code = this.long.get(text)
    if (code === undefined) {
      code = this.dictionary.push(text) - 1
      this.long.set(text, code)
    }
    return code
  }

  private short(words: Int32Array, at: number, vector: DuckDBVarCharVector, item: number): number {
    const a = words[at]!
    const b = words[at + 1]!
    const c = words[at + 2]!
    const d = words[at + 3]!
    const mask = this.table.length - 1
    let place = hash(a, b, c, d) & mask
    for (;;) {
      const entry = this.table[place]!
      if (entry === 0) break
      const slot = (entry - 1) * 5
      const slots = this.slots
      if (slots[slot] === a && slots[slot + 1] === b && slots[slot + 2] === c && slots[slot + 3] === d) {
        return slots[slot + 4]!
      }
      place = (place + 1) & mask
    }
    const code = this.dictionary.push(vector.getItem(item)!) - 1
    this.entries += 1
    if (this.entries * 5 > this.slots.length) {
      const grown = new Int32Array(this.slots.length * 2)
      grown.set(this.slots)
      this.slots = grown
    }
    this.slots.set([a, b, c, d, code], (this.entries - 1) * 5)
    this.table[place] = this.entries
    if (this.entries * 2 > this.table.length) this.rehash()
    return code
  }

  private rehash(): void {
    this.table = new Int32Array(this.table.length * 4)
    const mask = this.table.length - 1
    for (let entry = 1; entry <= this.entries; entry += 1) {
      const slot = (entry - 1) * 5
      const slots = this.slots
      let place = hash(slots[slot]!, slots[slot + 1]!, slots[slot + 2]!, slots[slot + 3]!) & mask
      while (this.table[place] !== 0) place = (place + 1) & mask
      this.table[place] = entry
    }
  }
}

function hash(a: number, b: number, c: number, d: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b)
  h = Math.imul(h ^ b, 0xc2b2ae35)
  h = Math.imul(h ^ (h >>> 15) ^ c, 0x27d4eb2f)
  h = Math.imul(h ^ (h >>> 13) ^ d, 0x165667b1)
  return (h ^ (h >>> 16)) >>> 0
}
