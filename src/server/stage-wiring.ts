import { join } from 'node:path'
import { openDuckDbTables } from '../backends/duckdb/tables.ts'
import { openFilesystemBlobs } from '../backends/filesystem/blobs.ts'
import { OnnxruntimeModelRunner } from '../backends/onnxruntime/onnxruntime-model-runner.ts'
import { openSqlMetadata } from '../backends/sql/metadata.ts'
import { openSqlite } from '../backends/sqlite/dialect.ts'
import { MillwrightError } from '../base/errors.ts'
import type { StageServices } from '../domain/lifecycle/stage-services.ts'
import { homeAt } from './home.ts'
import { ProjectClock } from './project-clock.ts'

/** What stages get in a process of their own: the same stores as the control plane's. */
export async function wire(): Promise<StageServices> {
  const folder = process.env.MILLWRIGHT_HOME
  if (!folder) throw new MillwrightError('internal', 'MILLWRIGHT_HOME is not set for this process')
  return wireAt(folder)
}

/** The stores of a home, beside the control plane that has taken it. */
export async function wireAt(folder: string): Promise<StageServices> {
  const home = homeAt(folder)
  const clock = new ProjectClock()
  const metadata = await openSqlMetadata(openSqlite(home.metadata), () => clock.now())
  const tables = openDuckDbTables({ spillFolder: join(home.work, `spill-${process.pid}`), memoryMb: 768 })
  return {
    data: { metadata, blobs: openFilesystemBlobs(home.blobs), tables, clock, workDir: home.work },
    models: new OnnxruntimeModelRunner(),
  }
}
