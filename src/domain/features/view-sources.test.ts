import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDataServices, openFeatureSegments, type TestServices } from '../../../test/fixtures/data-services.ts'
import { hashOf } from '../../base/hash.ts'
import { type Definition, definitionSchema } from '../../contract/definition.ts'
import type { Expression } from '../../contract/expression.ts'
import type { ModelVersionRecord } from '../../contract/model.ts'
import { PushBuffer } from '../data/push-buffer.ts'
import { FeatureFeed } from './feature-feed.ts'
import { planNamedView } from './feature-view.ts'
import { OnlineStore } from './online-store.ts'
import { viewSources } from './view-sources.ts'

const start = Date.UTC(2001, 0, 2)
const column = (name: string): Expression => ({ op: 'column', column: name })
const doubled: Expression = { op: 'multiply', left: column('value'), right: { op: 'literal', value: 2 } }

/** @param of what the feature `mean` of the view `sold` is made of; `spread` adds a feature over the same events. */
function definitionWith(of: Expression, { later = 0, spread = false } = {}): Definition {
  const feature = (name: string, aggregate: string) => ({ name, aggregate, of, windowMs: 3_600_000, ttlMs: null })
  return definitionSchema.parse({
    name: 'p',
    entities: [{ name: 'shop', key: 'shop' }],
    datasets: [
      {
        name: 'sales',
        time: 'at',
        columns: [
          { name: 'at', type: 'time' },
          { name: 'shop', type: 'ref', entity: 'shop' },
          { name: 'value', type: 'number' },
          {
            name: 'known',
            type: 'time',
            derived: { op: 'add', left: column('at'), right: { op: 'literal', value: later } },
          },
        ],
      },
    ],
    featureViews: [
      {
        name: 'sold',
        entity: 'shop',
        dataset: 'sales',
        by: 'shop',
        knownAt: 'known',
        features: [feature('mean', 'mean'), ...(spread ? [feature('spread', 'std')] : [])],
      },
    ],
  })
}

let services: TestServices
beforeAll(async () => {
  services = await openDataServices()
})
afterAll(() => services.close())

/** A registered version that was trained by a definition. */
async function registered(definition: Definition): Promise<void> {
  const id = hashOf(definition)
  await services.metadata.transaction(async (writer) => {
    await writer.put('definition', {
      id,
      definition,
      projectDir: '/p',
      packageHash: '',
      origin: 'folder',
      appliedAt: 0,
      appliedBy: 'user:test',
      current: false,
    })
    const version = { id: `late@${id}`, model: 'late', number: 1, state: 'registered', definitionHash: id }
    await writer.put('model_version', version as ModelVersionRecord)
  })
}

test('a version finds its features as it learnt them, though the view is stated otherwise since', async () => {
  const [then, now] = [definitionWith(column('value')), definitionWith(doubled, { spread: true })]
  await registered(then)
  const log = await openFeatureSegments(services.logs)
  const feed = await FeatureFeed.open(services, await viewSources(services.metadata, now), log)
  const buffer = await PushBuffer.open(services, now, 'sales')
  const rows = [10, 20, 60].map((value, i) => ({ at: start + i, shop: 'a', value }))
  await feed.pushed('sales', await buffer.push({ rows }))
  const [old, present] = [then, now].map((definition) => planNamedView(definition, 'sold'))
  const store = new OnlineStore([old!, present!])
  for await (const batch of log.read(0)) store.apply(batch)
  expect(store.value(old!, 'mean', 'a', start + 10)).toBe(30)
  expect(store.value(present!, 'mean', 'a', start + 10)).toBe(60)
  expect(store.value(old!, 'spread', 'a', start + 10)).toBeNaN()
  expect(store.value(present!, 'spread', 'a', start + 10)).toBeCloseTo(2 * Math.sqrt(700), 9)
  await buffer.close()
  await log.close()
})

test('a view of old is left out when the rows no longer give what it reads', async () => {
  await registered(definitionWith(column('value')))
  const sources = await viewSources(services.metadata, definitionWith(doubled, { later: 5 }))
  expect(sources.map(({ featureViews }) => featureViews.length)).toEqual([1, 0])
})
