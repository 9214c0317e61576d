/**
 * Names of experiments with `/` in them make folders: `team/churn/baseline` is `baseline` in `team/churn`. A `/` at the beginning of a name or of what follows
 * another `/`, and one at the end, are part of the name, so that every name stands in one place.
 */

/** Where in `name` the first folder at or behind `from` ends; -1 where none begins there. */
function endOfFolder(name: string, from: number): number {
  const slash = name.indexOf('/', from + 1)
  return slash === name.length - 1 ? -1 : slash
}

/** The folder that an experiment lies in; null for none. */
export function folderOf(name: string): string | null {
  let end = 0
  for (let from = 0; ; from = end + 1) {
    const next = endOfFolder(name, from)
    if (next === -1) return end === 0 ? null : name.slice(0, end)
    end = next
  }
}

/** What an experiment is called within its folder. */
export function nameInFolder(name: string): string {
  const folder = folderOf(name)
  return folder === null ? name : name.slice(folder.length + 1)
}

/** The part of a name behind `prefix`, which is '' or a folder with its `/`: an experiment there, or a folder with more. */
export function entryOf(name: string, prefix: string): { name: string; isFolder: boolean } {
  const end = endOfFolder(name, prefix.length)
  return end === -1
    ? { name: name.slice(prefix.length), isFolder: false }
    : { name: name.slice(prefix.length, end), isFolder: true }
}

/** As people may write one: `team/` is `team`. */
export const folderPath = (text: string): string => text.replace(/\/+$/, '')

/** Whether a folder is another one or lies in it, at any depth. */
export function isInFolder(folder: string, other: string): boolean {
  const path = folderPath(other)
  return path !== '' && (folder === path || folder.startsWith(`${path}/`))
}

/** All names below a folder lie between these two, the first of them left out. */
export const folderRange = (folder: string): readonly [after: string, before: string] => {
  const path = folderPath(folder)
  // What follows `/` among the signs.
  return [`${path}/`, `${path}0`]
}
