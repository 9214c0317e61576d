import type { ColumnSummary } from '../../contract/data.ts'

/** Values in ascending order, each with how often it occurs; null and NaN are what is missing. */
export interface ValueCounts {
  values: readonly (number | string | null)[]
  counts: readonly number[]
}

export const quantileShares = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]

type NumberFigures = Pick<
  ColumnSummary,
  'nulls' | 'distinct' | 'mean' | 'std' | 'min' | 'max' | 'quantiles' | 'histogram'
>
type TextFigures = Pick<ColumnSummary, 'nulls' | 'distinct' | 'top'>

/** Quantiles by linear interpolation (Hyndman and Fan, type 7), the standard deviation of the sample. */
export function summaryOfNumbers({ values, counts }: ValueCounts, edges: readonly number[]): NumberFigures {
  const known: number[] = []
  const often: number[] = []
  let nulls = 0
  let rows = 0
  let sum = 0
  for (const [i, value] of values.entries()) {
    if (typeof value !== 'number' || Number.isNaN(value)) nulls += counts[i]!
    else {
      known.push(value)
      often.push(counts[i]!)
      rows += counts[i]!
      sum += value * counts[i]!
    }
  }
  const histogram = edges.length < 2 ? null : histogramOf(known, often, edges)
  if (rows === 0) return { nulls, distinct: 0, mean: null, std: null, min: null, max: null, quantiles: null, histogram }
  const mean = sum / rows
  let squares = 0
  for (let i = 0; i < known.length; i += 1) squares += often[i]! * (known[i]! - mean) ** 2
  return {
    nulls,
    distinct: known.length,
    mean,
    std: rows < 2 ? null : Math.sqrt(squares / (rows - 1)),
    min: known[0]!,
    max: known.at(-1)!,
    quantiles: quantilesOf(known, often, rows),
    histogram,
  }
}

function quantilesOf(values: readonly number[], counts: readonly number[], rows: number): number[] {
  const ends: number[] = []
  let end = 0
  for (const count of counts) {
    end += count
    ends.push(end)
  }
  const at = (place: number): number => {
    let [low, high] = [0, ends.length - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if (ends[middle]! > place) high = middle
      else low = middle + 1
    }
    return values[low]!
  }
  return quantileShares.map((share) => {
    const place = share * (rows - 1)
    const below = Math.floor(place)
    const lower = at(below)
    return lower + (place - below) * (at(Math.min(below + 1, rows - 1)) - lower)
  })
}

/** Bins `[edge, next edge)`; the last one holds its upper edge too. */
function histogramOf(values: readonly number[], often: readonly number[], edges: readonly number[]) {
  const counts = new Array<number>(edges.length - 1).fill(0)
  let below = 0
  let above = 0
  let bin = 0
  for (const [i, value] of values.entries()) {
    if (value < edges[0]!) below += often[i]!
    else if (value > edges.at(-1)!) above += often[i]!
    else {
      while (bin + 2 < edges.length && value >= edges[bin + 1]!) bin += 1
      counts[bin]! += often[i]!
    }
  }
  return { edges: [...edges], counts, below, above }
}

export function summaryOfTexts({ values, counts }: ValueCounts, top: number): TextFigures {
  const known: { value: string; count: number }[] = []
  let nulls = 0
  for (const [i, value] of values.entries()) {
    if (value === null) nulls += counts[i]!
    else known.push({ value: String(value), count: counts[i]! })
  }
  const distinct = known.length
  // Sorting keeps the order of equal counts, which is that of the values.
  return { nulls, distinct, top: known.sort((a, b) => b.count - a.count).slice(0, top) }
}
