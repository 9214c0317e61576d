import { seededRandom } from '../../base/random.ts'
import type { Frame } from './frame.ts'

/** The bin of a missing value, the same in every feature. */
export const missingBin = 255
/** Bins 0…254 hold values, so that a bin always fits a byte. */
const maxValueBins = 255
/** Quantiles of a feature are taken from at most this many rows, as scikit-learn does. */
const sampleRows = 200_000

/** For each feature its ascending edges: bin b holds edges[b−1] < x ≤ edges[b]; the last bin has no upper edge. */
export interface BinEdges {
  readonly edges: readonly Float32Array[]
}

/** A frame as bins, row after row, each row padded to whole 32-bit words so that four features load at once. */
export interface BinnedFrame {
  readonly rows: number
  readonly features: number
  /** Bytes a row: the number of features, rounded up to a multiple of four. */
  readonly stride: number
  readonly bytes: Uint8Array
}

/** Bytes a row of so many features. */
export function binStride(features: number): number {
  return Math.ceil(features / 4) * 4
}

/**
 * Edges at the midpoints between distinct values while there are few of them, else at quantiles. Edges are float32
 * and lie at or above the lower and strictly below the upper value, so that `x ≤ edge` in the model splits exactly
 * the rows that the bins split in training.
 */
export function fitBins(frame: Frame, seed: number): BinEdges {
  const sample = frame.rows > sampleRows ? sampledRows(frame.rows, seed) : null
  return { edges: frame.columns.map((column) => edgesOf(sortedValues(column, sample))) }
}

/** @param bytes where to, zeros; a new array when left out */
export function binFrame(
  frame: Frame,
  { edges }: BinEdges,
  bytes: Uint8Array = new Uint8Array(frame.rows * binStride(frame.columns.length)),
): BinnedFrame {
  const features = frame.columns.length
  const stride = binStride(features)
  for (let feature = 0; feature < features; feature += 1) {
    fillBins(frame.columns[feature]!, edges[feature]!, bytes, feature, stride)
  }
  return { rows: frame.rows, features, stride, bytes }
}

function fillBins(column: Float32Array, edges: Float32Array, bytes: Uint8Array, feature: number, stride: number): void {
  const count = edges.length
  let at = feature
  for (let row = 0; row < column.length; row += 1, at += stride) {
    const value = column[row]!
    if (Number.isNaN(value)) {
      bytes[at] = missingBin
      continue
    }
    let low = 0
    let high = count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (value <= edges[middle]!) high = middle
      else low = middle + 1
    }
    bytes[at] = low
  }
}

function sampledRows(rows: number, seed: number): Uint32Array {
  const random = seededRandom(seed)
  return Uint32Array.from({ length: sampleRows }, () => Math.floor(random() * rows))
}

function sortedValues(column: Float32Array, sample: Uint32Array | null): Float32Array {
  const size = sample?.length ?? column.length
  const values = new Float32Array(size)
  let count = 0
  for (let index = 0; index < size; index += 1) {
    const value = column[sample === null ? index : sample[index]!]!
    if (!Number.isNaN(value)) values[count++] = value
  }
  return values.subarray(0, count).sort()
}

function edgesOf(sorted: Float32Array): Float32Array {
  const distinct = sorted.filter((value, index) => index === 0 || value !== sorted[index - 1])
  if (distinct.length <= 1) return new Float32Array(0)
  if (distinct.length <= maxValueBins) {
    return Float32Array.from({ length: distinct.length - 1 }, (_, at) => edgeBetween(distinct[at]!, distinct[at + 1]!))
  }
  const edges: number[] = []
  for (let bin = 1; bin < maxValueBins; bin += 1) {
    // The edge lies between the quantile and the next greater value; equal quantiles give one edge.
    const at = Math.floor((bin * (sorted.length - 1)) / maxValueBins)
    const value = sorted[at]!
    let next = at + 1
    while (next < sorted.length && sorted[next] === value) next += 1
    if (next === sorted.length) break
    const edge = edgeBetween(value, sorted[next]!)
    if (edges.length === 0 || edge > edges[edges.length - 1]!) edges.push(edge)
  }
  return Float32Array.from(edges)
}

function edgeBetween(lower: number, upper: number): number {
  const middle = Math.fround((lower + upper) / 2)
  // Neighbouring floats have no float32 between them, and infinities no middle.
  return middle >= lower && middle < upper ? middle : lower
}
