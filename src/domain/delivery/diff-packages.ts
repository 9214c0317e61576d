import type { Diff } from '../../contract/diff.ts'
import { countLines } from './diff-lines.ts'
import type { ReadPackage } from './package-file.ts'

/** Files of the project that two packages do not share. */
export function diffCode(before: ReadPackage, after: ReadPackage): Diff['code'] {
  const [from, to] = [before, after].map(
    ({ manifest }) => new Map(manifest.files.map((file) => [file.path, file.sha256])),
  )
  const paths = [...new Set([...from!.keys(), ...to!.keys()])].filter((path) => path.startsWith('project/')).sort()
  return paths.flatMap((path): Diff['code'] => {
    if (from!.get(path) === to!.get(path)) return []
    const action = !from!.has(path) ? 'add' : to!.has(path) ? 'change' : 'remove'
    const texts = [before, after].map(({ files }) => textOf(files.get(path)?.bytes))
    const counted = texts.some((text) => text === null) ? null : countLines(texts[0]!, texts[1]!)
    const [linesAdded, linesRemoved] = [counted?.added ?? null, counted?.removed ?? null]
    return [{ path: path.slice('project/'.length), action, linesAdded, linesRemoved }]
  })
}

/** '' for a file that is not there; null for bytes that are no text. */
function textOf(bytes: Uint8Array | undefined): string | null {
  if (bytes === undefined) return ''
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null
  }
}

/** Versions of the packages of two npm lockfiles, where they are not the same. */
export function diffLocks(before: ReadPackage, after: ReadPackage): Diff['packages'] {
  const lockOf = ({ manifest, files }: ReadPackage): Uint8Array | undefined =>
    manifest.lockfile === null ? undefined : files.get(manifest.lockfile)?.bytes
  return diffLockfiles(lockOf(before), lockOf(after))
}

/** The same of the bytes of two npm lockfiles; without one there is no package. */
export function diffLockfiles(before: Uint8Array | undefined, after: Uint8Array | undefined): Diff['packages'] {
  const [from, to] = [versionsOf(before), versionsOf(after)]
  return [...new Set([...from.keys(), ...to.keys()])]
    .sort()
    .filter((name) => from.get(name) !== to.get(name))
    .map((name) => ({ name, from: from.get(name) ?? null, to: to.get(name) ?? null }))
}

function versionsOf(bytes: Uint8Array | undefined): Map<string, string> {
  if (!bytes) return new Map()
  const { packages = {} } = JSON.parse(Buffer.from(bytes).toString('utf8')) as {
    packages?: Record<string, { version?: string; resolved?: string }>
  }
  return new Map(
    Object.entries(packages)
      .filter(([place]) => place !== '')
      .map(([place, { version, resolved }]) => [place.replace(/^node_modules\//, ''), version ?? resolved ?? 'linked']),
  )
}
