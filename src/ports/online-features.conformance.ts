import { describe, expect, test } from 'vitest'
import { textVector } from '../base/columns.ts'
import type { FeatureBatch } from './feature-batch.ts'
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
