import { describe, expect, it } from 'vitest'
import { seededRandom } from '../base/random.ts'
import { categoricalDrift, countDrift, numericDrift } from './drift-measure.ts'
import { evidentlyChoice, hasDrifted, nannymlChoice, nannymlThresholds } from './drift-presets.ts'
import { countCategories, summariseCategories } from './summary.ts'

const random = seededRandom(4)
const uniform = (count: number, shift = 0) => Array.from({ length: count }, () => random() + shift)

describe("Evidently's default choice", () => {
  it.each([
    ['numeric', 1000, 6, 'ks', 0.05],
    ['numeric', 1001, 6, 'wasserstein', 0.1],
    ['numeric', 1000, 5, 'chi-square', 0.05],
    ['numeric', 1000, 2, 'z', 0.05],
    ['numeric', 1001, 5, 'js-distance', 0.1],
    ['categorical', 1000, 3, 'chi-square', 0.05],
    ['categorical', 1000, 2, 'z', 0.05],
    ['categorical', 1001, 2, 'js-distance', 0.1],
  ] as const)('%s, %i reference rows, %i values: %s', (kind, referenceRows, distinct, method, threshold) => {
    expect(evidentlyChoice({ kind, referenceRows, distinct })).toMatchObject({ method, threshold })
  })

  it('alerts at the threshold for KS and distances, strictly below it for other tests', () => {
    expect(hasDrifted({ method: 'ks', threshold: 0.05 }, 0.05)).toBe(true)
    expect(hasDrifted({ method: 'chi-square', threshold: 0.05 }, 0.05)).toBe(false)
    expect(hasDrifted({ method: 'psi', threshold: 0.1 }, 0.1)).toBe(true)
  })
})

describe('drift of a column', () => {
  it.each([500, 5000])('sees a shift and no shift in %i numbers', (rows) => {
    expect(numericDrift(uniform(rows), uniform(rows)).hasDrifted).toBe(false)
    expect(numericDrift(uniform(rows), uniform(rows, 0.3)).hasDrifted).toBe(true)
  })

  it('leaves NaN and infinities out before it counts the reference', () => {
    const reference = [...uniform(1000), ...new Array(500).fill(Number.NaN), Number.POSITIVE_INFINITY]
    expect(numericDrift(reference, uniform(100)).choice.method).toBe('ks')
  })

  it('compares categories of which each side may lack some', () => {
    const counts = (values: string[]) => countCategories(values)
    const reference = counts([...new Array(60).fill('a'), ...new Array(40).fill('b')])
    expect(categoricalDrift(reference, counts([...new Array(30).fill('a'), ...new Array(20).fill('b')]))).toMatchObject(
      {
        choice: { method: 'z' },
        hasDrifted: false,
      },
    )
    expect(categoricalDrift(reference, counts(['c', 'c', 'c', 'a']))).toMatchObject({
      choice: { method: 'chi-square' },
      value: 0,
      hasDrifted: true,
    })
  })

  it.each(['psi', 'kl', 'hellinger', 'js-distance', 'l-infinity'] as const)('bins numbers for %s', (method) => {
    const choice = { method, threshold: 0.1 }
    expect(numericDrift(uniform(3000), uniform(3000), choice).value).toBeLessThan(0.1)
    expect(numericDrift(uniform(3000), uniform(3000, 0.5), choice)).toMatchObject({ hasDrifted: true })
  })

  it('refuses to take a test of values from counts', () => {
    expect(() => countDrift({ method: 'ks', threshold: 0.05 }, [1, 2], [2, 1])).toThrow(RangeError)
  })
})

describe("NannyML's preset", () => {
  it('takes thresholds of three deviations, clipped to what the metric can be', () => {
    expect(nannymlThresholds([0.1, 0.2, 0.3], { least: 0 })).toEqual({
      lower: 0,
      upper: expect.closeTo(0.2 + 3 * Math.sqrt(0.02 / 3), 12),
    })
    expect(countDrift({ ...nannymlChoice, threshold: 0 }, [1, 0], [0, 1])).toBe(1)
  })
})

describe('summary of categories', () => {
  it('counts, and orders ties by name', () => {
    expect(summariseCategories(['b', 'a', null, 'b', 'a', 'c'], 2)).toEqual({
      count: 5,
      missing: 1,
      distinct: 3,
      top: [
        { value: 'a', count: 2 },
        { value: 'b', count: 2 },
      ],
    })
  })
})
