import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MetricPoint, TrackedRun } from '../contract/tracking.ts'
import type { Metadata } from './metadata.ts'
import type { Course } from './tracking-views.ts'

const runNamed = (id: string, change: Partial<TrackedRun> = {}): TrackedRun => ({
  id: id.padEnd(32, '0'),
  experimentId: '0',
  name: id,
  user: 'ada',
  status: 'FINISHED',
  startedAt: 1000,
  endedAt: 2000,
  isDeleted: false,
  deletedAt: null,
  ...change,
})

const write = (metadata: Metadata, run: TrackedRun, points: readonly MetricPoint[]): Promise<void> =>
  metadata.transaction(async ({ tracking }) => {
    await tracking.insertRun(run)
    await tracking.addPoints(run.id, points)
  })

const everything = { from: undefined, to: undefined, most: 100 }

/** What every store of tracked runs must answer to screens. */
export function trackingViewsConformance(name: string, setup: () => Promise<{ metadata: Metadata }>): void {
  describe(`views of tracked runs: ${name}`, () => {
    test('experiments are counted without what is deleted', async () => {
      const { metadata } = await setup()
      await write(metadata, runNamed('a1'), [])
      await write(metadata, runNamed('a2', { status: 'RUNNING', startedAt: 5000, endedAt: null }), [])
      await write(metadata, runNamed('a3', { isDeleted: true, deletedAt: 1, endedAt: 9000 }), [])
      const activity = await metadata.tracking.views.activityOf(['0', '7', 'none'])
      expect(activity).toEqual(new Map([['0', { runs: 2, running: 1, lastAt: 5000 }]]))
      await metadata.close()
    })

    test('runs are found by names and ids, of the newest by any part, in a time that does not grow with them', async () => {
      const { metadata } = await setup()
      const old = ['Alpha one', 'alpha two', 'ALPHA gone', 'beta alpha', 'Über-alpha', '100% alpha', 'alpha\u{1f600}']
      await metadata.transaction(async ({ tracking }) => {
        for (const [place, called] of old.entries())
          await tracking.insertRun(runNamed(`0ddba11${place}`, { name: called, isDeleted: called === 'ALPHA gone' }))
        for (let place = 0; place < 2000; place += 1)
          await tracking.insertRun(runNamed(`e${place.toString(16).padStart(7, '0')}`, { name: `filler ${place}` }))
      })
      const found = async (text: string, limit = 10) =>
        (await metadata.tracking.views.runsCalled(text, limit)).map((run) => run.name)
      expect(await found('ALPHA')).toEqual(['Alpha one', 'alpha two', 'alpha\u{1f600}'])
      expect(await found('alpha', 2)).toHaveLength(2)
      expect(await found('one')).toEqual([])
      expect(await found('Über')).toEqual(['Über-alpha'])
      expect(await found('100%')).toEqual(['100% alpha'])
      expect(await found('%')).toEqual([])
      expect(await found('ler 19', 3)).toEqual(['filler 1999', 'filler 1998', 'filler 1997'])
      // Of a number that is a whole name, what only begins so comes behind what is newer.
      expect(await found('filler 7', 3)).toEqual(['filler 799', 'filler 798', 'filler 797'])
      expect(await found('0ddba114')).toEqual(['Über-alpha'])
      expect(await found('0ddba112')).toEqual([])
      expect(await found('0ddba11')).toEqual([])
      await metadata.close()
    })

    test('rows have the columns that are asked for, in the order of the ids', async () => {
      const { metadata } = await setup()
      const at = { at: 1, step: 0 }
      await write(metadata, runNamed('b1'), [{ metric: 'loss', value: Number.NaN, ...at }])
      await write(metadata, runNamed('b2'), [
        { metric: 'loss', value: 1, ...at },
        { metric: 'loss', value: 0.5, at: 2, step: 1 },
        { metric: 'rise', value: Number.POSITIVE_INFINITY, ...at },
      ])
      await metadata.transaction(async ({ tracking }) => {
        await tracking.addParams(runNamed('b1').id, [{ key: 'lr', value: '0.1' }])
        await tracking.setTags(runNamed('b2').id, [{ key: 'owner', value: 'ada' }])
      })
      const columns = { metrics: ['rise', 'none', 'loss'], params: ['lr'], tags: ['owner'] }
      const ids = ['b2', 'none', 'b1'].map((id) => runNamed(id).id)
      const rows = await metadata.tracking.views.rowsOf(ids, columns)
      expect(rows).toEqual([
        { run: runNamed('b2'), metrics: ['Infinity', null, 0.5], params: [null], tags: ['ada'] },
        { run: runNamed('b1'), metrics: [null, null, 'NaN'], params: ['0.1'], tags: [null] },
      ])
      await metadata.close()
    })

    test('names are those of the newest runs and of some others, the most common first, and by a part', async () => {
      const { metadata } = await setup()
      for (let place = 0; place < 900; place += 1) {
        const point = (metric: string): MetricPoint => ({ metric, value: 1, at: 1, step: 0 })
        const metrics = ['loss', ...(place % 3 === 0 ? ['val_loss'] : []), ...(place === 899 ? ['a%b'] : [])]
        await write(
          metadata,
          runNamed(`c${place.toString(16).padStart(4, '0')}`, { startedAt: place }),
          metrics.map(point),
        )
      }
      const names = (text: string, limit = 10) =>
        metadata.tracking.views.names({ experiments: ['0'] }, 'metric', { text, limit })
      expect(await names('')).toEqual(['loss', 'val_loss', 'a%b'])
      expect(await names('LOSS', 1)).toEqual(['loss'])
      expect(await names('a%b')).toEqual(['a%b'])
      expect(await names('l%s')).toEqual([])
      const runs = [runNamed('c0001').id, runNamed('c0003').id]
      expect(await metadata.tracking.views.names({ runs }, 'metric', { text: '', limit: 10 })).toEqual([
        'loss',
        'val_loss',
      ])
      expect(await metadata.tracking.views.names({ experiments: ['0'] }, 'param', { text: '', limit: 10 })).toEqual([])
      expect(await metadata.tracking.views.names({ experiments: ['5'] }, 'metric', { text: '', limit: 10 })).toEqual([])
      await metadata.close()
    }, 60_000)

    test('few points are all given, in the order of the axis, whatever the order they came in', async () => {
      const { metadata } = await setup()
      let count = 0
      const point = fc.record({
        metric: fc.constant('m'),
        value: fc.constantFrom(-1, 0.5, 3, Number.NaN, Number.POSITIVE_INFINITY),
        at: fc.integer({ min: 1000, max: 1030 }),
        step: fc.integer({ min: -20, max: 20 }),
      })
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(point, { maxLength: 30, selector: ({ at, step }) => `${at} ${step}` }),
          fc.constantFrom<'step' | 'at'>('step', 'at'),
          fc.option(fc.integer({ min: -10, max: 10 }), { nil: undefined }),
          async (points, by, from) => {
            count += 1
            const run = runNamed(`d${count.toString(16).padStart(4, '0')}f`)
            await write(metadata, run, points)
            const { width, courses } = await metadata.tracking.views.courses({
              ...everything,
              runs: [{ id: run.id, origin: 1010 }],
              metric: 'm',
              by,
              from,
            })
            expect(width).toBeNull()
            const place = ({ at, step }: MetricPoint): number => (by === 'step' ? step : at - 1010)
            const expected = points.filter((each) => from === undefined || place(each) >= from)
            const [course] = courses
            expect(course?.xs ?? []).toEqual(expected.map(place).sort((a, b) => a - b))
            const told = (course?.values ?? []).map((value, at) => `${course!.xs[at]} ${value}`).sort()
            expect(told).toEqual(
              expected.map((each) => `${place(each)} ${Number.isFinite(each.value) ? each.value : null}`).sort(),
            )
            expect(course?.notFinite ?? 0).toBe(expected.filter(({ value }) => !Number.isFinite(value)).length)
          },
        ),
        { numRuns: 60 },
      )
      await metadata.close()
    })

    test('many points become stretches that hold all of them: their mean, least and greatest', async () => {
      const { metadata } = await setup()
      const run = runNamed('e1')
      const points = Array.from({ length: 45_000 }, (_, step): MetricPoint => {
        // Some steps come late and below the first one, and a spike must not be lost.
        const value = step === 31_234 ? 999 : step % 10_000 === 7 ? Number.NaN : Math.sin(step / 500)
        return { metric: 'm', value, at: 5000 + step * 3, step: step === 44_999 ? -50 : step }
      })
      await write(metadata, run, points)
      for (const [by, from, to] of [
        ['step', undefined, undefined],
        ['at', undefined, undefined],
        ['step', 31_000, 41_000],
        ['at', 3_000, 120_000],
      ] as const) {
        const { width, courses } = await metadata.tracking.views.courses({
          runs: [{ id: run.id, origin: 5000 }],
          metric: 'm',
          by,
          from,
          to,
          most: 200,
        })
        const course = courses[0] as Required<Course>
        const place = ({ at, step }: MetricPoint): number => (by === 'step' ? step : at - 5000)
        const within = points.filter(
          (each) => (from === undefined || place(each) >= from) && (to === undefined || place(each) <= to),
        )
        expect(course.points).toBe(within.length)
        expect(course.isSampled).toBe(false)
        // One more where steps lie below the first one.
        expect(course.xs.length).toBeLessThanOrEqual(202)
        expect(course.xs.length).toBeGreaterThan(150)
        expect(Math.max(...course.high.map((value) => value ?? 0))).toBe(
          within.some(({ value }) => value === 999) ? 999 : Math.max(...within.map(({ value }) => value || -1)),
        )
        for (const [index, x] of course.xs.entries()) {
          const mine = within.filter((each) => place(each) >= x && place(each) < x + width!)
          const finite = mine.map(({ value }) => value).filter(Number.isFinite)
          expect(course.low[index]).toBe(Math.min(...finite))
          expect(course.high[index]).toBe(Math.max(...finite))
          expect(course.values[index]).toBeCloseTo(finite.reduce((sum, value) => sum + value, 0) / finite.length, 9)
        }
        expect(course.notFinite).toBe(within.filter(({ value }) => !Number.isFinite(value)).length)
      }
      await metadata.close()
    }, 60_000)
  })
}
