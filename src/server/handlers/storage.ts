import { BackupStore } from '../backup/backup-store.ts'
import { takeBackup } from '../backup/take-backup.ts'
import { verifyStorage } from '../backup/verify-storage.ts'
import type { ControlPlane } from '../control-plane.ts'
import type { Handlers } from '../http/handlers.ts'

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

export function storageHandlers(plane: ControlPlane): Handlers<'storageJob' | 'makeBackup' | 'verifyStorage'> {
  const { metadata, blobs } = plane.data
  return {
    storageJob: async () => ({ job: plane.storageJobs.current }),

    makeBackup: async ({ body: { dir, keep, actor }, caller }) => {
      const by = caller.actor(actor)
      const job = plane.storageJobs.begin({ kind: 'backup', dir, by }, async () => {
        const taken = await takeBackup(plane, dir)
        const dropped = keep === undefined ? 0 : await (await BackupStore.open(dir)).dropOlderThan(keep)
        const { id, files, bytes, newBytes, damaged } = taken
        await metadata.transaction((writer) =>
          writer.emit({
            type: 'backup.made',
            subject: 'project:storage',
            actor: by,
            level: damaged.length > 0 ? 'bad' : 'good',
            message: `Backed up ${files} files (${megabytes(bytes)}, ${megabytes(newBytes)} of them new)${damaged.length > 0 ? `; ${damaged.length} blobs are damaged` : ''}`,
            data: { backup: id, dir, files, bytes, newBytes, damaged: damaged.slice(0, 100), dropped },
          }),
        )
        return { backup: { ...taken, dir, dropped } }
      })
      return { job }
    },

    verifyStorage: async ({ body: { repairFrom, actor }, caller }) => {
      const by = caller.actor(actor)
      const job = plane.storageJobs.begin({ kind: 'verify', dir: repairFrom, by }, async () => {
        const verified = await verifyStorage({ metadata, blobs }, repairFrom)
        const repaired = verified.faults.filter((fault) => fault.repaired)
        const left = verified.faults.filter((fault) => !fault.repaired)
        await metadata.transaction(async (writer) => {
          if (repaired.length > 0)
            await writer.emit({
              type: 'storage.repaired',
              subject: 'project:storage',
              actor: by,
              level: 'good',
              message: `Took ${repaired.length} damaged or missing blobs from a backup`,
              data: { dir: repairFrom, blobs: repaired.slice(0, 100).map(({ hash, by }) => ({ hash, by })) },
            })
          if (left.length > 0)
            await writer.emit({
              type: 'storage.damaged',
              subject: 'project:storage',
              actor: by,
              level: 'bad',
              message: `${left.length} blobs are damaged or missing: ${left[0]!.by ?? left[0]!.hash.slice(0, 12)} first`,
              data: { blobs: left.slice(0, 100).map(({ hash, fault, by }) => ({ hash, fault, by })) },
            })
        })
        return { verified }
      })
      return { job }
    },
  }
}
