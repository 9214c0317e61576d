import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { textVector } from '../base/columns.ts'
import type { FeatureBatch } from './feature-batch.ts'
import { type Event, eventBatch, liveEvents, newestEvents } from './feature-events.conformance.ts'
import type { OnlineFeatures } from './online-features.ts'

/** What every store of the feature log must do. `reopen` closes and opens it, `crash` opens it without closing and tears its end. */
export function onlineFeaturesConformance(
  name: string,
  setup: () => Promise<{
    features: OnlineFeatures
    reopen: () => Promise<OnlineFeatures>
    tear: (bytes: number) => Promise<void>
  }>,
): void {
  describe(`online features: ${name}`, () => {
    const batch = (seq: number, rows = 3): FeatureBatch => ({
      seq,
      view: 'departures',
      viewHash: 'h',
      reach: { windowMs: 0, last: false },
      through: { version: seq, pushed: null },
      entities: textVector(Array.from({ length: rows }, (_, i) => (i === 1 ? null : `airport ${i}`))),
      times: Float64Array.from({ length: rows }, (_, i) => seq * 1000 + i),
      values: [Float64Array.from({ length: rows }, (_, i) => (i === 0 ? Number.NaN : i / 3))],
    })
    async function seqsAfter(features: OnlineFeatures, after: number): Promise<number[]> {
      const seqs: number[] = []
      for await (const each of features.read(after)) seqs.push(each.seq)
      return seqs
    }

    test('keeps batches in order, exactly as they were, over a reopening', async () => {
      const { features, reopen } = await setup()
      expect(features.position).toBe(0)
      await features.append([batch(1), batch(2)])
      await features.append([batch(3)])
      const again = await reopen()
      expect(again.position).toBe(3)
      const read: FeatureBatch[] = []
      for await (const each of again.read(0)) read.push(each)
      expect(read).toEqual([batch(1), batch(2), batch(3)])
      expect(await seqsAfter(again, 2)).toEqual([3])
      await again.close()
    })

    test('passes over what is there already, takes a gap', async () => {
      const { features } = await setup()
      await features.append([batch(5), batch(6)])
      await features.append([batch(4), batch(6), batch(9)])
      expect(await seqsAfter(features, 0)).toEqual([5, 6, 9])
      expect(features.position).toBe(9)
      await features.close()
    })

    test('reads on from anywhere in a long log', async () => {
      const { features, reopen } = await setup()
      for (let seq = 1; seq <= 400; seq += 1) await features.append([batch(seq, 300)])
      for (const open of [features, await reopen()]) {
        for (const after of [0, 57, 200, 399, 400]) {
          expect(await seqsAfter(open, after)).toEqual(Array.from({ length: 400 - after }, (_, i) => after + 1 + i))
        }
        await open.close()
      }
    })

    test('forgets the oldest and keeps its position', async () => {
      const { features, reopen } = await setup()
      for (let seq = 1; seq <= 400; seq += 1) await features.append([batch(seq, 300)])
      await features.trim(300_000)
      const kept = await seqsAfter(features, 0)
      expect(kept.length).toBeLessThan(400)
      expect(kept.at(-1)).toBe(400)
      expect(kept.filter((seq) => seq > 300).length).toBe(100)
      await features.trim(Number.MAX_VALUE)
      const again = await reopen()
      expect(again.position).toBe(400)
      await again.append([batch(401)])
      expect((await seqsAfter(again, 400)).length).toBe(1)
      await again.close()
    })

    test('hides and repeats nothing for who reads while it is trimmed', async () => {
      for (const last of [false, true]) {
        const { features } = await setup()
        for (let seq = 1; seq <= 400; seq += 1) {
          await features.append([{ ...batch(seq, 300), reach: { windowMs: 0, last } }])
        }
        const seqs: number[] = []
        for await (const { seq } of features.read(0)) {
          seqs.push(seq)
          if (seq === 1) await features.trim(300_000)
        }
        expect(seqs).toEqual(Array.from({ length: 400 }, (_, i) => i + 1))
        await features.close()
      }
    })

    test('stays small where the newest event of each entity matters for ever', async () => {
      const { features, reopen } = await setup()
      for (let seq = 1; seq <= 1000; seq += 1) {
        await features.append([{ ...batch(seq, 300), reach: { windowMs: 5000, last: true } }])
        if (seq % 50 === 0) await features.trim(seq * 1000)
      }
      const again = await reopen()
      const read: FeatureBatch[] = []
      for await (const each of again.read(0)) read.push(each)
      expect(read.length).toBeLessThan(200)
      expect(read.at(-1)).toEqual({ ...batch(1000, 300), reach: { windowMs: 5000, last: true } })
      expect(Math.max(...read.map((each) => each.through.version ?? 0))).toBe(1000)
      await again.close()
    })

    test('whoever reads on from anywhere has every event that matters, and gets none of a window twice', async () => {
      const events = fc.array(
        fc.record({
          entity: fc.integer({ min: 0, max: 30 }).map((i) => `e${i}`),
          lateMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 0, max: 200_000 })),
          value: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constant(Number.NaN)),
        }),
        { maxLength: 40 },
      )
      const steps = fc.array(
        fc.record({ view: fc.constantFrom('bounded', 'last', 'both'), events, padding: fc.constantFrom(1, 200) }),
        { minLength: 40, maxLength: 80, size: 'max' },
      )
      await fc.assert(
        fc.asyncProperty(steps, fc.array(fc.nat(1000), { minLength: 8, maxLength: 8 }), async (list, choices) => {
          const first = await setup()
          let features = first.features
          const all: Event[] = []
          const replicas = [await setup(), await setup()].map(({ features: copy, reopen }) => ({ copy, reopen }))
          for (const [i, step] of list.entries()) {
            const now = (i + 1) * 1000
            const rows = step.events.map(({ entity, lateMs, value }) => ({
              view: step.view,
              entity,
              time: Math.max(0, now - lateMs),
              values: [value, i % 2],
            }))
            // Many events of one moment, so that segments fill up.
            for (let n = 0; n < step.padding * 20; n += 1) {
              rows.push({ view: step.view, entity: `padding ${n % 40}`, time: now - (n % 900), values: [n, 0] })
            }
            all.push(...rows)
            await features.append([eventBatch(features.position + 1, step.view, rows)])
            const choice = choices[i % choices.length]! + i
            if (choice % 5 === 0) await features.trim(now - 3000)
            if (choice % 17 === 0) features = await first.reopen()
            for (const [r, replica] of replicas.entries()) {
              if ((choice + r) % 11 !== 0) continue
              for await (const each of features.read(replica.copy.position)) await replica.copy.append([each])
              if (choice % 2 === 0) await replica.copy.trim(now - 4000)
              if (choice % 3 === 0) replica.copy = await replica.reopen()
            }
          }
          const now = list.length * 1000
          await features.trim(now - 3000)
          for (const { copy } of replicas)
            for await (const each of features.read(copy.position)) await copy.append([each])
          for (const each of [features, ...replicas.map(({ copy }) => copy)]) {
            const kept: FeatureBatch[] = []
            for await (const read of each.read(0)) kept.push(read)
            expect(kept.map(({ seq }) => seq)).toEqual([...new Set(kept.map(({ seq }) => seq))].sort((a, b) => a - b))
            expect(each.position).toBe(list.length)
            expect(newestEvents(kept)).toEqual(newestEvents(all))
            expect(liveEvents(kept, now - 3000)).toEqual(liveEvents(all, now - 3000))
            await each.close()
          }
        }),
        { numRuns: 6, endOnFailure: true },
      )
    }, 120_000)

    test('what a crash tore is gone, and can be appended again', async () => {
      const { features, reopen, tear } = await setup()
      await features.append([batch(1), batch(2)])
      await features.close()
      await tear(7)
      const again = await reopen()
      expect(again.position).toBe(1)
      await again.append([batch(2)])
      expect(await seqsAfter(again, 0)).toEqual([1, 2])
      await again.close()
    })
  })
}
