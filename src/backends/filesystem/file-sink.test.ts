import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { writeStream } from './file-sink.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright sink '))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function written(source: AsyncIterable<Uint8Array>) {
  const path = join(folder, 'file')
  const file = await open(path, 'wx')
  const made = await writeStream(file, source).finally(() => file.close())
  return { made, bytes: await readFile(path) }
}

it('pieces of any size are the file, in their order, beyond what is flushed on the way', async () => {
  const all = randomBytes(70 << 20)
  const sizes = [0, 1, 100, 0, 65_536, 1 << 20, (1 << 20) + 1, 5 << 20]
  async function* pieces() {
    for (let at = 0, place = 0; at < all.length; place += 1) {
      const size = sizes[place % sizes.length]!
      yield all.subarray(at, at + size)
      at += size
    }
  }
  const { made, bytes } = await written(pieces())
  expect(made).toEqual({ hash: createHash('sha256').update(all).digest('hex'), size: all.length })
  expect(bytes.equals(all)).toBe(true)
})

it('nothing is an empty file', async () => {
  const { made, bytes } = await written((async function* () {})())
  expect(made).toEqual({ hash: createHash('sha256').digest('hex'), size: 0 })
  expect(bytes.length).toBe(0)
})

it('a source that breaks off is the error, when nothing is written any more', async () => {
  async function* broken() {
    for (let count = 0; count < 40; count += 1) yield new Uint8Array(1 << 20)
    throw new Error('the client went')
  }
  await expect(written(broken())).rejects.toThrow('the client went')
})

it('what the disk refuses is the error', async () => {
  const file = await open('/dev/full', 'w')
  async function* many() {
    for (let count = 0; count < 10; count += 1) yield new Uint8Array(1 << 20)
  }
  await expect(writeStream(file, many()).finally(() => file.close())).rejects.toThrow(/ENOSPC/)
})
