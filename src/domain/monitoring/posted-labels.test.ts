import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { PostedLabels } from './posted-labels.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright labels '))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

it('keeps the last label of a key, also across a restart, each endpoint its own', async () => {
  const posted = new PostedLabels(folder)
  expect(await posted.of('late')).toEqual(new Map())
  await posted.add('late', [
    { key: 'a', value: true },
    { key: 'b', value: 2 },
  ])
  await posted.add('late', [{ key: 'b', value: 'three' }])
  await posted.add('other', [{ key: 'a', value: false }])
  for (const each of [posted, new PostedLabels(folder)]) {
    expect([...(await each.of('late'))]).toEqual([
      ['a', 1],
      ['b', 'three'],
    ])
    expect([...(await each.of('other'))]).toEqual([['a', 0]])
  }
})

it('loses no label that was taken after a process died in the middle of one', async () => {
  await new PostedLabels(folder).add('late', [{ key: 'a', value: 1 }])
  await appendFile(join(folder, 'late.ndjson'), '["half","of a li')
  await new PostedLabels(folder).add('late', [{ key: 'b', value: 2 }])
  expect([...(await new PostedLabels(folder).of('late'))]).toEqual([
    ['a', 1],
    ['b', 2],
  ])
})

it('takes labels that come at once', async () => {
  const posted = new PostedLabels(folder)
  await Promise.all(Array.from({ length: 20 }, (_, key) => posted.add('late', [{ key: String(key), value: key }])))
  expect((await new PostedLabels(folder).of('late')).size).toBe(20)
})

it('does not let a name reach out of its folder', async () => {
  await expect(new PostedLabels(folder).of('../late')).rejects.toMatchObject({ field: 'endpoint' })
})
