import { compareValues } from '../../base/value-order.ts'
import { EventSeries } from './event-series.ts'
import type { ViewEvents } from './feature-view.ts'

/** Row numbers by group, group after group: `rows[starts[g]] … rows[starts[g + 1] - 1]` belong to group `g`. */
export interface Grouping {
  keys: string[]
  starts: Int32Array
  rows: Int32Array
}

/** Groups rows by text in two passes; rows of a group keep the order of `rows`. Missing texts are in no group. */
export function groupRows(
  texts: { codes: Int32Array; dictionary: readonly string[] },
  ordered: ArrayLike<number>,
): Grouping {
  const groupOfText = new Map<string, number>()
  const groupOfCode = new Int32Array(texts.dictionary.length).fill(-1)
  const keys: string[] = []
  const groups = new Int32Array(ordered.length)
  const counts: number[] = []
  for (let i = 0; i < ordered.length; i += 1) {
    const code = texts.codes[ordered[i]!]!
    if (code < 0) {
      groups[i] = -1
      continue
    }
    let group = groupOfCode[code]!
    if (group < 0) {
      const text = texts.dictionary[code]!
      group = groupOfText.get(text) ?? -1
      if (group < 0) {
        group = keys.push(text) - 1
        groupOfText.set(text, group)
        counts.push(0)
      }
      groupOfCode[code] = group
    }
    groups[i] = group
    counts[group]! += 1
  }
  const starts = new Int32Array(keys.length + 1)
  for (let group = 0; group < keys.length; group += 1) starts[group + 1] = starts[group]! + counts[group]!
  const next = starts.slice()
  const rows = new Int32Array(starts[keys.length]!)
  for (let i = 0; i < groups.length; i += 1) {
    const group = groups[i]!
    if (group < 0) continue
    rows[next[group]!] = ordered[i]!
    next[group]! += 1
  }
  return { keys, starts, rows }
}

/** The events of each entity in canonical order. Memory is shared: all series lie one after another in the same arrays. */
export function seriesByEntity({ entities, times, values }: ViewEvents): Map<string, EventSeries> {
  const { keys, starts, rows } = groupRows(entities, orderByTime(times))
  for (let group = 0; group < keys.length; group += 1) {
    sortTies(rows.subarray(starts[group]!, starts[group + 1]!), times, values)
  }
  const gather = (column: Float64Array): Float64Array => {
    const gathered = new Float64Array(rows.length)
    for (let i = 0; i < rows.length; i += 1) gathered[i] = column[rows[i]!]!
    return gathered
  }
  const sortedTimes = gather(times)
  const sortedValues = values.map(gather)
  const series = new Map<string, EventSeries>()
  for (const [group, key] of keys.entries()) {
    const cut = (column: Float64Array) => column.subarray(starts[group]!, starts[group + 1]!)
    series.set(key, EventSeries.ofSorted({ times: cut(sortedTimes), created: null, values: sortedValues.map(cut) }))
  }
  return series
}

/** Events of one time in the order of their values. */
function sortTies(rows: Int32Array, times: Float64Array, values: readonly Float64Array[]): void {
  for (let from = 0; from < rows.length; ) {
    let to = from + 1
    while (to < rows.length && times[rows[to]!] === times[rows[from]!]) to += 1
    if (to - from > 1) {
      rows.subarray(from, to).sort((a, b) => {
        for (const column of values) {
          const order = compareValues(column[a]!, column[b]!)
          if (order !== 0) return order
        }
        return a - b
      })
    }
    from = to
  }
}

const digitBits = 11
const digits = 1 << digitBits

/**
 * Places of the times in ascending order, equal ones in the order they stand in; NaN has no place. A radix sort on the bits of the doubles (IEEE 754: with the sign bit turned
 * over, and all bits of negative numbers, they sort as unsigned integers), which costs a few passes where comparing costs a call for each pair.
 */
export function orderByTime(times: Float64Array): Int32Array {
  const bits = new Uint32Array(times.buffer, times.byteOffset, times.length * 2)
  const low = new Uint32Array(times.length)
  const high = new Uint32Array(times.length)
  let order = new Int32Array(times.length)
  let length = 0
  let isOrdered = true
  let newest = Number.NEGATIVE_INFINITY
  for (let row = 0; row < times.length; row += 1) {
    const time = times[row]!
    if (Number.isNaN(time)) continue
    if (time < newest) isOrdered = false
    newest = time
    const [less, more] = [bits[row * 2]!, bits[row * 2 + 1]!]
    const isNegative = more >= 0x80000000
    low[row] = isNegative ? ~less : less
    high[row] = isNegative ? ~more : more ^ 0x80000000
    order[length] = row
    length += 1
  }
  order = order.subarray(0, length)
  if (isOrdered) return order
  let into = new Int32Array(length)
  const counts = new Int32Array(digits)
  for (const [words, shift] of [
    [low, 0],
    [low, 11],
    [low, 22],
    [high, 0],
    [high, 11],
    [high, 22],
  ] as const) {
    counts.fill(0)
    for (let i = 0; i < length; i += 1) counts[(words[order[i]!]! >>> shift) & (digits - 1)]! += 1
    // A digit that all have alike orders nothing.
    if (counts[(words[order[0]!]! >>> shift) & (digits - 1)] === length) continue
    let sum = 0
    for (let digit = 0; digit < digits; digit += 1) {
      const count = counts[digit]!
      counts[digit] = sum
      sum += count
    }
    for (let i = 0; i < length; i += 1) {
      const row = order[i]!
      const digit = (words[row]! >>> shift) & (digits - 1)
      into[counts[digit]!] = row
      counts[digit]! += 1
    }
    ;[order, into] = [into, order]
  }
  return order
}
