import type {
  EntryMark,
  TrackedEntry,
  TrackedFile,
  TrackedFileReader,
  TrackedFileWriter,
} from '../../../ports/tracked-files.ts'
import type { Database } from '../dialect.ts'

const table = 'tracked_file'
/** Rows looked at in one go, at most. */
const mostRows = 512

/** What follows `/`: all paths in a folder lie between its name with the one and its name with the other. */
const afterSlash = '0'
/** Smaller than any character of a path. */
const smallest = '\u0001'

/** The first path that can come after an entry of a folder. */
const boundAfter = (prefix: string, { name, isFolder }: EntryMark): string =>
  `${prefix}${name}${isFolder ? afterSlash : smallest}`

async function listLevel(
  db: Database,
  root: string,
  folder: string,
  { after, limit }: { after?: EntryMark | undefined; limit: number },
): Promise<TrackedEntry[]> {
  const prefix = folder === '' ? '' : `${folder}/`
  const entries: TrackedEntry[] = []
  let from = after ? boundAfter(prefix, after) : prefix
  // Rows of a folder within are leapt over, so few are read where there are folders, and more where there are files.
  let rowsAtOnce = 2
  while (entries.length < limit) {
    let query = db.selectFrom(table).select(['path', 'size']).where('root', '=', root).where('path', '>=', from)
    if (folder !== '') query = query.where('path', '<', folder + afterSlash)
    const rows = await query.orderBy('path').limit(rowsAtOnce).execute()
    let leapt = false
    for (const row of rows) {
      const rest = (row.path as string).slice(prefix.length)
      const slash = rest.indexOf('/')
      const entry =
        slash === -1
          ? { name: rest, isFolder: false, size: Number(row.size) }
          : { name: rest.slice(0, slash), isFolder: true, size: null }
      entries.push(entry)
      from = boundAfter(prefix, entry)
      leapt = entry.isFolder
      if (leapt || entries.length === limit) break
    }
    if (!leapt && rows.length < rowsAtOnce) break
    rowsAtOnce = leapt ? 2 : Math.min(mostRows, rowsAtOnce * 4)
  }
  return entries
}

export function trackedFileReader(db: Database): TrackedFileReader {
  return {
    get: async (root, path) => {
      const rows = await db
        .selectFrom(table)
        .select(['path', 'hash', 'size', 'at'])
        .where('root', '=', root)
        .where('path', '=', path)
        .execute()
      const [row] = rows
      return row && { path: row.path, hash: row.hash, size: Number(row.size), at: Number(row.at) }
    },
    list: (root, folder, page) => listLevel(db, root, folder, page),
    below: async (root, folder, limit) => {
      let query = db.selectFrom(table).select(['path', 'hash', 'size', 'at']).where('root', '=', root)
      if (folder !== '') query = query.where('path', '>=', `${folder}/`).where('path', '<', folder + afterSlash)
      const rows = await query.orderBy('path').limit(limit).execute()
      return rows.map(({ path, hash, size, at }) => ({ path, hash, size: Number(size), at: Number(at) }))
    },
    references: async (after, limit) => {
      let query = db.selectFrom(table).select(['root', 'path', 'hash'])
      if (after)
        query = query.where(({ eb, refTuple, tuple }) =>
          eb(refTuple('root', 'path'), '>', tuple(after.root, after.path)),
        )
      return (await query.orderBy('root').orderBy('path').limit(limit).execute()) as Awaited<
        ReturnType<TrackedFileReader['references']>
      >
    },
    sizeOf: async (root) => {
      const [row] = await db
        .selectFrom(table)
        .select(({ fn }) => [fn.countAll().as('files'), fn.sum('size').as('bytes')])
        .where('root', '=', root)
        .execute()
      return { files: Number(row?.files ?? 0), bytes: Number(row?.bytes ?? 0) }
    },
  }
}

export function trackedFileWriter(db: Database): TrackedFileWriter {
  return {
    ...trackedFileReader(db),
    put: async (root, { path, hash, size, at }: TrackedFile) => {
      await db
        .insertInto(table)
        .values({ root, path, hash, size, at })
        .onConflict((conflict) => conflict.columns(['root', 'path']).doUpdateSet({ hash, size, at }))
        .execute()
    },
    remove: async (root, path) => {
      let query = db.deleteFrom(table).where('root', '=', root)
      if (path !== '')
        query = query.where(({ eb, and, or }) =>
          or([eb('path', '=', path), and([eb('path', '>=', `${path}/`), eb('path', '<', path + afterSlash)])]),
        )
      return Number((await query.executeTakeFirst()).numDeletedRows)
    },
    clear: async () => {
      await db.deleteFrom(table).execute()
    },
    removeSome: async (root, limit) => {
      const some = db.selectFrom(table).select('path').where('root', '=', root).orderBy('path').limit(limit)
      const query = db.deleteFrom(table).where('root', '=', root).where('path', 'in', some)
      return Number((await query.executeTakeFirst()).numDeletedRows)
    },
  }
}
