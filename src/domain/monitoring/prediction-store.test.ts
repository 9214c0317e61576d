import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { day } from '../../base/clock.ts'
import { PredictionStore } from './prediction-store.ts'

let folder: string
let store: PredictionStore
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright predictions '))
  store = new PredictionStore(folder)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const segment = '20010101-a-1'
const start = Date.UTC(2001, 0, 1)
const line = (at: number): string => `${JSON.stringify({ id: `${segment}.${at}`, text: `é${'x'.repeat(at % 7)}` })}\n`
const idsOf = async (from: PredictionStore): Promise<string[]> => {
  const ids: string[] = []
  for await (const record of from.records(start, start + day)) ids.push(record.id)
  return ids
}

it('takes every byte once, in whatever pieces, however often, at the same time, across restarts', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ from: fc.nat(400), length: fc.nat(200), isRestart: fc.boolean(), isTwice: fc.boolean() }), {
        maxLength: 25,
      }),
      async (pieces) => {
        const home = await mkdtemp(join(folder, 'case'))
        let target = new PredictionStore(home)
        const whole = Buffer.from(Array.from({ length: 12 }, (_, at) => line(at)).join(''))
        let here = 0
        for (const { from, length, isRestart, isTwice } of pieces) {
          if (isRestart) target = new PredictionStore(home)
          const piece = whole.subarray(from, from + length)
          const sent = Array.from({ length: isTwice ? 2 : 1 }, () => target.append('p', segment, from, piece))
          if (from > here) {
            for (const each of await Promise.allSettled(sent))
              expect(each).toMatchObject({ status: 'rejected', reason: { code: 'conflict' } })
            continue
          }
          here = Math.max(here, from + piece.length)
          const answers = await Promise.all(sent)
          expect(answers.map(({ size }) => size)).toEqual(answers.map(() => here))
          // Sent twice, but added once.
          if (isTwice) expect(answers[1]!.added).toHaveLength(0)
        }
        const { size } = await target.append('p', segment, here, whole.subarray(here))
        expect(size).toBe(whole.length)
        expect((await readFile(join(home, 'p', `${segment}.ndjson`))).equals(whole)).toBe(true)
        expect(await idsOf(target)).toEqual(Array.from({ length: 12 }, (_, at) => `${segment}.${at}`))
      },
    ),
    { numRuns: 40 },
  )
})

it('reads whole lines while the end of one is on its way, and then that one too', async () => {
  const bytes = Buffer.from(line(0) + line(1))
  const half = line(0).length + 5
  await store.append('p', segment, 0, bytes.subarray(0, half))
  expect(await idsOf(store)).toEqual([`${segment}.0`])
  expect(await store.find(`${segment}.1`)).toBeUndefined()
  await store.append('p', segment, half, bytes.subarray(half))
  expect(await idsOf(store)).toEqual([`${segment}.0`, `${segment}.1`])
  expect(await store.find(`${segment}.1`)).toMatchObject({ id: `${segment}.1` })
})

it('reads segments of the days asked for only, of every prediction service, and big ones as well', async () => {
  const record = (id: string, size = 0): Buffer => Buffer.from(`${JSON.stringify({ id, text: 'x'.repeat(size) })}\n`)
  await store.append('p', '20001231-a-1', 0, record('before'))
  await store.append('p', '20010101-a-1', 0, record('first'))
  await store.append('q', '20010101-b-1', 0, Buffer.concat([record('big', 5 << 20), record('after it')]))
  await store.append('p', '20010102-a-2', 0, record('after'))
  expect(await idsOf(store)).toEqual(['first', 'big', 'after it'])
})

it('does not let a name reach out of its folder', async () => {
  await expect(store.append('..', segment, 0, Buffer.from('x'))).rejects.toMatchObject({ code: 'invalid-request' })
  await expect(store.append('p', '../../x', 0, Buffer.from('x'))).rejects.toMatchObject({ field: 'segment' })
  expect(await store.find('../../../etc/passwd.1')).toBeUndefined()
})
