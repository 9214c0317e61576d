import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { MillwrightError, messageOf } from '../../base/errors.ts'
import { npm } from '../npm.ts'
import { type Asked, type Behind, refused } from './asked.ts'

const dependencyKinds = ['dependencies', 'devDependencies', 'optionalDependencies'] as const
type Stated = Partial<Record<(typeof dependencyKinds)[number], Record<string, string>>>
interface Lock {
  packages?: Record<string, Stated & { version?: string; link?: boolean }>
}
const lockName = 'package-lock.json'
const atOnce = 4
/** What is no version of a registry: `file:`, `git+ssh:`, `npm:` (another package's name), `owner/repository`. */
const isElsewhere = (spec: string): boolean => /[:/]/.test(spec)

/**
 * The packages that a project states and that have newer versions, by the registry that npm is set to there.
 *
 * @param folder where the lockfile is. @param root what its name is told relative to.
 * @throws `unavailable` when no registry answers, `invalid-request` for a version that there is not.
 */
export async function npmBehind(folder: string, root: string, asked: Asked, signal?: AbortSignal): Promise<Behind> {
  const lock = JSON.parse(await readFile(join(folder, lockName), 'utf8')) as Lock
  const path = relative(root, join(folder, lockName)) || lockName
  const stated = Object.assign({}, ...dependencyKinds.map((kind) => lock.packages?.['']?.[kind])) as Record<
    string,
    string
  >
  const found: Behind = { behind: [], names: [], notes: [] }
  const wanted: { name: string; from: string; version: string | null }[] = []
  for (const [name, spec] of Object.entries(stated).sort()) {
    const entry = lock.packages?.[`node_modules/${name}`]
    const isAsked = asked.packages === null || asked.packages.has(name)
    if (isElsewhere(spec) || entry?.link || !entry?.version) {
      if (isAsked) found.notes.push(`${name} is not looked at: it is ${spec}, which no registry has versions of`)
      continue
    }
    found.names.push(name)
    if (isAsked) wanted.push({ name, from: entry.version, version: asked.packages?.get(name) ?? null })
  }
  const silent: MillwrightError[] = []
  const look = async ({ name, from, version }: (typeof wanted)[number]): Promise<void> => {
    try {
      const to = version
        ? await exactly(name, version, folder, signal)
        : await newest(name, from, asked, folder, signal)
      if (to !== null && to !== from) found.behind.push({ lock: path, name, from, to })
    } catch (error) {
      if (!(error instanceof MillwrightError) || error.code !== 'missing-package') throw error
      silent.push(error)
      found.notes.push(`${name} is not looked at: ${error.message}`)
    }
  }
  const queue = [...wanted]
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let next = queue.shift(); next; next = queue.shift()) await look(next)
    }),
  )
  if (wanted.length > 0 && silent.length === wanted.length)
    throw new MillwrightError('unavailable', `the registry tells no versions: ${messageOf(silent[0])}`, {
      hint: 'Check that this machine reaches it, with `npm ping`.',
      cause: silent[0],
    })
  found.behind.sort((a, b) => (a.name < b.name ? -1 : 1))
  return found
}

interface Seen {
  version: string
  'dist-tags'?: { latest?: string }
}

/** Versions that satisfy a range, ascending, as npm orders them, and the one that is called the latest. */
async function versionsOf(
  name: string,
  range: string,
  folder: string,
  signal?: AbortSignal,
): Promise<{ versions: string[]; latest: string | undefined }> {
  const said = await npm(['view', `${name}@${range}`, 'version', 'dist-tags', '--json'], folder, signal)
  const parsed = said.trim() === '' ? [] : (JSON.parse(said) as Seen | Seen[])
  const seen = [parsed].flat()
  return { versions: seen.map(({ version }) => version), latest: seen[0]?.['dist-tags']?.latest }
}

/** As npm would choose: the one called the latest where it is far enough and not too far, otherwise the highest. */
async function newest(
  name: string,
  from: string,
  { reach }: Asked,
  folder: string,
  signal?: AbortSignal,
): Promise<string | null> {
  const { versions, latest } = await versionsOf(name, `${reach === 'minor' ? '^' : '>='}${from}`, folder, signal)
  if (latest !== undefined && versions.includes(latest)) return latest
  // Beyond the latest lie versions that nobody is meant to take yet.
  return reach === 'minor' ? (versions.at(-1) ?? null) : null
}

async function exactly(name: string, version: string, folder: string, signal?: AbortSignal): Promise<string> {
  const { versions, latest } = await versionsOf(name, version, folder, signal).catch((error) => {
    if (messageOf(error).includes('404')) return { versions: [], latest: undefined }
    throw error
  })
  const found = latest !== undefined && versions.includes(latest) ? latest : versions.at(-1)
  if (found === undefined) throw refused(`the registry has no ${name}@${version}`, `See \`npm view ${name} versions\`.`)
  return found
}
