import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tablesConformance } from '../../ports/tables.conformance.ts'
import { openDuckDbTables } from './tables.ts'

tablesConformance('duckdb', async () => {
  const folder = await mkdtemp(join(tmpdir(), "millwright o'tables "))
  return { tables: openDuckDbTables({ spillFolder: join(folder, 'spill') }), folder }
})
