import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import type { Metafile } from 'esbuild'
import { MillwrightError, messageOf } from '../../base/errors.ts'
import { sha256 } from '../../base/hash.ts'

/** Code that a step depends on. */
export interface ReachableCode {
  /** Path relative to the root (with `/`) → SHA-256 of the content. */
  files: Record<string, string>
  /** Names of the packages that these files import, sorted. */
  packages: string[]
}

interface Known {
  code: ReachableCode
  stamps: Map<string, string>
}

/** What esbuild says when its process was killed. */
const bundlerDied = /^The service (is no longer running|was stopped)/

/** Folders that hold no code of the project. */
const skipped = new Set(['node_modules', '.git', '.millwright', '__pycache__', '.venv', 'venv'])

/**
 * The files that a module reaches by imports written as literals (static, or `import('./x.ts')`), found by esbuild's bundler, which
 * resolves them as Node and tsx do. Answers are kept for as long as no file of the answer changes its size or times on disk.
 */
export class CodeFiles {
  private readonly known = new Map<string, Promise<Known>>()

  constructor(private readonly root: string) {}

  /**
   * @param module path, absolute or relative to the root.
   * @throws `step-failed` when it, or something it imports, cannot be found or parsed.
   */
  async reachable(module: string): Promise<ReachableCode> {
    const entry = resolve(this.root, module)
    const before = this.known.get(entry)
    if (before) {
      const known = await before.catch(() => undefined)
      if (known && (await unchanged(known.stamps))) return known.code
      // Whoever came first has begun to look again already.
      const later = this.known.get(entry)
      if (later && later !== before) return (await later).code
    }
    const looking = this.look(entry)
    this.known.set(entry, looking)
    looking.catch(() => this.known.delete(entry))
    return (await looking).code
  }

  /**
   * Files, and all files below folders, with their hashes.
   * @throws `invalid-definition` for a path that is not there.
   */
  async declared(paths: readonly string[]): Promise<Record<string, string>> {
    const found: Record<string, string> = {}
    const add = async (path: string): Promise<void> => {
      const info = await stat(path)
      if (info.isFile()) found[this.nameOf(path)] = sha256(await readFile(path))
      if (!info.isDirectory()) return
      for (const name of (await readdir(path)).sort()) if (!skipped.has(name)) await add(join(path, name))
    }
    for (const path of paths) {
      try {
        await add(resolve(this.root, path))
      } catch (error) {
        throw new MillwrightError('invalid-definition', `The code '${path}' cannot be read: ${messageOf(error)}.`, {
          hint: 'Give paths relative to the folder of the project.',
        })
      }
    }
    return found
  }

  private async look(entry: string): Promise<Known> {
    const { build, stop } = await import('esbuild')
    const bundle = () =>
      build({
        entryPoints: [entry],
        absWorkingDir: this.root,
        bundle: true,
        write: false,
        metafile: true,
        platform: 'node',
        format: 'esm',
        packages: 'external',
        treeShaking: false,
        logLevel: 'silent',
        // Nothing is emitted; whatever is imported beside code counts by its content alone.
        plugins: [
          {
            name: 'opaque',
            setup: (plugin) => {
              plugin.onLoad({ filter: /.*/ }, ({ path }) =>
                /\.([cm]?[jt]sx?|json)$/.test(path) ? undefined : { contents: '', loader: 'empty' },
              )
            },
          },
        ],
      })
    let metafile: Metafile
    try {
      const result = await bundle().catch(async (error) => {
        if (!bundlerDied.test(messageOf(error))) throw error
        // esbuild works in a process of its own, and asks a dead one for ever until it is told to stop.
        await stop()
        return bundle()
      })
      metafile = result.metafile
    } catch (error) {
      throw new MillwrightError('step-failed', `The code of the step cannot be read: ${messageOf(error)}`, {
        cause: error,
      })
    }
    const files: Record<string, string> = {}
    const packages = new Set<string>()
    const stamps = new Map<string, string>()
    for (const [name, input] of Object.entries(metafile.inputs)) {
      const path = resolve(this.root, name)
      stamps.set(path, await stampOf(path))
      files[this.nameOf(path)] = sha256(await readFile(path))
      for (const { path: imported, external } of input.imports) {
        const name = external ? packageName(imported) : undefined
        if (name) packages.add(name)
      }
    }
    return { code: { files, packages: [...packages].sort() }, stamps }
  }

  private nameOf(path: string): string {
    return relative(this.root, path).split(sep).join('/')
  }
}

/** `@scope/name/part` → `@scope/name`; undefined for Node's own modules and for files. */
function packageName(imported: string): string | undefined {
  if (imported.startsWith('node:') || imported.startsWith('.') || imported.startsWith('#') || isAbsolute(imported)) {
    return undefined
  }
  const parts = imported.split('/')
  return imported.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0]
}

async function stampOf(path: string): Promise<string> {
  const info = await stat(path, { bigint: true })
  return `${info.ino} ${info.size} ${info.mtimeNs} ${info.ctimeNs}`
}

async function unchanged(stamps: ReadonlyMap<string, string>): Promise<boolean> {
  try {
    for (const [path, stamp] of stamps) if ((await stampOf(path)) !== stamp) return false
    return true
  } catch {
    return false // One of them is gone.
  }
}

/** The folder and those above it, nearest first. */
export function foldersUp(folder: string): string[] {
  const folders = [folder]
  for (let at = folder; dirname(at) !== at; at = dirname(at)) folders.push(dirname(at))
  return folders
}
