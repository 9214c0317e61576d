import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DatasetVersionRecord } from '../contract/data.ts'
import type { EventType } from '../contract/events.ts'
import { verifyChain } from './event-chain.ts'
import type { EventQuery, Metadata } from './metadata.ts'
import type { EntryMark, TrackedEntry } from './tracked-files.ts'

const version = (dataset: string, number: number): DatasetVersionRecord => ({
  id: `${dataset}@${number}`,
  dataset,
  number,
  hash: 'h',
  schemaHash: 's',
  added: [],
  removed: [],
  rows: 1,
  from: null,
  to: null,
  time: 0,
  recordedAt: 0,
  reason: 'test',
})
const news = (message: string) =>
  ({
    type: 'dataset.version-committed',
    subject: 'dataset:flights',
    actor: 'user:ada',
    message,
    data: { rows: 1 },
  }) as const

/** One level of a folder, a page after the other. */
async function level(metadata: Metadata, root: string, folder: string, limit: number): Promise<TrackedEntry[]> {
  const all: TrackedEntry[] = []
  for (let after: EntryMark | undefined; ; after = all.at(-1)) {
    const page = await metadata.files.list(root, folder, { after, limit })
    all.push(...page)
    if (page.length < limit) return all
  }
}

/** What every back end for metadata must do. `reopen` closes the store and opens it on the same data. */
export function metadataConformance(
  name: string,
  setup: () => Promise<{
    metadata: Metadata
    reopen: () => Promise<Metadata>
    tamper: (statement: string) => Promise<void>
  }>,
): void {
  describe(`metadata: ${name}`, () => {
    test('keeps records as written, over a restart', async () => {
      const { metadata, reopen } = await setup()
      await metadata.transaction((writer) => writer.insert('dataset_version', version('flights', 1)))
      const again = await reopen()
      expect(await again.get('dataset_version', 'flights@1')).toEqual(version('flights', 1))
      expect(await again.get('dataset_version', 'flights@2')).toBeUndefined()
      await again.close()
    })

    test('filters and orders by indexed fields, and pages do not overlap', async () => {
      const { metadata } = await setup()
      await metadata.transaction(async (writer) => {
        for (let number = 1; number <= 20; number += 1)
          await writer.insert('dataset_version', version('flights', number))
        await writer.insert('dataset_version', version('airports', 7))
      })
      const numbers = async (query: Parameters<typeof metadata.find<'dataset_version'>>[1]) =>
        (await metadata.find('dataset_version', query)).map((found) => found.number)
      expect(
        await numbers({ where: { dataset: 'flights', number: { above: 3, atMost: 6 } }, orderBy: { field: 'number' } }),
      ).toEqual([4, 5, 6])
      expect(await numbers({ where: { dataset: ['airports', 'flights'], number: 7 } })).toEqual([7, 7])
      expect(
        await numbers({
          where: { dataset: 'flights' },
          orderBy: { field: 'number', direction: 'desc' },
          limit: 3,
          offset: 2,
        }),
      ).toEqual([18, 17, 16])
      expect(await metadata.count('dataset_version', { dataset: 'flights' })).toBe(20)
      await metadata.close()
    })

    test('a transaction that throws leaves nothing, and its neighbours stand', async () => {
      const { metadata } = await setup()
      const outcomes = await Promise.allSettled([
        metadata.transaction((writer) => writer.insert('dataset_version', version('a', 1))),
        metadata.transaction(async (writer) => {
          await writer.insert('dataset_version', version('b', 1))
          await writer.emit(news('never happened'))
          throw new Error('no')
        }),
        metadata.transaction((writer) => writer.insert('dataset_version', version('c', 1))),
      ])
      expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
      expect((await metadata.find('dataset_version')).map((found) => found.id)).toEqual(['a@1', 'c@1'])
      await metadata.sealed()
      expect(await metadata.eventsAfter(0, 10)).toEqual([])
      await metadata.close()
    })

    test('refuses a taken id, updates and removes', async () => {
      const { metadata } = await setup()
      await metadata.transaction((writer) => writer.insert('dataset_version', version('a', 1)))
      await expect(
        metadata.transaction((writer) => writer.insert('dataset_version', version('a', 1))),
      ).rejects.toMatchObject({ code: 'already-exists' })
      await expect(
        metadata.transaction((writer) => writer.update('dataset_version', 'z@1', { rows: 2 })),
      ).rejects.toMatchObject({ code: 'not-found' })
      await metadata.transaction(async (writer) => {
        await writer.update('dataset_version', 'a@1', { rows: 2, dataset: 'renamed' })
        expect(await writer.find('dataset_version', { where: { dataset: 'renamed' } })).toHaveLength(1)
      })
      await metadata.transaction((writer) => writer.remove('dataset_version', 'a@1'))
      expect(await metadata.count('dataset_version')).toBe(0)
      await metadata.close()
    })

    test('seals events in order, without gaps, once, and the chain survives a restart', async () => {
      const { metadata, reopen } = await setup()
      const heads: number[] = []
      metadata.onSealed((head) => heads.push(head.seq))
      await Promise.all(
        Array.from({ length: 50 }, (_, i) => metadata.transaction((writer) => writer.emit(news(`event ${i}`)))),
      )
      await metadata.sealed()
      expect(heads.at(-1)).toBe(50)
      const again = await reopen()
      await again.transaction((writer) => writer.emit(news('after the restart')))
      await again.sealed()
      const events = await again.eventsAfter(0, 100)
      expect(events.map((event) => event.seq)).toEqual(Array.from({ length: 51 }, (_, i) => i + 1))
      expect(await verifyChain((after, limit) => again.eventsAfter(after, limit))).toEqual({
        events: 51,
        head: await again.eventHead(),
        broken: null,
      })
      expect((await again.latestEvents({ limit: 2 })).map((event) => event.seq)).toEqual([51, 50])
      expect(await again.latestEvents({ limit: 2, stage: 'serving' })).toEqual([])
      const found = async (query: Omit<EventQuery, 'limit'>) =>
        (await again.latestEvents({ limit: 3, ...query })).map((event) => event.seq)
      const [last] = await again.latestEvents({ limit: 1 })
      expect(await found({ text: last!.message.toUpperCase() })).toEqual([51])
      expect(await found({ text: last!.subject.slice(2), before: 51 })).toEqual([50, 49, 48])
      expect(await found({ actor: last!.actor, level: last!.level })).toEqual([51, 50, 49])
      expect(await found({ actor: 'user:nobody' })).toEqual([])
      expect(await found({ level: 'bad' })).toEqual([])
      // Signs that mean something to a database mean themselves.
      for (const text of ['%', '_', "'", '\\']) expect([text, await found({ text })]).toEqual([text, []])
      await again.transaction(async (writer) => {
        await writer.emit({ ...news('of another type'), type: 'dataset.rolled-back' })
        await writer.emit({ ...news('of a third'), type: 'dataset.value-skew' })
        await writer.emit(news('the last'))
      })
      await again.sealed()
      const ofTypes = async (places: [EventType, number][], limit = 10) =>
        (await again.eventsOfTypes(new Map(places), limit)).map((event) => event.seq)
      expect(await ofTypes([])).toEqual([])
      expect(
        await ofTypes([
          ['dataset.version-committed', 50],
          ['dataset.rolled-back', 0],
        ]),
      ).toEqual([51, 52, 54])
      expect(await ofTypes([['dataset.version-committed', 0]], 3)).toEqual([1, 2, 3])
      expect(await ofTypes([['dataset.rolled-back', 52]])).toEqual([])
      const counted = (most: number) =>
        again.countOfTypes(
          new Map([
            ['dataset.version-committed', 49],
            ['dataset.rolled-back', 0],
          ]),
          most,
        )
      expect(await Promise.all([1, 3, 4, 1000].map(counted))).toEqual([1, 3, 4, 4])
      await again.close()
    })

    test.each([
      ["update event set message = 'nothing to see' where seq = 3", 3, 'content'],
      ['delete from event where seq = 3', 4, 'missing'],
    ])('notices %s', async (statement, seq, why) => {
      const { metadata, tamper } = await setup()
      for (let i = 0; i < 5; i += 1) await metadata.transaction((writer) => writer.emit(news(`event ${i}`)))
      await metadata.sealed()
      await tamper(statement)
      const { broken } = await verifyChain((after, limit) => metadata.eventsAfter(after, limit))
      expect(broken).toMatchObject({ seq, why: expect.stringContaining(why) })
      await metadata.close()
    })

    const file = (path: string, hash = 'a'.repeat(64)) => ({ path, hash, size: path.length, at: 5 })

    test('keeps files of a root by their path, over a restart, and replaces them', async () => {
      const { metadata, reopen } = await setup()
      await metadata.transaction(async (writer) => {
        await writer.files.put('1/r/artifacts', file('plots/größe 100%.png'))
        await writer.files.put('1/r/artifacts', file('plots/größe 100%.png', 'b'.repeat(64)))
        expect(await writer.files.get('1/r/artifacts', 'plots/größe 100%.png')).toMatchObject({ hash: 'b'.repeat(64) })
      })
      const again = await reopen()
      expect(await again.files.get('1/r/artifacts', 'plots/größe 100%.png')).toEqual(
        file('plots/größe 100%.png', 'b'.repeat(64)),
      )
      expect(await again.files.get('1/r/artifacts', 'plots')).toBeUndefined()
      expect(await again.files.get('1/s/artifacts', 'plots/größe 100%.png')).toBeUndefined()
      await again.close()
    })

    test('a transaction that throws leaves the files as they were', async () => {
      const { metadata } = await setup()
      await metadata.transaction((writer) => writer.files.put('1/r/artifacts', file('a')))
      const failing = metadata.transaction(async (writer) => {
        await writer.files.put('1/r/artifacts', file('b'))
        await writer.files.remove('1/r/artifacts', '')
        throw new Error('no')
      })
      await expect(failing).rejects.toThrow('no')
      expect(await level(metadata, '1/r/artifacts', '', 10)).toEqual([{ name: 'a', isFolder: false, size: 1 }])
      await metadata.close()
    })

    test('lists one level, whatever lies beside and below, and pages do not overlap', async () => {
      const { metadata } = await setup()
      const root = '1/r/artifacts'
      const paths = [
        'a',
        'a-b',
        'a b/x',
        'model/MLmodel',
        'model/data/x',
        'model/data/y/z',
        'model.pkl',
        'model0',
        'Ω/é',
        'z',
      ]
      await metadata.transaction(async (writer) => {
        for (const path of paths) await writer.files.put(root, file(path))
        await writer.files.put('1/q/artifacts', file('of another'))
        await writer.files.put('1/r/artifactsx', file('of another'))
      })
      for (const limit of [1, 2, 3, 100]) {
        expect(
          (await level(metadata, root, '', limit)).map(({ name, isFolder }) => name + (isFolder ? '/' : '')),
        ).toEqual(['a', 'a b/', 'a-b', 'model.pkl', 'model/', 'model0', 'z', 'Ω/'])
        expect(await level(metadata, root, 'model', limit)).toEqual([
          { name: 'MLmodel', isFolder: false, size: 13 },
          { name: 'data', isFolder: true, size: null },
        ])
      }
      expect(await level(metadata, root, 'a', 10)).toEqual([])
      expect(await level(metadata, root, 'nothing', 10)).toEqual([])
      await metadata.close()
    })

    test('lists as a walk over all paths does, whichever they are', async () => {
      const { metadata } = await setup()
      const name = fc.stringMatching(/^[a-c.0 \-é😀]{1,3}$/u)
      const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'))
      let round = 0
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(path, { maxLength: 30 }),
          fc.integer({ min: 1, max: 7 }),
          async (paths, limit) => {
            round += 1
            const root = `${round}/r/artifacts`
            await metadata.transaction(async (writer) => {
              for (const each of paths) await writer.files.put(root, file(each))
            })
            for (const folder of ['', 'a', 'b/c']) {
              const prefix = folder === '' ? '' : `${folder}/`
              const below = paths.filter((each) => each.startsWith(prefix)).map((each) => each.slice(prefix.length))
              const expected = [...new Set(below.map((rest) => rest.replace(/\/.*/s, '/')))]
              const found = (await level(metadata, root, folder, limit)).map(
                (each) => each.name + (each.isFolder ? '/' : ''),
              )
              const inBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))
              expect(found).toEqual(expected.sort(inBytes))
            }
          },
        ),
        { numRuns: 60 },
      )
      await metadata.close()
    })

    test('removes a file, or all that lies below a path, and says how many', async () => {
      const { metadata } = await setup()
      const root = '1/r/artifacts'
      await metadata.transaction(async (writer) => {
        for (const path of ['m', 'm-x', 'm0', 'n/a', 'n/b/c', 'n.x']) await writer.files.put(root, file(path))
        await writer.files.put('1/q/artifacts', file('n/a'))
      })
      const remove = (path: string) => metadata.transaction((writer) => writer.files.remove(root, path))
      expect(await remove('m')).toBe(1)
      expect(await remove('n')).toBe(2)
      expect(await remove('n')).toBe(0)
      expect((await level(metadata, root, '', 10)).map(({ name }) => name)).toEqual(['m-x', 'm0', 'n.x'])
      expect(await remove('')).toBe(3)
      expect(await metadata.files.references(null, 10)).toMatchObject([{ root: '1/q/artifacts', path: 'n/a' }])
      await metadata.close()
    })

    test('names every file once, a page after the other; a hundred thousand of them are listed fast', async () => {
      const { metadata } = await setup()
      await metadata.transaction(async (writer) => {
        for (let i = 0; i < 100_000; i += 1)
          await writer.files.put(`1/r${i % 2}/artifacts`, file(i % 10 === 0 ? `deep/${i}/x` : `many/${i}`))
      })
      let count = 0
      for (let after: { root: string; path: string } | null = null; ; ) {
        const page = await metadata.files.references(after, 7000)
        count += page.length
        after = page.at(-1) ?? null
        if (page.length < 7000) break
      }
      expect(count).toBe(100_000)
      const began = performance.now()
      expect(await level(metadata, '1/r0/artifacts', '', 1000)).toHaveLength(2)
      const top = performance.now() - began
      expect(await level(metadata, '1/r0/artifacts', 'deep', 1000)).toHaveLength(10_000)
      expect(await level(metadata, '1/r0/artifacts', 'many', 1000)).toHaveLength(40_000)
      // The files below are not read for it.
      expect(top).toBeLessThan(100)
      await metadata.close()
    })
  })
}
