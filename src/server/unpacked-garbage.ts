import { lstat, readdir, readlink, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { GarbageReport } from '../domain/lifecycle/garbage.ts'

type Item = GarbageReport['items'][number]

/** What was installed just now may belong to a package that is being put into force, or tested. */
const graceMs = 60 * 60 * 1000

const isHash = (name: string): boolean => /^[0-9a-f]{64}$/.test(name)
const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => [])

/** Where the first link named `node_modules` in a folder or below leads; links themselves are not followed. */
async function linksOf(folder: string): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name)
    if (entry.isSymbolicLink() && entry.name === 'node_modules') found.push(await readlink(path))
    else if (entry.isDirectory() && entry.name !== 'node_modules') found.push(...(await linksOf(path)))
  }
  return found
}

/**
 * Removes unpacked packages that nothing runs, and installed modules that no unpacked package uses. The packages themselves stay: one that
 * comes into force again is unpacked again.
 *
 * @param folder where packages are unpacked, with `modules` beside them. @param others folders of projects that use the same modules.
 * @param keep hashes of packages that run.
 */
export async function collectUnpacked(
  folder: string,
  others: readonly string[],
  keep: ReadonlySet<string>,
  { dryRun }: { dryRun: boolean },
): Promise<Item[]> {
  const items: Item[] = []
  const used = new Set<string>()
  for (const name of await namesIn(folder)) {
    if (!isHash(name)) continue
    if (keep.has(name)) for (const link of await linksOf(join(folder, name))) used.add(link)
    else {
      items.push({
        kind: 'unpacked package',
        name,
        bytes: 0,
        why: 'nothing runs it; it is unpacked again when it is put into force',
      })
      if (!dryRun) await rm(join(folder, name), { recursive: true, force: true })
    }
  }
  for (const other of others) for (const link of await linksOf(other)) used.add(link)
  const modules = join(folder, 'modules')
  for (const name of await namesIn(modules)) {
    const path = join(modules, name)
    if (used.has(join(path, 'node_modules'))) continue
    if ((await lstat(path)).mtimeMs > Date.now() - graceMs) continue
    items.push({
      kind: 'installed modules',
      name,
      bytes: 0,
      why: 'no unpacked package uses them; they are installed again when one does',
    })
    if (!dryRun) await rm(path, { recursive: true, force: true })
  }
  return items
}
