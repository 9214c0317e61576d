import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MetricPoint } from '../contract/tracking.ts'
import type { Metadata } from './metadata.ts'
import { runNamed } from './searchable-runs.conformance.ts'

/** By step, then time, then value; a NaN counts as 0, as in MLflow. */
const isLater = (one: MetricPoint, other: MetricPoint): boolean => {
  const [a, b] = [one, other].map(({ step, at, value }) => [step, at, Number.isNaN(value) ? 0 : value])
  const place = [0, 1, 2].find((each) => a![each] !== b![each])
  return place !== undefined && a![place]! > b![place]!
}

/** What every back end for tracking must do with the points of metrics. */
export function trackingPointsConformance(name: string, setup: () => Promise<{ metadata: Metadata }>): void {
  describe(`points of tracking: ${name}`, () => {
    test('a sample of any points has the first of each of its parts, and the last of all', async () => {
      const { metadata } = await setup()
      const run = runNamed('sampled')
      await metadata.transaction(({ tracking }) => tracking.insertRun(run))
      let made = 0
      const point = fc.record({ at: fc.nat(9), step: fc.nat(9), value: fc.constantFrom(-1, 0, 1.5, Number.NaN) })
      await fc.assert(
        fc.asyncProperty(fc.array(point, { maxLength: 60 }), fc.integer({ min: 1, max: 70 }), async (points, limit) => {
          made += 1
          const metric = `m${made}`
          await metadata.transaction(({ tracking }) =>
            tracking.addPoints(
              run.id,
              points.map((each) => ({ metric, ...each })),
            ),
          )
          const keyOf = ({ at, step, value }: (typeof points)[number]) =>
            [step, at, Number.isNaN(value) ? 0 : value, Number.isNaN(value) ? 1 : 0] as const
          const all = [...new Map(points.map((each) => [keyOf(each).join(), each])).values()].sort((a, b) => {
            const [one, other] = [keyOf(a), keyOf(b)]
            const at = one.findIndex((part, place) => part !== other[place])
            return at < 0 ? 0 : one[at]! - other[at]!
          })
          const expected: typeof points = []
          // As many longer parts as are left over, in front.
          const [length, longer] = [Math.floor(all.length / limit), all.length % limit]
          for (let part = 0, from = 0; part < limit && from < all.length; part += 1) {
            expected.push(all[from]!)
            from += length + (part < longer ? 1 : 0)
          }
          const last = all.at(-1)
          if (last && expected.at(-1) !== last) expected.splice(limit - 1, 1, last)
          const sampled = await metadata.tracking.sampledPoints(run.id, metric, { limit })
          expect(sampled.map(keyOf)).toEqual(expected.map(keyOf))
        }),
        { numRuns: 60 },
      )
      await metadata.close()
    })

    test('of any points, in any order and any batches: pages are all of them in order, and the latest is the greatest', async () => {
      const { metadata } = await setup()
      let count = 0
      const point = fc.record({
        metric: fc.constantFrom('m', 'n'),
        value: fc.constantFrom(-1, 0, 0.5, 1e300, Number.NaN),
        at: fc.integer({ min: 0, max: 3 }),
        step: fc.integer({ min: -1, max: 3 }),
      })
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(point, { maxLength: 8 }), { maxLength: 6 }),
          fc.integer({ min: 1, max: 4 }),
          async (batches, limit) => {
            count += 1
            const run = runNamed(`d${count.toString(16)}f`)
            await metadata.transaction(({ tracking }) => tracking.insertRun(run))
            for (const batch of batches) {
              await metadata.transaction(({ tracking }) => tracking.addPoints(run.id, batch))
            }
            const all = batches.flat()
            for (const metric of ['m', 'n']) {
              const mine = all.filter((each) => each.metric === metric)
              const order = ({ at, step, value }: MetricPoint) => [
                at,
                step,
                Number.isNaN(value) ? 0 : value,
                Number.isNaN(value) ? 1 : 0,
              ]
              const expected = [...new Map(mine.map((each) => [String(order(each)), each])).values()].sort((a, b) => {
                const [x, y] = [order(a), order(b)]
                const place = [0, 1, 2, 3].find((each) => x[each] !== y[each])!
                return x[place]! - y[place]!
              })
              const read: MetricPoint[] = []
              for (;;) {
                const page = await metadata.tracking.points(run.id, metric, { after: read.at(-1), limit })
                read.push(...page)
                if (page.length < limit) break
              }
              expect(read).toEqual(expected)
              const latest = (await metadata.tracking.factsOf([run.id]))
                .get(run.id)!
                .metrics.find((each) => each.metric === metric)
              const best = mine.reduce<MetricPoint | undefined>(
                (so, each) => (so === undefined || isLater(each, so) ? each : so),
                undefined,
              )
              // Of a NaN and a 0 at one place either may be the latest.
              expect(latest === undefined ? latest : { ...latest, value: latest.value || 0 }).toEqual(
                best === undefined ? best : { ...best, value: best.value || 0 },
              )
            }
          },
        ),
        { numRuns: 60 },
      )
      await metadata.close()
    })
  })
}
