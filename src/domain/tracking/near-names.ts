import { nearest } from '../../contract/nearest.ts'
import type { TrackingReader } from '../../ports/tracking.ts'
import type { CollectedKind, DeletedItem } from '../../ports/tracking-garbage.ts'

/** Names that are held against one that is wrong. */
const mostNames = 1000
// A long text is no slip of the finger, and comparing costs its length with every name.
const longestName = 60

const near = (name: string, names: readonly string[]): string | undefined =>
  name.length > longestName ? undefined : nearest(name, names)

/** The experiment or folder that somebody may have meant by a path: the right one as far as it goes, then the nearest there. */
export async function nearExperiment(tracking: TrackingReader, path: string): Promise<string | undefined> {
  let at = ''
  for (const part of path.split('/')) {
    const names = (await tracking.views.folder(at, { after: null, limit: mostNames })).map(({ name }) => name)
    const isThere = names.includes(part)
    const meant = isThere ? part : near(part, names)
    if (meant === undefined) return undefined
    at = at === '' ? meant : `${at}/${meant}`
    if (!isThere) return at
  }
  return at
}

/** What was deleted and may be meant: its id begins so, or id or name are near. */
export async function nearDeleted(
  tracking: TrackingReader,
  kind: CollectedKind,
  text: string,
): Promise<DeletedItem | undefined> {
  const page = { before: Number.MAX_SAFE_INTEGER, after: null, limit: mostNames }
  const deleted = await tracking.garbage.due(kind, page)
  const begins = deleted.find(({ id }) => text !== '' && id.startsWith(text))
  if (begins) return begins
  const meant = near(text, [...deleted.map(({ id }) => id), ...deleted.map(({ name }) => name)])
  return meant === undefined ? undefined : deleted.find(({ id, name }) => id === meant || name === meant)
}
