import { resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Command } from 'commander'
import { MillwrightError } from '../base/errors.ts'
import type { ErrorCode } from '../contract/errors.ts'
import type { StorageJob } from '../contract/routes/storage.ts'
import type { Client } from '../sdk/client.ts'
import { actor, connect, defaultServer } from './connection.ts'
import { ago, dim, green, red, table } from './output.ts'

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

/** Waits for the end of what was begun. */
async function ended(client: Client, begun: StorageJob): Promise<StorageJob> {
  for (let job: StorageJob | null = begun; ; await wait(200)) {
    if (job?.id !== begun.id)
      throw new MillwrightError(
        'unavailable',
        `the control plane was started anew before the ${begun.kind} had ended`,
        {
          hint: 'Begin it again: what it had copied is not copied twice.',
        },
      )
    if (job.endedAt === null) job = (await client.storageJob()).job
    if (job?.error)
      throw new MillwrightError(job.error.code as ErrorCode, job.error.message, {
        ...(job.error.hint === null ? {} : { hint: job.error.hint }),
      })
    if (job && job.id === begun.id && job.endedAt !== null) return job
  }
}

export function backupCommands(program: Command): void {
  const backup = program
    .command('backup')
    .description('backups of everything that a control plane keeps: made while it runs, incremental, verified')

  backup
    .command('make <dir>')
    .description(
      'back everything up into a folder on the machine of the control plane; bytes that it has are not written again',
    )
    .option('--keep <number>', 'keep so many backups in the folder, and drop older ones', Number)
    .option('--server <address>', 'the control plane', defaultServer)
    .action(async (dir: string, options: { keep?: number; server: string }) => {
      const client = connect(options)
      const began = Date.now()
      const { job } = await client.makeBackup({
        body: { dir: resolve(dir), actor: actor(), ...(options.keep === undefined ? {} : { keep: options.keep }) },
      })
      const { backup: made } = await ended(client, job)
      if (!made) return
      console.log(
        `${green('Backed up')} as ${made.id}: ${made.files} files, ${megabytes(made.bytes)}, of which ${megabytes(made.newBytes)} were new, in ${((Date.now() - began) / 1000).toFixed(1)} s.`,
      )
      console.log(dim(`The control plane stood still for ${made.heldMs.toFixed(0)} ms of it.`))
      if (made.dropped > 0) console.log(dim(`Older backups dropped: ${made.dropped}.`))
      for (const hash of made.damaged) console.log(`${red('Damaged')} blob ${hash}: it is not in the backup.`)
      if (made.damaged.length > 0) process.exitCode = 1
    })

  backup
    .command('list <dir>')
    .description('the backups in a folder, oldest first')
    .action(async (dir: string) => {
      const { BackupStore } = await import('../server/backup/backup-store.ts')
      const store = await BackupStore.open(resolve(dir))
      const rows = await Promise.all(
        (await store.ids()).map(async (id) => {
          const { madeAt, project, environment, files, head } = await store.manifest(id)
          const bytes = files.reduce((sum, { size }) => sum + size, 0)
          return [
            id,
            ago(madeAt),
            project ?? '–',
            environment ?? '–',
            String(files.length),
            megabytes(bytes),
            String(head.seq),
          ]
        }),
      )
      console.log(table(['backup', 'made', 'project', 'environment', 'files', 'size', 'events'], rows))
    })

  backup
    .command('verify <dir> [backup]')
    .description(
      'read a backup whole (the newest unless named): every byte, the chain of events, every blob that a record names',
    )
    .action(async (dir: string, id?: string) => {
      const { verifyBackup } = await import('../server/backup/verify-backup.ts')
      const { manifest, faults } = await verifyBackup(resolve(dir), id)
      for (const fault of faults) console.log(`${red('Fault')} ${fault}`)
      if (faults.length > 0) process.exitCode = 1
      else
        console.log(`${green('Whole')}: ${manifest.id}, ${manifest.files.length} files, ${manifest.head.seq} events.`)
    })

  program
    .command('restore <dir>')
    .description('make a home of a backup; then start it with `millwright server --home`')
    .requiredOption('--home <dir>', 'the new home: a folder that is not there yet, or empty')
    .option('--backup <id>', 'which one; the newest unless named')
    .action(async (dir: string, options: { home: string; backup?: string }) => {
      const { restoreBackup } = await import('../server/backup/restore-backup.ts')
      const { id, files, head } = await restoreBackup(resolve(dir), options.home, {
        ...(options.backup === undefined ? {} : { id: options.backup }),
        actor: actor(),
      })
      console.log(`${green('Restored')} ${id}: ${files.length} files, up to event ${head.seq}.`)
      console.log(dim(`Start it with: millwright server --home ${options.home}`))
    })

  program
    .command('verify')
    .description(
      'hold every stored blob against its hash; damaged ones are named, and taken from a backup with --repair-from',
    )
    .option('--repair-from <dir>', 'folder of backups, on the machine of the control plane')
    .option('--server <address>', 'the control plane', defaultServer)
    .action(async (options: { repairFrom?: string; server: string }) => {
      const client = connect(options)
      const repairFrom = options.repairFrom === undefined ? null : resolve(options.repairFrom)
      const { job } = await client.verifyStorage({ body: { repairFrom, actor: actor() } })
      const { verified } = await ended(client, job)
      if (!verified) return
      for (const { hash, fault, by, repaired } of verified.faults)
        console.log(
          `${repaired ? green('Repaired') : red(fault === 'corrupt' ? 'Damaged' : 'Missing')} ${hash} ${dim(by ?? 'nothing names it')}`,
        )
      const left = verified.faults.filter((fault) => !fault.repaired)
      console.log(
        `${verified.blobs} blobs, ${megabytes(verified.bytes)}: ${left.length === 0 ? green('all whole') : `${left.length} not whole`}.`,
      )
      if (left.some(({ by }) => by !== null)) process.exitCode = 1
    })
}
