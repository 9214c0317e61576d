import { sql } from 'kysely'
import { entryOf, folderRange } from '../../../contract/search/experiment-folders.ts'
import type { FolderEntry, TrackingViews } from '../../../ports/tracking-views.ts'
import type { Database } from '../dialect.ts'

/** Rows looked at in one go, at most. */
const mostRows = 512
/** Smaller than any sign of a name. */
const smallest = '\u0001'

/** The first name that can come after an entry. */
const boundAfter = (prefix: string, { kind, name }: Pick<FolderEntry, 'kind' | 'name'>): string =>
  kind === 'folder' ? folderRange(prefix + name)[1] : `${prefix}${name}${smallest}`

const isActive = sql<boolean>`deleted = 0`

/** Of one folder what the indexes of names and of runs hold of it, and nothing of the folders beside it. */
async function countBelow(db: Database, folder: string): Promise<{ experiments: number; runs: number }> {
  const [after, before] = folderRange(folder)
  const { rows } = await sql<{ experiments: number; runs: number | null }>`
    select count(*) as experiments,
      sum((select count(*) from tracked_run where experiment = experiment.key and tracked_run.deleted = 0)) as runs
    from experiment where ${isActive} and name > ${after} and name < ${before}`.execute(db)
  const [{ experiments, runs }] = rows as [(typeof rows)[number]]
  return { experiments: Number(experiments), runs: Number(runs ?? 0) }
}

/** One level, by the index of names: what lies in a folder within is leapt over. */
export async function readFolder(
  db: Database,
  path: string,
  { after, limit }: Parameters<TrackingViews['folder']>[1],
): Promise<FolderEntry[]> {
  const prefix = path === '' ? '' : `${path}/`
  const entries: FolderEntry[] = []
  // The folder's own name with a slash behind it is an experiment beside it.
  let from = after ? boundAfter(prefix, after) : path === '' ? '' : `${prefix}${smallest}`
  let rowsAtOnce = 2
  while (entries.length < limit) {
    let query = db.selectFrom('experiment').select(['key', 'name']).where(isActive).where('name', '>=', from)
    if (path !== '') query = query.where('name', '<', folderRange(path)[1])
    const rows = await query.orderBy('name').limit(rowsAtOnce).execute()
    let leapt = false
    for (const row of rows) {
      const { name, isFolder } = entryOf(row.name, prefix)
      const entry: FolderEntry = isFolder
        ? { kind: 'folder', name, ...(await countBelow(db, prefix + name)) }
        : { kind: 'experiment', name, id: String(row.key) }
      entries.push(entry)
      from = boundAfter(prefix, entry)
      leapt = isFolder
      if (leapt || entries.length === limit) break
    }
    if (!leapt && rows.length < rowsAtOnce) break
    rowsAtOnce = leapt ? 2 : Math.min(mostRows, rowsAtOnce * 4)
  }
  return entries
}

export async function readBelow(db: Database, folder: string, limit: number): Promise<{ id: string; name: string }[]> {
  const [after, before] = folderRange(folder)
  const rows = await db
    .selectFrom('experiment')
    .select(['key', 'name'])
    .where(isActive)
    .where('name', '>', after)
    .where('name', '<', before)
    .orderBy('name')
    .limit(limit)
    .execute()
  return rows.map(({ key, name }) => ({ id: String(key), name }))
}
