import { compareValues, EventSeries } from './event-series.ts'
import type { ViewEvents } from './feature-view.ts'

/** Row numbers by group, group after group: `rows[starts[g]] … rows[starts[g + 1] - 1]` belong to group `g`. */
export interface Grouping {
  keys: string[]
  starts: Int32Array
  rows: Int32Array
}

/** Groups rows by text in two passes; rows of a group keep their order. Missing texts, and rows that are not `wanted`, are in no group. */
export function groupRows(
  texts: { codes: Int32Array; dictionary: readonly string[] },
  wanted: (row: number) => boolean = () => true,
): Grouping {
  const groupOfText = new Map<string, number>()
  const groupOfCode = new Int32Array(texts.dictionary.length).fill(-1)
  const keys: string[] = []
  const groups = new Int32Array(texts.codes.length)
  const counts: number[] = []
  for (let row = 0; row < texts.codes.length; row += 1) {
    const code = texts.codes[row]!
    if (code < 0 || !wanted(row)) {
      groups[row] = -1
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
    groups[row] = group
    counts[group]! += 1
  }
  const starts = new Int32Array(keys.length + 1)
  for (let group = 0; group < keys.length; group += 1) starts[group + 1] = starts[group]! + counts[group]!
  const next = starts.slice()
  const rows = new Int32Array(starts[keys.length]!)
  for (let row = 0; row < groups.length; row += 1) {
    const group = groups[row]!
    if (group < 0) continue
    rows[next[group]!] = row
    next[group]! += 1
  }
  return { keys, starts, rows }
}

/** The events of each entity in canonical order. Memory is shared: all series lie one after another in the same arrays. */
export function seriesByEntity({ entities, times, values }: ViewEvents): Map<string, EventSeries> {
  const { keys, starts, rows } = groupRows(entities, (row) => !Number.isNaN(times[row]!))
  const before = (a: number, b: number): boolean => {
    if (times[a]! !== times[b]!) return times[a]! < times[b]!
    for (const column of values) {
      const order = compareValues(column[a]!, column[b]!)
      if (order !== 0) return order < 0
    }
    return false
  }
  for (let group = 0; group < keys.length; group += 1)
    sortRuns(rows.subarray(starts[group]!, starts[group + 1]!), before)
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

/** Sorts row numbers in place: a merge sort of natural runs, since most of them come in order already. */
export function sortRuns(rows: Int32Array, before: (a: number, b: number) => boolean): void {
  let runs = [0]
  for (let i = 1; i < rows.length; i += 1) if (before(rows[i]!, rows[i - 1]!)) runs.push(i)
  if (runs.length === 1) return
  let from: Int32Array = rows
  let into = new Int32Array(rows.length)
  while (runs.length > 1) {
    const merged: number[] = []
    for (let run = 0; run < runs.length; run += 2) {
      const start = runs[run]!
      const middle = runs[run + 1] ?? rows.length
      const end = runs[run + 2] ?? rows.length
      merged.push(start)
      let [left, right, to] = [start, middle, start]
      while (left < middle && right < end) {
        into[to] = before(from[right]!, from[left]!) ? from[right++]! : from[left++]!
        to += 1
      }
      into.set(from.subarray(left, middle), to)
      into.set(from.subarray(right, end), to + middle - left)
    }
    runs = merged
    ;[from, into] = [into, from as Int32Array<ArrayBuffer>]
  }
  if (from !== rows) rows.set(from)
}
