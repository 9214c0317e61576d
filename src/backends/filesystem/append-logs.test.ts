import { mkdtemp, open, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { appendLogsConformance } from '../../ports/append-logs.conformance.ts'
import { openFilesystemLogs } from './append-logs.ts'

appendLogsConformance('filesystem', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millwright logs '))
  const pathOf = (log: string) => join(folder, `${log}.log`)
  return {
    logs: openFilesystemLogs(folder),
    tear: async (log, bytes) => truncate(pathOf(log), (await stat(pathOf(log))).size - bytes),
    corrupt: async (log, at) => {
      const file = await open(pathOf(log), 'r+')
      await file.write(Buffer.from([0xff]), 0, 1, at)
      await file.close()
    },
  }
})
