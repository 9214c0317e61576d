import { mkdir, mkdtemp, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { blobsConformance } from '../../ports/blobs.conformance.ts'
import { openFilesystemBlobs } from './blobs.ts'

blobsConformance('filesystem', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millwright blobs '))
  const blobs = openFilesystemBlobs(join(folder, 'blobs'))
  return {
    blobs,
    folder,
    corrupt: async (hash) => writeFile(await blobs.pathOf(hash), 'something else'),
    age: async (hash, writtenAt) => utimes(await blobs.pathOf(hash), writtenAt / 1000, writtenAt / 1000),
    leave: async (bytes) => {
      await mkdir(join(folder, 'blobs', 'incoming'), { recursive: true })
      await writeFile(join(folder, 'blobs', 'incoming', 'f00d'), bytes)
    },
  }
})
