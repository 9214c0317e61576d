import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDataServices, type TestServices } from '../../../test/fixtures/data-services.ts'
import type { RunRecord } from '../../contract/run.ts'
import { runRows } from './run-rows.ts'

const runs = 25
const id = (at: number): string => `run_${String(at).padStart(4, '0')}`

let services: TestServices
beforeAll(async () => {
  services = await openDataServices()
  await services.metadata.transaction(async (writer) => {
    for (let at = 0; at < runs; at += 1) await writer.insert('run', runAt(at))
  })
})
afterAll(() => services.close())

function runAt(at: number): RunRecord {
  return {
    id: id(at),
    pipeline: at % 5 === 0 ? 'other' : 'train',
    state: 'failed',
    definitionHash: '',
    packageHash: null,
    pipelineHash: '',
    params: { at },
    startedBy: 'user:ada',
    reason: 'a test',
    force: [],
    from: null,
    source: { commit: 'c', dirty: false, lockfileHash: null },
    environment: { millwright: '0', node: '', platform: '', arch: '', cpus: 1, memoryMb: 1 },
    environmentName: null,
    time: at,
    queuedAt: at,
    startedAt: at,
    endedAt: at,
    error: 'e'.repeat(1000),
  }
}

test('pages hold every run once, newest first, whatever their size', async () => {
  for (const limit of [1, 4, 25, 100]) {
    const seen: string[] = []
    let before: string | undefined
    for (;;) {
      const rows = await runRows(services.metadata, { before, limit })
      if (rows.length === 0) break
      seen.push(...rows.map((row) => row.id))
      before = rows.at(-1)!.id
    }
    expect(seen).toEqual(Array.from({ length: runs }, (_, at) => id(runs - 1 - at)))
  }
})

test('named runs, and those of one pipeline', async () => {
  const named = await runRows(services.metadata, { runs: [id(3), id(7), 'run_none'], limit: 10 })
  expect(named.map((row) => row.id)).toEqual([id(7), id(3)])
  const other = await runRows(services.metadata, { pipeline: 'other', before: id(20), limit: 10 })
  expect(other.map((row) => row.id)).toEqual([id(15), id(10), id(5), id(0)])
  expect(other[0]).toMatchObject({ commit: 'c', model: null, params: { at: 15 } })
  expect(other[0]!.error).toHaveLength(300)
})
