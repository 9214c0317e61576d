import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findCulprits } from './upgrade-search.ts'

/** Some work unless they hold all of one of the broken sets. */
const against = (broken: readonly (readonly number[])[]) => {
  const asked: string[] = []
  const works = async (some: readonly number[]): Promise<boolean> => {
    asked.push(some.join())
    return !broken.some((set) => set.every((each) => some.includes(each)))
  }
  return { asked, works }
}

describe('the search for culprits', () => {
  it('finds one of two with a try each, and one of sixteen with few', async () => {
    const two = against([[1]])
    expect(await findCulprits([0, 1], two.works, 9)).toEqual({ culprits: [[1]], works: [0], undecided: [] })
    expect(two.asked).toEqual(['0', '1'])
    const all = Array.from({ length: 16 }, (_, i) => i)
    const many = against([[11]])
    expect((await findCulprits(all, many.works, 20)).culprits).toEqual([[11]])
    expect(many.asked.length).toBeLessThanOrEqual(9)
  })

  it('finds those that only fail together, and leaves one of them out', async () => {
    const { works } = against([[0, 2]])
    expect(await findCulprits([0, 1, 2], works, 20)).toEqual({ culprits: [[0, 2]], works: [0, 1], undecided: [] })
  })

  it('says what it does not know when tries are up', async () => {
    const { works, asked } = against([[3]])
    const blame = await findCulprits([0, 1, 2, 3], works, 2)
    expect(asked).toHaveLength(2)
    expect(blame).toEqual({ culprits: [], works: [0, 1], undecided: [2, 3] })
  })

  it('blames only minimal sets that fail, leaves a set that works, and asks nothing twice', async () => {
    const size = fc.integer({ min: 1, max: 9 })
    const cases = size.chain((count) =>
      fc.tuple(
        fc.constant(count),
        fc.array(fc.uniqueArray(fc.nat(count - 1), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
      ),
    )
    await fc.assert(
      fc.asyncProperty(cases, async ([count, broken]) => {
        const all = Array.from({ length: count }, (_, i) => i)
        const { works, asked } = against(broken)
        const blame = await findCulprits(all, works, 1000)
        expect(new Set(asked).size).toBe(asked.length)
        const fails = (some: readonly number[]) => broken.some((set) => set.every((each) => some.includes(each)))
        for (const culprit of blame.culprits) {
          expect(fails(culprit)).toBe(true)
          for (const each of culprit) expect(fails(culprit.filter((other) => other !== each))).toBe(false)
        }
        expect(fails(blame.works)).toBe(false)
        expect(blame.undecided).toEqual([])
        const blamed = blame.culprits.map((culprit) => culprit.at(-1)!)
        expect([...blame.works, ...blamed].sort()).toEqual(all)
      }),
      { numRuns: 200 },
    )
  })
})
