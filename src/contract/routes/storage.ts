import * as z from 'zod'
import { route } from '../route.ts'

/** Of the machine of the control plane. */
const folder = z.string().min(1).max(4096).startsWith('/', 'a path from the root on')

const backupSchema = z.object({
  id: z.string(),
  dir: z.string(),
  files: z.number().int(),
  bytes: z.number(),
  /** What the folder did not have yet. */
  newBytes: z.number(),
  /** How long the control plane stood still, in milliseconds. */
  heldMs: z.number(),
  /** Blobs that are no longer what their names say, and that no earlier backup has. */
  damaged: z.array(z.string()),
  /** Older backups that went, as was asked. */
  dropped: z.number().int(),
})

const verifiedSchema = z.object({
  blobs: z.number().int(),
  bytes: z.number(),
  faults: z.array(
    z.object({
      hash: z.string(),
      fault: z.enum(['corrupt', 'missing']),
      /** What cannot be read without it; null when nothing names it any more. */
      by: z.string().nullable(),
      repaired: z.boolean(),
    }),
  ),
})

const jobSchema = z.object({
  id: z.string(),
  kind: z.enum(['backup', 'verify']),
  /** The folder that it writes to or takes from. */
  dir: z.string().nullable(),
  by: z.string(),
  /** Wall-clock UTC milliseconds. */
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().nullable() }).nullable(),
  backup: backupSchema.nullable(),
  verified: verifiedSchema.nullable(),
})
export type StorageJob = z.infer<typeof jobSchema>

export const storageRoutes = {
  storageJob: route({
    method: 'GET',
    path: '/api/storage/job',
    group: 'storage',
    summary: 'The backup or verification that runs, or the last one since the start; null for none',
    response: z.object({ job: jobSchema.nullable() }),
  }),
  makeBackup: route({
    role: 'admin',
    method: 'POST',
    path: '/api/storage/backups',
    group: 'storage',
    summary:
      'Begin a backup of everything into a folder of this machine, without standing still; asking again for the same folder finds the one that runs',
    body: z.object({
      dir: folder,
      /** Backups that stay in the folder, this one included; older ones go. */
      keep: z.number().int().min(1).max(100_000).optional(),
      actor: z.string().default('user'),
    }),
    response: z.object({ job: jobSchema }),
  }),
  verifyStorage: route({
    role: 'admin',
    method: 'POST',
    repeatable: true,
    path: '/api/storage/verify',
    group: 'storage',
    summary: 'Begin to hold every blob against its hash, and take good bytes for damaged ones from a folder of backups',
    body: z.object({ repairFrom: folder.nullable().default(null), actor: z.string().default('user') }),
    response: z.object({ job: jobSchema }),
  }),
}
