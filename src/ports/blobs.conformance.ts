import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../base/hash.ts'
import type { Blobs } from './blobs.ts'

/** What every back end for blobs must do. `corrupt` changes the stored bytes behind the store's back. */
export function blobsConformance(
  name: string,
  setup: () => Promise<{ blobs: Blobs; folder: string; corrupt: (hash: string) => Promise<void> }>,
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
      await corrupt(hash)
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
