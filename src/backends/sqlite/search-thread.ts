import type { Worker } from 'node:worker_threads'
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type QueryResult,
  SqliteDialect,
  type SqliteDialectConfig,
} from 'kysely'
import { MillwrightError } from '../../base/errors.ts'
import { startThread } from '../../base/thread.ts'
import type { SearchAnswer, SearchOrder, SearchPlace } from './search-thread-entry.ts'

interface Asked {
  resolve(rows: unknown[]): void
  reject(error: Error): void
}

/**
 * Reads through a thread of its own, which begins with the first: a search that looks at a hundred thousand runs holds up no request beside it. It sees what is
 * committed when it begins. A thread that dies is begun again by the next search.
 */
class SearchThread {
  private worker: Worker | null = null
  private next = 0
  private readonly asked = new Map<number, Asked>()

  constructor(private readonly path: string) {}

  all(text: string, parameters: readonly unknown[]): Promise<unknown[]> {
    const worker = this.running()
    const number = this.next
    this.next += 1
    return new Promise((resolve, reject) => {
      // Nobody's process lives on for a thread that has nothing to do.
      if (this.asked.size === 0) worker.ref()
      this.asked.set(number, { resolve, reject })
      worker.postMessage({ number, text, parameters } satisfies SearchOrder)
    })
  }

  /** When nothing is asked for any more. */
  async end(): Promise<void> {
    while (this.asked.size > 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await this.worker?.terminate()
  }

  private running(): Worker {
    if (this.worker) return this.worker
    const worker = startThread(import.meta.url, 'search-thread-entry')
    worker.unref()
    worker.on('message', (answer: SearchAnswer) => {
      const asked = this.asked.get(answer.number)
      this.asked.delete(answer.number)
      if (this.asked.size === 0) worker.unref()
      if ('rows' in answer) asked?.resolve(answer.rows)
      else asked?.reject(new Error(answer.error))
    })
    worker.on('error', (error) => this.lost(worker, String(error)))
    worker.on('exit', (code) => this.lost(worker, `it ended with code ${code}`))
    worker.postMessage({ path: this.path } satisfies SearchPlace)
    this.worker = worker
    return worker
  }

  private lost(worker: Worker, why: string): void {
    if (this.worker !== worker) return
    this.worker = null
    const error = new MillwrightError('unavailable', `the thread that searches was lost: ${why}`, {
      hint: 'Ask again.',
    })
    for (const { reject } of this.asked.values()) reject(error)
    this.asked.clear()
  }
}

const readsOnly = async (): Promise<never> => {
  throw new Error('a thread for searches has no transactions')
}

/** SQLite as `SqliteDialect` speaks it, its statements run by a thread. */
export class SearchDialect extends SqliteDialect {
  private readonly thread: SearchThread

  constructor(path: string) {
    super({} as SqliteDialectConfig)
    this.thread = new SearchThread(path)
  }

  override createDriver(): Driver {
    const { thread } = this
    const connection: DatabaseConnection = {
      executeQuery: async <R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> => ({
        rows: (await thread.all(sql, parameters)) as R[],
      }),
      streamQuery: () => {
        throw new Error('a search comes whole')
      },
    }
    return {
      init: async () => {},
      acquireConnection: async () => connection,
      releaseConnection: async () => {},
      beginTransaction: readsOnly,
      commitTransaction: readsOnly,
      rollbackTransaction: readsOnly,
      destroy: () => thread.end(),
    }
  }
}
