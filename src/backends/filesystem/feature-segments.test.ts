import { mkdtemp, readdir, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { AppendLogs } from '../../ports/append-logs.ts'
import type { FeatureBatch } from '../../ports/feature-batch.ts'
import { type Event, eventBatch, liveEvents, newestEvents } from '../../ports/feature-events.conformance.ts'
import { onlineFeaturesConformance } from '../../ports/online-features.conformance.ts'
import type { OnlineFeatures } from '../../ports/online-features.ts'
import { openFilesystemLogs } from './append-logs.ts'
import { openFeatureSegments } from './feature-segments.ts'

const newFolder = () => mkdtemp(join(tmpdir(), 'millwright features '))

onlineFeaturesConformance('filesystem', async () => {
  const folder = await newFolder()
  const logs = openFilesystemLogs(folder)
  const open = () => openFeatureSegments(logs, { maxBytes: 200_000 })
  let features = await open()
  return {
    features,
    reopen: async () => {
      await features.close()
      features = await open()
      return features
    },
    tear: async (bytes) => {
      const path = join(folder, `${(await logs.list('features')).at(-1)!}.log`)
      await truncate(path, (await stat(path)).size - bytes)
    },
  }
})

/** Logs of a process that dies right before its `last`-th change of the disk: from then on nothing happens. */
function mortal(logs: AppendLogs, last: number): { logs: AppendLogs; changes: () => number } {
  let changes = 0
  const change = async <T>(work: () => Promise<T>): Promise<T> => {
    changes += 1
    if (changes >= last) throw new Error('died')
    return work()
  }
  return {
    changes: () => changes,
    logs: {
      ...logs,
      open: async (name) => {
        const log = await change(() => logs.open(name))
        return {
          get size() {
            return log.size
          },
          append: (record) => change(() => log.append(record)),
          close: () => log.close(),
        }
      },
      rename: (from, to) => change(() => logs.rename(from, to)),
      remove: (name) => change(() => logs.remove(name)),
    },
  }
}

const views = ['bounded', 'last', 'both'] as const
const eventsAt = (seq: number): Event[] =>
  Array.from({ length: 60 }, (_, i) => ({
    view: views[seq % 3]!,
    entity: `e${(i * 7 + seq) % 90}`,
    time: seq * 1000 - (i % 10) * 700,
    values: [i, seq % 2],
  }))

async function read(features: OnlineFeatures): Promise<FeatureBatch[]> {
  const batches: FeatureBatch[] = []
  for await (const batch of features.read(0)) batches.push(batch)
  return batches
}

test('a process that dies at any step of appending and trimming leaves a log that reads as it should', async () => {
  const all = (through: number) => Array.from({ length: through }, (_, i) => eventsAt(i + 1)).flat()
  const options = { maxBytes: 4000 }
  let steps = 0
  for (let dies = 1; ; dies += 1) {
    const logs = openFilesystemLogs(await newFolder())
    const dying = mortal(logs, dies)
    let acknowledged = 0
    let done = false
    let features: OnlineFeatures | undefined
    try {
      features = await openFeatureSegments(dying.logs, options)
      for (let seq = 1; seq <= 36; seq += 1) {
        await features.append([eventBatch(seq, views[seq % 3]!, eventsAt(seq))])
        acknowledged = seq
        if (seq % 12 === 0) await features.trim((seq - 2) * 1000)
      }
      done = true
    } catch (error) {
      expect((error as Error).message).toBe('died')
    }
    await features?.close().catch(() => {})
    const again = await openFeatureSegments(logs, options)
    expect(again.position).toBe(acknowledged)
    const kept = await read(again)
    const seqs = kept.map(({ seq }) => seq)
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b))
    expect(newestEvents(kept)).toEqual(newestEvents(all(acknowledged)))
    const before = (acknowledged - 2) * 1000
    expect(liveEvents(kept, before)).toEqual(liveEvents(all(acknowledged), before))
    // It goes on as if nothing had happened.
    await again.append([eventBatch(acknowledged + 1, views[(acknowledged + 1) % 3]!, eventsAt(acknowledged + 1))])
    await again.trim((acknowledged + 60) * 1000)
    expect(newestEvents(await read(again))).toEqual(newestEvents(all(acknowledged + 1)))
    await again.close()
    steps = dies
    if (done) break
  }
  expect(steps).toBeGreaterThan(60)
}, 120_000)

test('nothing is left of what was compacted but what stands for it', async () => {
  const folder = await newFolder()
  const features = await openFeatureSegments(openFilesystemLogs(folder), { maxBytes: 6000 })
  for (let seq = 1; seq <= 600; seq += 1) {
    await features.append([
      eventBatch(
        seq,
        'last',
        eventsAt(seq).map((event) => ({ ...event, view: 'last' })),
      ),
    ])
    if (seq % 20 === 0) await features.trim(seq * 1000)
  }
  await features.close()
  const files = await readdir(join(folder, 'features'), { withFileTypes: true })
  expect(files.filter((file) => file.isFile()).length).toBeLessThan(8)
  expect(await readdir(join(folder, 'features', 'compacting'))).toEqual([])
})
