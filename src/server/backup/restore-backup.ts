import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { syncFolder } from '../../backends/filesystem/atomic-file.ts'
import { openSqlMetadata } from '../../backends/sql/metadata.ts'
import { openSqlite } from '../../backends/sqlite/dialect.ts'
import { MillwrightError } from '../../base/errors.ts'
import { ProjectClock } from '../project-clock.ts'
import { BackupStore } from './backup-store.ts'
import type { Manifest } from './manifest.ts'

/**
 * Makes a home of a backup: whole or not at all, every byte held against its hash on the way.
 *
 * @param to a folder that is not there, or empty.
 * @param id of the backup; without it, the newest.
 * @param actor who did it, for the event log of the new home.
 */
export async function restoreBackup(
  dir: string,
  to: string,
  { id, actor }: { id?: string; actor: string },
): Promise<Manifest> {
  const store = await BackupStore.open(dir)
  const manifest = await store.manifest(id)
  const home = resolve(to)
  const there = await readdir(home).catch(() => [] as string[])
  if (there.length > 0)
    throw new MillwrightError('already-exists', `${home} is not empty`, {
      field: 'home',
      hint: 'Give a new folder; put the old one aside first, and keep it until the restored one has proved itself.',
    })
  const draft = `${home}.restoring`
  await rm(draft, { recursive: true, force: true })
  try {
    for (const { path, hash, mode } of manifest.files) {
      await mkdir(dirname(join(draft, path)), { recursive: true })
      await store.copyOut(hash, join(draft, path), mode)
    }
    await tellOf(join(draft, 'metadata.db'), manifest, actor)
    await rmdir(home).catch(() => undefined)
    await rename(draft, home)
    await syncFolder(dirname(home))
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    throw error
  }
  return manifest
}

/** What happened between the backup and now is not in this log: it says so itself. */
async function tellOf(records: string, manifest: Manifest, actor: string): Promise<void> {
  const clock = new ProjectClock()
  const metadata = await openSqlMetadata(openSqlite(records), () => clock.now())
  try {
    await clock.restore(metadata)
    await metadata.transaction((writer) =>
      writer.emit({
        type: 'backup.restored',
        subject: 'project:storage',
        actor,
        message: `Went back to the backup ${manifest.id}: what came after event ${manifest.head.seq} is not here`,
        data: { backup: manifest.id, seq: manifest.head.seq },
      }),
    )
  } finally {
    await metadata.close()
  }
}
