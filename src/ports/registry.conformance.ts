import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ModelVersionRecord } from '../contract/model.ts'
import { promptTag, type RegisteredModel } from '../contract/registry.ts'
import type { Filter } from '../contract/search/filter-syntax.ts'
import { filterArbitrary, rowArbitrary } from '../contract/search/filters.conformance.ts'
import { formatFilter } from '../contract/search/format-filter.ts'
import { matches, type SearchRow } from '../contract/search/match-filter.ts'
import type { OrderItem } from '../contract/search/parse-order.ts'
import type { Metadata } from './metadata.ts'
import type { OrderPlace } from './tracking.ts'

const modelNamed = (key: string, name: string, changedAt = 1): RegisteredModel => ({
  key,
  name,
  description: null,
  lastNumber: 0,
  isDeleted: false,
  createdAt: 1,
  changedAt,
})

const asks = (filter: Filter): boolean =>
  'of' in filter
    ? (Array.isArray(filter.of) ? filter.of : [filter.of]).some(asks)
    : filter.field.entity === 'tag' && filter.field.key === promptTag

/** What a search finds: prompts only where the filter speaks of them. */
const isFound = (filter: Filter | undefined, row: SearchRow, subject: 'registeredModels' | 'modelVersions'): boolean =>
  matches(filter, row, subject) && ((filter && asks(filter)) || row.tags?.[promptTag] !== 'true')

async function searchableModels(metadata: Metadata): Promise<Map<string, SearchRow>> {
  const rows = new Map<string, SearchRow>()
  const samples = fc.sample(rowArbitrary('registeredModels'), { numRuns: 40, seed: 11 })
  await metadata.transaction(async ({ registry }) => {
    for (const [place, { attributes, tags = {} }] of samples.entries()) {
      // Names are there once: most get a number, and some stay as filters have them.
      const said = String(attributes.name ?? 'x')
      const name = [...rows.values()].some((row) => row.attributes.name === said) ? `${said}${place}` : said
      const key = `key ${place}`
      await registry.insertModel(modelNamed(key, name, place % 5))
      for (const [tag, value] of Object.entries(tags)) await registry.setModelTag(key, { key: tag, value })
      rows.set(key, { attributes: { name, last_updated_timestamp: place % 5 }, tags })
    }
    await registry.insertModel({ ...modelNamed('gone', 'gone'), isDeleted: true })
  })
  return rows
}

async function searchableVersions(metadata: Metadata): Promise<Map<string, SearchRow>> {
  const rows = new Map<string, SearchRow>()
  const names = ['a', 'A', "it's", '🙂']
  const samples = fc.sample(rowArbitrary('modelVersions'), { numRuns: 60, seed: 13 })
  await metadata.transaction(async ({ registry, insert }) => {
    for (const [place, name] of names.entries()) await registry.insertModel(modelNamed(`key ${place}`, name))
    for (const [place, { attributes, tags = {} }] of samples.entries()) {
      const [model, number] = [`key ${place % names.length}`, Math.floor(place / names.length)]
      const id = `${model}@${number}`
      const uri = attributes.source_path as string | null
      const runId = attributes.run_id as string | null
      const record = { id, model, number, state: 'registered', runId, recordedAt: place % 7, task: null }
      const source = uri === null ? null : { uri, location: uri, modelId: null, runLink: null }
      await insert('model_version', { ...record, source } as unknown as ModelVersionRecord)
      await registry.insertNote({ id, model, number, description: null, stage: 'None', changedAt: place % 5 })
      for (const [tag, value] of Object.entries(tags)) await registry.setVersionTag(id, { key: tag, value })
      rows.set(id, {
        attributes: {
          name: names[place % names.length]!,
          version_number: number,
          run_id: runId,
          source_path: uri,
          creation_timestamp: place % 7,
          last_updated_timestamp: place % 5,
        },
        tags,
      })
    }
  })
  return rows
}

const everything = { filter: undefined, order: [], limit: 1000, after: undefined }

function compare(one: SearchRow, other: SearchRow, order: readonly OrderItem[]): number {
  for (const { key, descending } of order) {
    const [a, b] = [one.attributes[key]!, other.attributes[key]!]
    // Texts by the bytes of UTF-8, as the database has them.
    const sign = typeof a === 'number' ? a - (b as number) : Buffer.compare(Buffer.from(a), Buffer.from(b as string))
    if (sign !== 0) return descending ? -sign : sign
  }
  return 0
}

const attribute = (key: string, descending = false): OrderItem => ({ entity: 'attribute', key, descending })

const orderArbitrary = (...keys: string[]) =>
  fc
    .uniqueArray(fc.tuple(fc.constantFrom(...keys), fc.boolean()), { maxLength: 3, selector: ([key]) => key })
    .map((items) => items.map(([key, descending]) => attribute(key, descending)))

/** What every store of the registry does. */
export function registryConformance(name: string, setup: () => Promise<{ metadata: Metadata }>): void {
  describe(`registry of ${name}`, () => {
    test('a filter finds the models that it means, in any order and in pages of any size', async () => {
      const { metadata } = await setup()
      const rows = await searchableModels(metadata)
      await fc.assert(
        fc.asyncProperty(
          fc.option(filterArbitrary('registeredModels'), { nil: undefined }),
          orderArbitrary('name', 'last_updated_timestamp'),
          fc.integer({ min: 1, max: 9 }),
          async (filter, order, limit) => {
            const keys: string[] = []
            for (let after: OrderPlace | undefined; ; ) {
              const page = await metadata.registry.searchModels({ filter, order, limit, after })
              keys.push(...page.models.map(({ key }) => key))
              if (!page.next) break
              expect(page.models).toHaveLength(limit)
              after = JSON.parse(JSON.stringify(page.next))
            }
            const expected = [...rows]
              .filter(([, row]) => isFound(filter, row, 'registeredModels'))
              .sort(([, one], [, other]) => compare(one, other, [...order, attribute('name')]))
              .map(([key]) => key)
            expect(keys, filter && formatFilter(filter)).toEqual(expected)
          },
        ),
        { numRuns: 300 },
      )
      await metadata.close()
    })

    test('a filter finds the versions that it means, in any order and in pages of any size', async () => {
      const { metadata } = await setup()
      const rows = await searchableVersions(metadata)
      const named = (value: string): Filter => {
        const place = { from: 0, to: 0 }
        const field = { entity: 'attribute' as const, key: 'name', ...place }
        return { kind: 'comparison', field, operator: '=', value: { value, ...place }, ...place }
      }
      const filters = fc
        .tuple(fc.option(filterArbitrary('modelVersions')), fc.option(fc.constantFrom('a', "it's", 'nobody')))
        .map(([filter, model]): Filter | undefined => {
          if (filter === null) return model === null ? undefined : named(model)
          return model === null ? filter : { kind: 'and', of: [named(model), filter], from: 0, to: 0 }
        })
      let found = 0
      await fc.assert(
        fc.asyncProperty(
          filters,
          orderArbitrary('name', 'version_number', 'creation_timestamp', 'last_updated_timestamp'),
          fc.integer({ min: 1, max: 15 }),
          async (filter, order, limit) => {
            const ids: string[] = []
            for (let after: OrderPlace | undefined; ; ) {
              const page = await metadata.registry.searchVersions({ filter, order, limit, after })
              ids.push(...page.versions.map(({ note }) => note.id))
              if (!page.next) break
              expect(page.versions).toHaveLength(limit)
              after = JSON.parse(JSON.stringify(page.next))
            }
            const expected = [...rows]
              .filter(([, row]) => isFound(filter, row, 'modelVersions'))
              .sort(([, one], [, other]) =>
                compare(one, other, [...order, attribute('name'), attribute('version_number', true)]),
              )
              .map(([id]) => id)
            expect(ids, filter && formatFilter(filter)).toEqual(expected)
            found += ids.length > 0 && ids.length < rows.size ? 1 : 0
          },
        ),
        { numRuns: 400 },
      )
      expect(found).toBeGreaterThan(80)
      await metadata.close()
    })

    test('the newest of every stage, and what is said about versions', async () => {
      const { metadata } = await setup()
      await searchableVersions(metadata)
      await metadata.transaction(async ({ registry }) => {
        for (const number of [1, 2, 3]) await registry.updateNote(`key 0@${number}`, { stage: 'Production' })
        await registry.updateNote('key 0@14', { description: 'said', changedAt: 99 })
      })
      const latest = await metadata.registry.latest(['key 0', 'nobody'])
      expect(latest.map(({ note }) => [note.id, note.stage])).toEqual([
        ['key 0@3', 'Production'],
        ['key 0@14', 'None'],
      ])
      expect(await metadata.registry.inStage('key 0', 'Production')).toEqual([1, 2, 3])
      expect((await metadata.registry.version('key 0', 14))?.note).toMatchObject({ description: 'said', changedAt: 99 })
      const pages = await metadata.registry.newestVersions('key 1', { before: 10, limit: 2 })
      expect(pages.map(({ record }) => record.number)).toEqual([9, 8])
      await metadata.transaction(({ registry }) => registry.removeNote('key 0@14'))
      expect(await metadata.registry.version('key 0', 14)).toBeUndefined()
      expect((await metadata.registry.searchVersions(everything)).versions.map(({ note }) => note.id)).not.toContain(
        'key 0@14',
      )
      await metadata.close()
    })

    test('a name is that of one model, and of any that were deleted', async () => {
      const { metadata } = await setup()
      await metadata.transaction(async ({ registry }) => {
        await registry.insertModel(modelNamed('one', 'one'))
        await registry.insertModel(modelNamed('two', 'two'))
      })
      await expect(
        metadata.transaction(({ registry }) => registry.updateModel('two', { name: 'one' })),
      ).rejects.toMatchObject({ code: 'already-exists' })
      await metadata.transaction(async ({ registry }) => {
        await registry.updateModel('one', { isDeleted: true })
        await registry.updateModel('two', { name: 'one' })
      })
      expect(await metadata.registry.modelNamed('one')).toMatchObject({ key: 'two' })
      expect(await metadata.registry.models()).toMatchObject([{ key: 'two', name: 'one' }])
      await metadata.close()
    })
  })
}
