import { access, mkdir } from 'node:fs/promises'
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { MillwrightError, messageOf } from '../../base/errors.ts'
import type { TableFile } from '../../ports/tables.ts'

export interface DuckDbOptions {
  /** Folder for what does not fit into memory. */
  spillFolder: string
  /** Default 1024. */
  memoryMb?: number
  /** Default 2. */
  threads?: number
}

type DuckDb = typeof import('@duckdb/node-api')

/** The engine, loaded at its first use: it is large, and much of Millwright never needs it. */
export class LazyDuckDb {
  private opened: Promise<{ duckdb: DuckDb; instance: DuckDBInstance }> | undefined

  constructor(private readonly options: DuckDbOptions) {}

  private async open(): Promise<{ duckdb: DuckDb; instance: DuckDBInstance }> {
    const duckdb = await import('@duckdb/node-api').catch((cause: unknown) => {
      throw new MillwrightError('missing-package', 'reading tables needs the package @duckdb/node-api', { cause })
    })
    await mkdir(this.options.spillFolder, { recursive: true })
    const instance = await duckdb.DuckDBInstance.create(':memory:', {
      threads: String(this.options.threads ?? 2),
      memory_limit: `${this.options.memoryMb ?? 1024}MB`,
      temp_directory: this.options.spillFolder,
      // Extensions are downloads, and a download is code that nobody checked.
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      allow_community_extensions: 'false',
    })
    const connection = await instance.connect()
    await connection.run("SET GLOBAL TimeZone = 'UTC'")
    // Footers are read once: DuckDB reads them again when a file's size or time has changed.
    await connection.run('SET GLOBAL parquet_metadata_cache = true')
    await connection.run('SET lock_configuration = true')
    connection.closeSync()
    return { duckdb, instance }
  }

  /** Runs `work` with a connection of its own, and turns the engine's errors into Millwright's. */
  async use<T>(
    files: readonly TableFile[],
    work: (connection: DuckDBConnection, duckdb: DuckDb) => Promise<T>,
  ): Promise<T> {
    const connection = await this.connect()
    try {
      return await work(connection.connection, connection.duckdb)
    } catch (error) {
      throw await explain(error, files)
    } finally {
      connection.connection.closeSync()
    }
  }

  async connect(): Promise<{ connection: DuckDBConnection; duckdb: DuckDb }> {
    this.opened ??= this.open()
    const { duckdb, instance } = await this.opened
    return { connection: await instance.connect(), duckdb }
  }

  async close(): Promise<void> {
    const opened = this.opened
    this.opened = undefined
    if (opened !== undefined) (await opened).instance.closeSync()
  }
}

export async function explain(error: unknown, files: readonly TableFile[]): Promise<unknown> {
  if (error instanceof MillwrightError || error instanceof RangeError || error instanceof TypeError) return error
  for (const file of files) {
    const there = await access(file.path).then(
      () => true,
      () => false,
    )
    if (!there) return new MillwrightError('not-found', `there is no file ${file.path}`, { cause: error })
  }
  const names = files.map((file) => file.path).slice(0, 3)
  return new MillwrightError('invalid-data', `cannot read ${names.join(', ')}: ${messageOf(error).split('\n')[0]}`, {
    hint: 'Check that the file is whole and of the stated format.',
    cause: error,
  })
}
