import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../base/hash.ts'
import type { Blobs } from './blobs.ts'

/**
 * What every back end for blobs must do. `corrupt` changes the stored bytes behind the store's back, `age` when they were written, and `leave` leaves
 * what a process that is killed while it writes would have left.
 */
export function blobsConformance(
  name: string,
  setup: () => Promise<{
    blobs: Blobs
    folder: string
    corrupt: (hash: string) => Promise<void>
    age: (hash: string, writtenAt: number) => Promise<void>
    leave: (bytes: Uint8Array) => Promise<void>
  }>,
): void {
  describe(`blobs: ${name}`, () => {
    const text = new TextEncoder().encode('late by 15 minutes')

    test('gives back the bytes under their SHA-256', async () => {
      const { blobs } = await setup()
      const { hash, size } = await blobs.put(text)
      expect(hash).toBe(sha256(text))
      expect(size).toBe(text.length)
      expect(Buffer.from(await blobs.get(hash)).toString()).toBe('late by 15 minutes')
      expect(await blobs.has(hash)).toBe(true)
    })

    test('takes the same bytes again, many at once, and keeps one', async () => {
      const { blobs } = await setup()
      await Promise.all(Array.from({ length: 20 }, () => blobs.put(text)))
      const listed = []
      for await (const blob of blobs.list()) listed.push(blob)
      expect(listed).toMatchObject([{ hash: sha256(text), size: text.length }])
    })

    test('takes a file and leaves it where it is', async () => {
      const { blobs, folder } = await setup()
      const path = join(folder, 'a b.txt')
      await writeFile(path, text)
      const { hash } = await blobs.putFile(path)
      expect(hash).toBe(sha256(text))
      await writeFile(path, 'changed')
      expect(Buffer.from(await blobs.get(hash)).toString()).toBe('late by 15 minutes')
    })

    test('takes bytes as they come, none at all too', async () => {
      const { blobs } = await setup()
      async function* pieces(): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < text.length; at += 5) yield text.subarray(at, at + 5)
      }
      const { hash, size } = await blobs.putStream(pieces())
      expect({ hash, size }).toEqual({ hash: sha256(text), size: text.length })
      expect(Buffer.from(await blobs.get(hash)).toString()).toBe('late by 15 minutes')
      async function* none(): AsyncGenerator<Uint8Array> {}
      const empty = await blobs.putStream(none())
      expect(empty).toEqual({ hash: sha256(''), size: 0 })
      expect((await blobs.get(empty.hash)).length).toBe(0)
    })

    test('keeps nothing of bytes that break off, and sweeps what a killed process left', async () => {
      const { blobs, leave } = await setup()
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield text
        throw new Error('gone')
      }
      await expect(blobs.putStream(broken())).rejects.toThrow('gone')
      const listed = []
      for await (const blob of blobs.list()) listed.push(blob)
      expect(listed).toEqual([])
      expect(await blobs.sweep(Date.now() + 1000, { dryRun: true })).toEqual({ count: 0, bytes: 0 })
      await leave(text)
      expect(await blobs.sweep(Date.now() - 60_000, { dryRun: false })).toEqual({ count: 0, bytes: 0 })
      for (const dryRun of [true, false])
        expect(await blobs.sweep(Date.now() + 1000, { dryRun })).toEqual({ count: 1, bytes: text.length })
      expect(await blobs.sweep(Date.now() + 1000, { dryRun: false })).toEqual({ count: 0, bytes: 0 })
    })

    test('what is written again counts as written now', async () => {
      const { blobs, age } = await setup()
      const { hash } = await blobs.put(text)
      const writtenAt = async () => {
        for await (const blob of blobs.list()) return blob.writtenAt
        return null
      }
      async function* again(): AsyncGenerator<Uint8Array> {
        yield text
      }
      for (const write of [() => blobs.put(text), () => blobs.putStream(again())]) {
        await age(hash, 1_000_000)
        expect(await writtenAt()).toBe(1_000_000)
        await write()
        expect(await writtenAt()).toBeGreaterThan(Date.now() - 60_000)
      }
    })

    test('says not-found, and refuses what is no hash', async () => {
      const { blobs } = await setup()
      await expect(blobs.get('0'.repeat(64))).rejects.toMatchObject({ code: 'not-found' })
      await expect(blobs.pathOf('0'.repeat(64))).rejects.toMatchObject({ code: 'not-found' })
      for (const hostile of ['../../etc/passwd', '', 'A'.repeat(64), `${'0'.repeat(63)}/`]) {
        await expect(async () => blobs.get(hostile)).rejects.toMatchObject({ code: 'invalid-request' })
        await expect(async () => blobs.remove(hostile)).rejects.toMatchObject({ code: 'invalid-request' })
      }
    })

    test('never returns bytes that no longer match', async () => {
      const { blobs, corrupt } = await setup()
      const { hash } = await blobs.put(text)
      expect(await blobs.isWhole(hash)).toBe(true)
      await corrupt(hash)
      expect(await blobs.isWhole(hash)).toBe(false)
      expect(await blobs.isWhole('0'.repeat(64))).toBe(false)
      await expect(blobs.get(hash)).rejects.toMatchObject({ code: 'corrupt-blob' })
    })

    test('removes, and does not mind when there is nothing to remove', async () => {
      const { blobs } = await setup()
      const { hash } = await blobs.put(text)
      await blobs.remove(hash)
      await blobs.remove(hash)
      expect(await blobs.has(hash)).toBe(false)
    })
  })
}
