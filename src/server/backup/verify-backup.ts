import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqlMetadata } from '../../backends/sql/metadata.ts'
import { openSqlite } from '../../backends/sqlite/dialect.ts'
import { messageOf } from '../../base/errors.ts'
import { namedBlobs } from '../../domain/lifecycle/named-blobs.ts'
import { verifyChain } from '../../ports/event-chain.ts'
import { BackupStore } from './backup-store.ts'
import type { Manifest } from './manifest.ts'

/**
 * Whether a backup can be restored: every byte is there and as it was, the records can be read, their events are a whole chain up to the head that
 * the manifest names, and every blob that a record names is among the files.
 *
 * @returns what is wrong, in words; nothing when all is well.
 */
export async function verifyBackup(dir: string, id?: string): Promise<{ manifest: Manifest; faults: string[] }> {
  const store = await BackupStore.open(dir)
  const manifest = await store.manifest(id)
  const faults: string[] = []
  const read = new Map<string, string | null>()
  for (const { path, hash } of manifest.files) {
    if (!read.has(hash)) read.set(hash, await store.faultOf(hash))
    const fault = read.get(hash)
    if (fault) faults.push(`${path} ${fault}`)
  }
  const records = manifest.files.find(({ path }) => path === 'metadata.db')
  if (!records) return { manifest, faults: [...faults, 'metadata.db is missing'] }
  if (read.get(records.hash)) return { manifest, faults }
  const folder = await mkdtemp(join(tmpdir(), 'millwright-verify-'))
  try {
    await store.copyOut(records.hash, join(folder, 'metadata.db'), 0o600)
    faults.push(...(await faultsOfRecords(join(folder, 'metadata.db'), manifest)))
  } catch (error) {
    faults.push(`metadata.db cannot be read: ${messageOf(error)}`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return { manifest, faults }
}

async function faultsOfRecords(path: string, manifest: Manifest): Promise<string[]> {
  const metadata = await openSqlMetadata(openSqlite(path), () => 0)
  try {
    const faults: string[] = []
    const { broken, head } = await verifyChain((after, limit) => metadata.eventsAfter(after, limit))
    if (broken) faults.push(`the event log is broken at event ${broken.seq}: ${broken.why}`)
    else if (head.hash !== manifest.head.hash)
      faults.push(`the event log ends at event ${head.seq}, not as the manifest says`)
    const there = new Set(manifest.files.map(({ path }) => path))
    const missing = new Map<string, string>()
    for await (const { hash, by } of namedBlobs(metadata))
      if (!there.has(`blobs/${hash.slice(0, 2)}/${hash}`) && !missing.has(hash)) missing.set(hash, by)
    for (const [hash, by] of missing) faults.push(`the blob ${hash} of ${by} is missing`)
    return faults
  } finally {
    await metadata.close()
  }
}
