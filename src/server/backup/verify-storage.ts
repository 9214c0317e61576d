import { join } from 'node:path'
import { MillwrightError } from '../../base/errors.ts'
import { namedBlobs } from '../../domain/lifecycle/named-blobs.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Metadata } from '../../ports/metadata.ts'
import { BackupStore } from './backup-store.ts'

export interface BlobFault {
  hash: string
  fault: 'corrupt' | 'missing'
  /** What cannot be read without it; null when nothing names it any more. */
  by: string | null
  repaired: boolean
}

/**
 * Reads every blob and holds it against its hash, and looks for those that records name and that are not there.
 *
 * @param repairFrom a folder of backups that good bytes are taken from.
 */
export async function verifyStorage(
  { metadata, blobs }: { metadata: Metadata; blobs: Blobs },
  repairFrom: string | null,
): Promise<{ blobs: number; bytes: number; faults: BlobFault[] }> {
  const store = repairFrom === null ? null : await BackupStore.open(repairFrom)
  const named = new Map<string, string>()
  for await (const { hash, by } of namedBlobs(metadata)) if (!named.has(hash)) named.set(hash, by)
  const faults: BlobFault[] = []
  const note = async (hash: string, fault: BlobFault['fault']): Promise<void> => {
    const isGood = store !== null && (await store.faultOf(hash)) === null
    if (isGood) {
      await blobs.remove(hash)
      const { hash: made } = await blobs.putFile(join(store.folder, 'objects', hash.slice(0, 2), hash))
      if (made !== hash)
        throw new MillwrightError('corrupt-blob', `${hash} changed in ${store.folder} while it was read`)
    }
    faults.push({ hash, fault, by: named.get(hash) ?? null, repaired: isGood })
  }
  const seen = new Set<string>()
  let bytes = 0
  for await (const { hash, size } of blobs.list()) {
    seen.add(hash)
    bytes += size
    if (!(await blobs.isWhole(hash))) await note(hash, 'corrupt')
  }
  for (const hash of named.keys()) if (!seen.has(hash) && !(await blobs.has(hash))) await note(hash, 'missing')
  return { blobs: seen.size, bytes, faults }
}
