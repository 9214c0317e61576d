import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { MillwrightError } from '../../base/errors.ts'
import { sha256 } from '../../base/hash.ts'
import type { Manifest } from '../../contract/package.ts'
import type { ReadPackage } from './package-file.ts'

/** Folders beside a package's files that are no part of it: installed packages, and what interpreters leave. */
const beside = new Set(['node_modules', '__pycache__', '.millwright'])

/** The project's folder within an unpacked package. */
export const projectWithin = (folder: string, manifest: Manifest): string => join(folder, 'project', manifest.folder)

/**
 * Puts a package's files, read-only, into a folder of its own; whole or not at all.
 *
 * @throws `package-altered` when the folder is there with other files.
 */
export async function unpack(read: ReadPackage, folder: string): Promise<void> {
  if (await readdir(folder).catch(() => null)) return checkUnpacked(read.manifest, folder)
  const draft = `${folder}.draft`
  await rm(draft, { recursive: true, force: true })
  await mkdir(projectWithin(draft, read.manifest), { recursive: true })
  for (const [path, { bytes, executable }] of read.files) {
    const target = join(draft, path)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, bytes)
    await chmod(target, executable ? 0o555 : 0o444)
  }
  await rename(draft, folder)
}

/** @throws `package-altered` naming the file that was changed, removed or added. */
export async function checkUnpacked(manifest: Manifest, folder: string): Promise<void> {
  const refuse = (path: string, what: string): never => {
    throw new MillwrightError('package-altered', `${path} of the unpacked package ${what}`, {
      hint: `Remove ${folder} and deploy the package again; to change it, make a new one.`,
    })
  }
  const expected = new Map(manifest.files.map(({ path, sha256 }) => [path, sha256]))
  for (const [path, hash] of expected) {
    const bytes = await readFile(join(folder, path)).catch(() => refuse(path, 'is gone'))
    if (sha256(bytes) !== hash) refuse(path, 'was edited')
  }
  const look = async (at: string): Promise<void> => {
    for (const entry of await readdir(at, { withFileTypes: true })) {
      const path = join(at, entry.name)
      const name = relative(folder, path).split(sep).join('/')
      if (beside.has(entry.name)) continue
      if (entry.isDirectory()) await look(path)
      else if (!expected.has(name)) refuse(name, 'was added')
    }
  }
  await look(folder)
}
