import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'libsql'
import { metadataConformance } from '../../ports/metadata.conformance.ts'
import { openSqlMetadata } from '../sql/metadata.ts'
import { openSqlite } from './dialect.ts'

metadataConformance('sqlite', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'millwright metadata ')), 'metadata.db')
  const open = () => openSqlMetadata(openSqlite(path), () => Date.UTC(2001, 0, 1))
  const metadata = await open()
  return {
    metadata,
    reopen: async () => {
      await metadata.close()
      return open()
    },
    tamper: async (statement) => {
      const file = new Sqlite(path)
      file.exec(statement)
      file.close()
    },
  }
})
