import {
  hellinger,
  jsDistance,
  jsDivergence,
  klDivergence,
  lInfinity,
  normalisedWasserstein,
  psi,
} from './distances.ts'
import { type DriftChoice, evidentlyChoice, hasDrifted } from './drift-presets.ts'
import { equalWidthEdges, histogramOf, sturgesBins } from './histogram.ts'
import { chiSquareTest, ksTest, twoProportionTest, welchTest } from './hypothesis.ts'

export interface DriftResult {
  readonly choice: DriftChoice
  /** A p-value or a distance, by the method. */
  readonly value: number
  readonly hasDrifted: boolean
}

/** From more distinct reference values than this on, numbers are binned; below, each value is a bin (Evidently). */
const binnedFrom = 20

/**
 * Drift of a column of numbers, with Evidently's choice of test unless another is given. NaN and infinities are left
 * out of both samples.
 */
export function numericDrift(
  reference: ArrayLike<number>,
  current: ArrayLike<number>,
  given?: DriftChoice,
): DriftResult {
  const a = Float64Array.from(reference).filter(Number.isFinite)
  const b = Float64Array.from(current).filter(Number.isFinite)
  const distinct = new Set([...new Set(a), ...new Set(b)]).size
  const choice = given ?? evidentlyChoice({ kind: 'numeric', referenceRows: a.length, distinct })
  const value = sampleDrift(choice, a, b) ?? countDrift(choice, ...numberCounts(a, b))
  return { choice, value, hasDrifted: hasDrifted(choice, value) }
}

/** Drift of a column of categories; null is left out. */
export function categoricalDrift(
  reference: ReadonlyMap<string, number>,
  current: ReadonlyMap<string, number>,
  given?: DriftChoice,
): DriftResult {
  const names = [...new Set([...reference.keys(), ...current.keys()])].sort()
  const a = names.map((name) => reference.get(name) ?? 0)
  const b = names.map((name) => current.get(name) ?? 0)
  const referenceRows = a.reduce((sum, count) => sum + count, 0)
  const choice = given ?? evidentlyChoice({ kind: 'categorical', referenceRows, distinct: names.length })
  const value = countDrift(choice, a, b)
  return { choice, value, hasDrifted: hasDrifted(choice, value) }
}

/** Methods that look at the values themselves; null for one that looks at counts. */
function sampleDrift(choice: DriftChoice, reference: Float64Array, current: Float64Array): number | null {
  if (choice.method === 'ks') return ksTest(reference, current).p
  if (choice.method === 'welch-t') return welchTest(reference, current).p
  if (choice.method === 'wasserstein') return normalisedWasserstein(reference, current)
  return null
}

/**
 * Drift of counts over the same bins, for chunks whose values are no longer at hand.
 *
 * @throws RangeError for a method that needs the values (KS, Welch, Wasserstein)
 */
export function countDrift(choice: DriftChoice, reference: ArrayLike<number>, current: ArrayLike<number>): number {
  const options = { base: choice.base }
  switch (choice.method) {
    case 'chi-square':
      return chiSquareTest(reference, current).p
    case 'z':
      return twoProportionTest(firstShare(reference), firstShare(current)).p
    case 'js-distance':
      return jsDistance(reference, current, options)
    case 'js-divergence':
      return jsDivergence(reference, current, options)
    case 'psi':
      return psi(reference, current)
    case 'kl':
      return klDivergence(reference, current, options)
    case 'hellinger':
      return hellinger(reference, current)
    case 'l-infinity':
      return lInfinity(reference, current)
    default:
      throw new RangeError(`${choice.method} needs the values, not their counts`)
  }
}

/** Equal-width bins over both samples, Sturges' number; one bin a value where there are few. */
function numberCounts(reference: Float64Array, current: Float64Array): [number[], number[]] {
  const values = [...new Set(reference)]
  if (values.length > binnedFrom) {
    const both = Float64Array.from([...reference, ...current]).sort()
    const edges = equalWidthEdges(both[0]!, both[both.length - 1]!, sturgesBins(both.length))
    return [[...histogramOf(reference, edges).counts], [...histogramOf(current, edges).counts]]
  }
  const bins = [...new Set([...values, ...current])].sort((a, b) => a - b)
  const place = new Map(bins.map((value, bin) => [value, bin]))
  const count = (sample: Float64Array) => {
    const counts = new Array<number>(bins.length).fill(0)
    for (const value of sample) counts[place.get(value)!]! += 1
    return counts
  }
  return [count(reference), count(current)]
}

function firstShare(counts: ArrayLike<number>): { successes: number; trials: number } {
  return { successes: counts[0] ?? 0, trials: Array.from(counts).reduce((sum, count) => sum + count, 0) }
}
