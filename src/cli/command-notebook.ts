import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Command } from 'commander'
import { MillwrightError, messageOf } from '../base/errors.ts'
import { findProject } from '../sdk/project-file.ts'
import { bold, dim, green, red, yellow } from './output.ts'
import { type Promotion, stepsModule } from './promoted-steps.ts'

const program = fileURLToPath(new URL('../../python/promote_notebook.py', import.meta.url))
/** What every file of ours says of itself. */
const ours = 'Made by `millwright notebook promote`'

export function notebookCommands(top: Command): void {
  top
    .command('notebook')
    .description('notebooks: a step as they are, by `notebook(…)` in the definition, or turned into steps')
    .command('promote')
    .description('turn the cells tagged `step:<name>` into steps: a Python module each, and the piece of a pipeline')
    .argument('<file>', 'such as notebooks/explore.ipynb')
    .option('--out <dir>', 'where to; beside the notebook, under its name, where nothing is said')
    .option('--check', 'write nothing, and fail when what is there is not what would be written', false)
    .action(async (file: string, { out, check }: { out?: string; check: boolean }) => {
      const path = resolve(file)
      const folder = resolve(out ?? join(dirname(path), `${basename(path, '.ipynb')}_steps`))
      const project = findProject(dirname(path)) ?? process.cwd()
      const within = (each: string): string => relative(project, each).split(sep).join('/')
      if (within(folder).startsWith('..'))
        throw new MillwrightError('invalid-request', `${folder} lies outside the project ${project}`, {
          field: '--out',
          hint: 'Steps run in the folder of the project.',
        })
      const promotion = await promote(path, within(path))
      if (promotion.refusals.length > 0) {
        console.error(`${red('✗')} ${within(path)} cannot be promoted:`)
        for (const refusal of promotion.refusals) console.error(`  ${red('•')} ${refusal}`)
        process.exitCode = 1
        return
      }
      const made = promotion as Extract<Promotion, { refusals: [] }>
      const lock = lockFor(dirname(path), project)
      const place = { notebook: within(path), folder: within(folder), lock: lock && within(lock) }
      const files = { ...made.files, 'steps.ts': stepsModule(made, place) }
      for (const note of made.notes) console.log(`${yellow('•')} ${note}`)
      if (!lock)
        console.log(
          `${yellow('•')} There is no requirements.txt or uv.lock: the steps run with the python3 of the machine.`,
        )
      const stale = existing(folder).filter((name) => !(name in files))
      if (check) return compare(folder, within, files, stale)
      await write(folder, files, stale)
      const order = made.steps.map(({ name }) => bold(name)).join(', ')
      console.log(`${green('✓')} ${within(path)} is now the steps ${order} in ${within(folder)}.`)
      console.log(
        dim(
          `In the definition:\n  import { params, steps } from './${within(folder)}/steps.ts'\n  pipeline('…', { params, steps: Object.values(steps()) })`,
        ),
      )
    })
}

async function promote(path: string, name: string): Promise<Promotion> {
  if (!existsSync(path)) throw new MillwrightError('not-found', `there is no notebook ${name}`, { field: 'file' })
  try {
    const { stdout } = await promisify(execFile)('python3', ['-B', program, path, name], { maxBuffer: 64 << 20 })
    return JSON.parse(stdout) as Promotion
  } catch (cause) {
    const isMissing = (cause as { code?: unknown }).code === 'ENOENT'
    const said = (cause as { stderr?: string }).stderr?.trim().split('\n').at(-1)
    throw new MillwrightError(
      'missing-package',
      isMissing ? 'there is no python3' : `python3 could not read the notebook: ${said || messageOf(cause)}`,
      { hint: 'Install Python 3.9 or newer; nothing else is needed.', cause },
    )
  }
}

/** The lock that is nearest to the notebook, up to the folder of the project. */
function lockFor(from: string, project: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = ['uv.lock', 'requirements.txt'].map((name) => join(folder, name)).find((path) => existsSync(path))
    if (found) return found
    if (folder === project || folder === dirname(folder)) return null
  }
}

/** Files of an earlier promotion. @throws `already-exists` for one of the same kind of name that somebody else wrote. */
function existing(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder).filter((name) => {
    const isNamed = /^(step_\w+|notebook_setup|millwright_values)\.py$|^steps\.ts$/.test(name)
    if (!isNamed) return false
    if (readFileSync(join(folder, name), 'utf8').slice(0, 2000).includes(ours)) return true
    throw new MillwrightError('already-exists', `${join(folder, name)} is somebody’s own file`, {
      field: '--out',
      hint: 'Choose another folder with --out, or move the file.',
    })
  })
}

async function write(folder: string, files: Record<string, string>, stale: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const name of stale) await rm(join(folder, name))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
}

function compare(
  folder: string,
  within: (path: string) => string,
  files: Record<string, string>,
  stale: readonly string[],
): void {
  const differing = Object.entries(files).flatMap(([name, text]) => {
    const path = join(folder, name)
    if (!existsSync(path)) return [`${within(path)} is not there`]
    return readFileSync(path, 'utf8') === text ? [] : [`${within(path)} is another`]
  })
  const wrong = [...differing, ...stale.map((name) => `${within(join(folder, name))} is of no step any more`)]
  if (wrong.length === 0) console.log(`${green('✓')} ${within(folder)} is what the notebook says.`)
  else {
    console.error(`${red('✗')} ${within(folder)} is not what the notebook says; promote it again:`)
    for (const each of wrong) console.error(`  ${red('•')} ${each}`)
    process.exitCode = 1
  }
}
