import { parentPort } from 'node:worker_threads'
import Sqlite from 'libsql'
import { messageOf } from '../../base/errors.ts'
import { StatementCache } from './statement-cache.ts'

/** What the thread is told first: the database. */
export interface SearchPlace {
  readonly path: string
}
export interface SearchOrder {
  readonly number: number
  readonly text: string
  readonly parameters: readonly unknown[]
}
export type SearchAnswer =
  | { readonly number: number; readonly rows: unknown[] }
  | { readonly number: number; readonly error: string }

let statements: StatementCache | undefined

function open({ path }: SearchPlace): StatementCache {
  const file = new Sqlite(path)
  for (const pragma of ['busy_timeout = 5000', 'query_only = ON', 'cache_size = -65536']) file.exec(`PRAGMA ${pragma}`)
  return new StatementCache(file)
}

parentPort?.on('message', (message: SearchPlace | SearchOrder) => {
  if ('path' in message) {
    statements = open(message)
    return
  }
  const { number, text, parameters } = message
  let answer: SearchAnswer
  try {
    answer = { number, rows: statements!.prepare(text).all(parameters) }
  } catch (error) {
    answer = { number, error: messageOf(error) }
  }
  parentPort?.postMessage(answer)
})
