import { describe, expect, test } from 'vitest'
import type { DatasetVersionRecord } from '../contract/data.ts'
import { verifyChain } from './event-chain.ts'
import type { Metadata } from './metadata.ts'

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
  })
}
