import { readFile, stat } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { join, relative, sep } from 'node:path'
import { hashOf } from '../../base/hash.ts'
import { foldersUp } from './code-files.ts'

interface LockEntry {
  version?: string
  resolved?: string
  link?: boolean
  dependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}
interface Lock {
  /** Folder of the lockfile. */
  root: string
  stamp: number
  packages: Record<string, LockEntry>
}

/** Versions of npm packages as locked (package-lock.json, versions 2 and 3), or as installed where nothing is locked. */
export class LockedPackages {
  private lock: Lock | undefined
  private readonly versions = new Map<string, string>()

  constructor(private readonly projectDir: string) {}

  /**
   * Name → version, followed by a hash over what the package depends on itself: `4.6.7+0f3a9c21`. Node's own modules are left out; a
   * package that cannot be found has the version `?`.
   */
  async of(names: readonly string[]): Promise<Record<string, string>> {
    await this.refresh()
    const found: Record<string, string> = {}
    for (const name of names) {
      if (builtinModules.includes(name)) continue
      let version = this.versions.get(name)
      if (version === undefined) {
        version = this.lockedVersion(name) ?? (await this.installedVersion(name)) ?? '?'
        this.versions.set(name, version)
      }
      found[name] = version
    }
    return found
  }

  private async refresh(): Promise<void> {
    for (const folder of foldersUp(this.projectDir)) {
      const path = join(folder, 'package-lock.json')
      const stamp = await stat(path).then(
        (info) => info.mtimeMs,
        () => undefined,
      )
      if (stamp === undefined) continue
      if (this.lock?.root === folder && this.lock.stamp === stamp) return
      const parsed = JSON.parse(await readFile(path, 'utf8')) as { packages?: Record<string, LockEntry> }
      this.lock = { root: folder, stamp, packages: parsed.packages ?? {} }
      this.versions.clear()
      return
    }
    // Without a lockfile what is installed may change under our feet, so nothing is remembered.
    this.lock = undefined
    this.versions.clear()
  }

  private lockedVersion(name: string): string | undefined {
    if (!this.lock) return undefined
    const packages = this.lock.packages
    const from = relative(this.lock.root, this.projectDir).split(sep).join('/')
    const start = place(packages, from, name)
    if (start === undefined) return undefined
    const closure = new Map<string, string>()
    const visit = (key: string): void => {
      if (closure.has(key)) return
      const entry = packages[key]
      closure.set(key, entry?.version ?? entry?.resolved ?? '')
      if (entry?.link && entry.resolved && packages[entry.resolved]) visit(entry.resolved)
      for (const dependency of Object.keys({
        ...entry?.dependencies,
        ...entry?.optionalDependencies,
        ...entry?.peerDependencies,
      })) {
        const next = place(packages, key, dependency)
        if (next !== undefined) visit(next)
      }
    }
    visit(start)
    const version = packages[start]?.version ?? 'linked'
    closure.delete(start)
    return closure.size === 0 ? version : `${version}+${hashOf(Object.fromEntries(closure)).slice(0, 8)}`
  }

  private async installedVersion(name: string): Promise<string | undefined> {
    for (const folder of foldersUp(this.projectDir)) {
      try {
        const manifest = await readFile(join(folder, 'node_modules', name, 'package.json'), 'utf8')
        return (JSON.parse(manifest) as { version?: string }).version
      } catch {
        // Not in this folder; Node looks further up too.
      }
    }
    return undefined
  }
}

/** Key of the package that a module in the folder `from` gets under this name, by Node's walk up through node_modules. */
function place(packages: Record<string, LockEntry>, from: string, name: string): string | undefined {
  for (let at = from; ; ) {
    const key = at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`
    if (packages[key]) return key
    if (at === '') return undefined
    const up = at.lastIndexOf('/')
    at = up < 0 ? '' : at.slice(0, up)
  }
}
