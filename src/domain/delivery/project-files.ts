import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { MillwrightError } from '../../base/errors.ts'
import type { Definition } from '../../contract/definition.ts'
import { CodeFiles, foldersUp } from '../pipelines/code-files.ts'
import { withoutOutputs } from '../pipelines/notebook-code.ts'
import { lockfiles } from '../pipelines/run-source.ts'
import { filesAmong } from '../pipelines/step-key.ts'
import type { FileContent } from './package-file.ts'

const configFile = 'millwright.config.ts'
const lockfile = 'package-lock.json'
/** Files beside the project's own that say how its code is installed and compiled. */
const settingFiles = ['package.json', 'tsconfig.json', '.npmrc', ...lockfiles]

export interface ProjectFiles {
  /** Path below the root, with `/` → content, sorted. */
  files: Map<string, FileContent>
  /** Folder of the project below the root; '' when it is the root. */
  folder: string
  /** The npm lockfile among the files. */
  lockfile: string | null
}

/**
 * The files that a project needs to run elsewhere: its configuration and everything that reaches by imports, the declared code of its
 * commands and notebooks (these without outputs), and what says how it is installed. The root is the project's folder, or one above it where its lockfile or code it
 * imports lies.
 *
 * @throws `invalid-definition` for code that cannot be read or that lies outside the repository.
 */
export async function projectFiles(
  projectDir: string,
  definition: Definition,
  /** What is known of the folder's code already. */
  code: CodeFiles = new CodeFiles(projectDir),
): Promise<ProjectFiles> {
  const paths = new Set<string>()
  const add = (names: Iterable<string>): void => {
    for (const name of names) paths.add(resolve(projectDir, name))
  }
  const modules = new Set<string>(existsSync(join(projectDir, configFile)) ? [configFile] : [])
  for (const { run } of definition.pipelines.flatMap((pipeline) => pipeline.steps)) {
    if (run.kind === 'function') modules.add(run.module)
    if (run.kind === 'command')
      add(
        Object.keys(
          await code.declared([
            ...run.code,
            ...(run.python ? [run.python.lock] : []),
            ...filesAmong(run.command, projectDir, run.cwd),
          ]),
        ),
      )
  }
  const notebooks = new Map<string, string>()
  for (const { run } of definition.pipelines.flatMap((pipeline) => pipeline.steps)) {
    if (run.kind !== 'notebook') continue
    notebooks.set(resolve(projectDir, run.notebook), run.notebook)
    add([run.notebook, ...Object.keys(await code.declared([...run.code, run.python.lock]))])
  }
  for (const module of modules) {
    try {
      add(Object.keys((await code.reachable(module)).files))
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new MillwrightError('invalid-definition', `${module} cannot be packed: ${why}`, { field: module, cause })
    }
  }
  const locked = foldersUp(projectDir).find((folder) => existsSync(join(folder, lockfile)))
  for (const folder of new Set([projectDir, ...(locked ? [locked] : [])])) {
    // Within Millwright's own repository its package.json would make `millwright` mean sources that are not packed.
    const isMillwright = folder !== projectDir && (await packageNameOf(folder)) === 'millwright'
    for (const name of settingFiles)
      if (existsSync(join(folder, name)) && !(isMillwright && name === 'package.json')) paths.add(join(folder, name))
  }
  for (const path of [...paths]) if (basename(path) === 'tsconfig.json') await addExtended(path, paths)

  const root = rootOf(projectDir, locked, paths)
  const files = new Map<string, FileContent>()
  const nameOf = (path: string): string => relative(root, path).split(sep).join('/')
  for (const path of [...paths].sort()) {
    // What holds the keys of other services is no code, whichever folder it lies in.
    if (/^\.env(\.|$)/.test(basename(path))) continue
    const notebook = notebooks.get(path)
    const bytes = notebook === undefined ? await readFile(path) : await withoutOutputs(path, notebook)
    const isProgram = ((await stat(path)).mode & 0o111) !== 0
    files.set(nameOf(path), {
      bytes: basename(path) === '.npmrc' ? withoutCredentials(bytes) : bytes,
      ...(isProgram ? { executable: true } : {}),
    })
  }
  return { files, folder: nameOf(projectDir), lockfile: locked ? nameOf(join(locked, lockfile)) : null }
}

async function packageNameOf(folder: string): Promise<string | null> {
  const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => null)
  return text === null ? null : ((JSON.parse(text) as { name?: string }).name ?? null)
}

/** The deepest folder that holds all of them. */
function rootOf(projectDir: string, locked: string | undefined, paths: Iterable<string>): string {
  let root = projectDir
  for (const path of paths) while (!path.startsWith(`${root}${sep}`) && root !== dirname(root)) root = dirname(root)
  const repository = foldersUp(projectDir).find((folder) => existsSync(join(folder, '.git')))
  const bounds = [projectDir, ...(locked ? [locked] : []), ...(repository ? [repository] : [])]
  const bound = bounds.reduce((shortest, each) => (each.length < shortest.length ? each : shortest))
  if (root === bound || root.startsWith(`${bound}${sep}`)) return root
  const stray = [...paths].find((path) => !path.startsWith(`${bound}${sep}`))
  throw new MillwrightError('invalid-definition', `the project uses ${stray}, which lies outside ${bound}`, {
    field: configFile,
    hint: 'Keep the code in one repository with the project, or make it a package that the project depends on.',
  })
}

async function addExtended(path: string, paths: Set<string>): Promise<void> {
  // A tsconfig may hold comments, so it is not read as JSON.
  const found = /"extends"\s*:\s*"(\.[^"]+)"/.exec(await readFile(path, 'utf8'))?.[1]
  if (!found) return
  const extended = resolve(dirname(path), found)
  if (paths.has(extended) || !existsSync(extended)) return
  paths.add(extended)
  await addExtended(extended, paths)
}

/** Tokens and passwords of registries stay on their machine. */
function withoutCredentials(bytes: Uint8Array): Uint8Array {
  const lines = new TextDecoder().decode(bytes).split('\n')
  return Buffer.from(lines.filter((line) => !/_auth|_password|username|certfile|keyfile/i.test(line)).join('\n'))
}
