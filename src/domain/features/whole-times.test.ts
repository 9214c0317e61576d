import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDataServices, openFeatureSegments, type TestServices } from '../../../test/fixtures/data-services.ts'
import { definitionSchema } from '../../contract/definition.ts'
import type { Expression } from '../../contract/expression.ts'
import { datasetVersion } from '../data/dataset-reader.ts'
import { ingestFile } from '../data/ingestion.ts'
import { PushBuffer } from '../data/push-buffer.ts'
import { FeatureFeed } from './feature-feed.ts'
import { readHistory } from './feature-history.ts'
import { planNamedView } from './feature-view.ts'
import { OnlineStore } from './online-store.ts'
import { windowValue } from './window.ts'

const start = Date.UTC(2001, 0, 2)
const column = (name: string): Expression => ({ op: 'column', column: name })
const count = { name: 'count', aggregate: 'count', of: column('value'), windowMs: 5, ttlMs: null }
const mean = { name: 'mean', aggregate: 'mean', of: column('value'), windowMs: 50, ttlMs: null }
const lasts = { op: 'multiply', left: column('value'), right: { op: 'literal', value: 0.3 } }
const definition = definitionSchema.parse({
  name: 'p',
  entities: [{ name: 'shop', key: 'shop' }],
  datasets: [
    {
      name: 'sales',
      source: { format: 'csv', path: 'x.csv' },
      time: 'at',
      columns: [
        { name: 'at', type: 'time' },
        { name: 'shop', type: 'ref', entity: 'shop' },
        { name: 'value', type: 'number' },
        { name: 'done', type: 'time', derived: { op: 'add', left: column('at'), right: lasts } },
      ],
    },
  ],
  featureViews: ['at', 'done'].map((knownAt) => ({
    name: `by_${knownAt}`,
    entity: 'shop',
    dataset: 'sales',
    by: 'shop',
    knownAt,
    features: [count, mean],
  })),
})
const plans = definition.featureViews.map((view) => planNamedView(definition, view.name))

let services: TestServices
beforeAll(async () => {
  services = await openDataServices()
})
afterAll(() => services.close())

const fraction = fc.constantFrom(0, 0.25, 0.5, 0.4999, 0.75, 0.999)
const sale = fc.record({
  at: fc.tuple(fc.integer({ min: 0, max: 100 }), fraction).map(([ms, part]) => start + ms + part),
  shop: fc.constantFrom('a', 'b'),
  value: fc.integer({ min: 0, max: 100 }),
})

test('times between milliseconds mean the same in a file, when pushed, online, and after the day is closed', async () => {
  let run = 0
  await fc.assert(
    fc.asyncProperty(fc.array(sale, { minLength: 5, maxLength: 60 }), async (sales) => {
      const [filed, pushed] = [await openDataServices(), await openDataServices()]
      const path = join(services.home, `sales ${run}.csv`)
      run += 1
      await writeFile(
        path,
        `at,shop,value\n${sales.map(({ at, shop, value }) => `${at},${shop},${value}`).join('\n')}\n`,
      )
      const [batch] = await ingestFile(filed, definition, 'sales', path, { actor: 'user:test' })
      expect(batch!.state).toBe('accepted')
      const log = await openFeatureSegments(pushed.logs)
      const feed = await FeatureFeed.open(pushed, [definition], log)
      const buffer = await PushBuffer.open(pushed, definition, 'sales')
      await feed.pushed('sales', await buffer.push({ rows: sales }))
      await buffer.closeDue(start + 10 * 86_400_000)
      const store = new OnlineStore(plans)
      for await (const each of log.read(0)) store.apply(each)
      for (const plan of plans) {
        const range = { from: start, to: start + 1000 }
        const [fromFile, fromPush] = await Promise.all(
          [filed, pushed].map(async (each) =>
            readHistory(each, plan, await datasetVersion(each.metadata, 'sales'), range, {}),
          ),
        )
        for (const [key, series] of fromFile!) {
          expect(fromPush!.get(key)!.times).toEqual(series.times)
          expect(series.times.every(Number.isInteger)).toBe(true)
          for (const [name, feature] of plan.features) {
            for (let at = start; at < start + 160; at += 3) {
              expect(store.value(plan, name, key, at)).toBe(windowValue(series, feature, at))
            }
          }
        }
      }
      for (const each of [buffer, log, filed, pushed]) await each.close()
    }),
    { numRuns: 6, endOnFailure: true },
  )
}, 60_000)
