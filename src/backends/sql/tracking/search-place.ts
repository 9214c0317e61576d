import { composed } from '../composed.ts'
import type { Database, SqlDialect } from '../dialect.ts'

/** Of more runs than these a search takes so long that others would feel it. */
const manyRuns = 5000

const greatestKey = composed<'one', { key: number | null }>((db) =>
  db.selectFrom('tracked_run').select((build) => build.fn.max('key').as('key')),
)

/** Where a search that looks at many runs is made: aside, unless it must see what the transaction that asks has written. */
export async function searchPlace(db: Database, dialect: Pick<SqlDialect, 'reader' | 'searcher'>): Promise<Database> {
  if (db !== dialect.reader) return db
  const [row] = await greatestKey(db, 'one', [])
  return Number(row?.key ?? 0) > manyRuns ? dialect.searcher : db
}
