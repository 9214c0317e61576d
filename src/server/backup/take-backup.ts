import { randomBytes } from 'node:crypto'
import { mkdir, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { openSqlMetadata } from '../../backends/sql/metadata.ts'
import { openSqlite } from '../../backends/sqlite/dialect.ts'
import { SqliteSnapshot } from '../../backends/sqlite/snapshot.ts'
import { MillwrightError, messageOf } from '../../base/errors.ts'
import type { ControlPlane } from '../control-plane.ts'
import { millwrightVersion } from '../version.ts'
import { BackupStore } from './backup-store.ts'
import { type HeldFile, holdFiles, otherFiles } from './held-files.ts'
import type { BackedUpFile, Manifest } from './manifest.ts'

export interface BackupReport {
  id: string
  files: number
  bytes: number
  /** What was not in the folder yet, and had to be written. */
  newBytes: number
  /** How long the control plane stood still, in milliseconds. */
  heldMs: number
  /** Blobs whose bytes no longer match their hash, and that the folder has not from before: they are not in the backup. */
  damaged: string[]
}

const lanes = 4

/**
 * Backs up a home while its control plane goes on: records and logs as they are at one moment, and every blob that was there then.
 *
 * The records are pinned and the logs are held in one turn of the event loop, so what is backed up is what a kill at that moment would have left.
 * Blobs are written before the records that name them, never change, and only the garbage collection removes them, which waits; they are copied
 * afterwards. Bytes that the folder has are not written again.
 */
export async function takeBackup(plane: ControlPlane, dir: string): Promise<BackupReport> {
  const { home } = plane
  if (`${resolve(dir)}/`.startsWith(`${home.path}/`))
    throw new MillwrightError('invalid-request', `${dir} is within the home that is backed up`, {
      field: 'dir',
      hint: 'Give a folder elsewhere, best on another disk.',
    })
  const store = await BackupStore.open(dir, { create: true })
  const previous = await store.manifest().catch(() => null)
  const known = new Map(previous?.files.map((file) => [file.path, file]))
  const holding = join(home.path, 'backup-held')
  await rm(holding, { recursive: true, force: true })
  await mkdir(holding, { recursive: true, mode: 0o700 })
  const records = join(holding, 'metadata.db')
  const files: BackedUpFile[] = []
  let newBytes = 0
  try {
    const snapshot = new SqliteSnapshot(home.metadata, records)
    let held: HeldFile[]
    const began = performance.now()
    try {
      snapshot.pin()
      held = holdFiles(home.path, holding)
    } catch (error) {
      snapshot.abandon()
      throw error
    }
    const heldMs = performance.now() - began
    await snapshot.write()
    const head = await headOf(records)
    const { size, mtimeMs } = await stat(records)
    held.push({ path: 'metadata.db', from: records, size, mode: 0o600, mtimeMs })
    const take = async ({ path, from, size, mode, mtimeMs }: HeldFile): Promise<void> => {
      const same = known.get(path)
      const isSame = same?.size === size && same.mtimeMs === mtimeMs && (await store.has(same.hash, size))
      const { hash, isNew } = isSame ? { hash: same.hash, isNew: false } : await store.put(from, size)
      if (isNew) newBytes += size
      files.push({ path, size, hash, mode, mtimeMs })
    }
    await inLanes(held, take)
    // Not of the moment: a log of a step may be a line longer, or its run collected meanwhile.
    await inLanes(otherFiles(home.path), (file) => take(file).catch(unlessGone))

    const damaged: BackupReport['damaged'] = []
    for await (const { hash, size, writtenAt } of plane.data.blobs.list()) {
      const path = `blobs/${hash.slice(0, 2)}/${hash}`
      const kept = { path, hash, size, mode: 0o600, mtimeMs: writtenAt }
      if (await store.has(hash, size)) {
        files.push(kept)
        continue
      }
      const put = await store.put(join(home.path, path), size)
      if (put.isNew) newBytes += size
      if (put.hash === hash) files.push(kept)
      // Named by what it is now, so that no later backup takes it for what it was.
      else damaged.push(hash)
    }
    const manifest: Manifest = {
      format: 1,
      id: `${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z-${randomBytes(3).toString('hex')}`,
      madeAt: Date.now(),
      millwright: millwrightVersion,
      project: plane.projects.current?.definition.name ?? null,
      environment: home.environment,
      head,
      files: files.sort((a, b) => (a.path < b.path ? -1 : 1)),
    }
    await store.keep(manifest)
    return {
      id: manifest.id,
      files: files.length,
      bytes: files.reduce((sum, file) => sum + file.size, 0),
      newBytes,
      heldMs,
      damaged,
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC')
      throw new MillwrightError('unavailable', `the disk of ${dir} is full: ${messageOf(error)}`, {
        field: 'dir',
        hint: 'The backups that were there are as they were. Make room, or keep fewer with --keep.',
      })
    throw error
  } finally {
    await rm(holding, { recursive: true, force: true })
  }
}

async function inLanes<T>(all: readonly T[], work: (each: T) => Promise<unknown>): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < all.length) {
      next += 1
      await work(all[next - 1]!)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

function unlessGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}

async function headOf(records: string): Promise<Manifest['head']> {
  const metadata = await openSqlMetadata(openSqlite(records), () => 0)
  try {
    return await metadata.eventHead()
  } finally {
    await metadata.close()
  }
}
