import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { MillwrightError, messageOf } from '../../base/errors.ts'
import type { Definition } from '../../contract/definition.ts'
import type { Upgraded } from '../../contract/package.ts'
import type { Asked, Behind } from './asked.ts'
import { normalName, pinText, type RequirementLine, requirementLines } from './requirements.ts'

const run = promisify(execFile)
const limitMs = 15 * 60_000

/** Locks of the environments of a project's steps in Python, relative to its folder. */
export function pythonLocks(definition: Definition): string[] {
  const locks = definition.pipelines.flatMap(({ steps }) =>
    steps.flatMap(({ run }) => (run.kind === 'command' && run.python ? [run.python.lock] : [])),
  )
  return [...new Set(locks)].sort()
}

/** What pip would install for a lock. */
interface Resolved {
  name: string
  version: string
  hashes: string[]
}

/** pip as the environments of steps have it: of Python's own venv, by the settings of this machine. */
export class Pip {
  private made: Promise<string> | null = null

  /** @param folder where its environment goes. */
  constructor(
    private readonly folder: string,
    private readonly signal?: AbortSignal,
  ) {}

  /**
   * The pinned packages of a lock that have newer versions which fit together.
   *
   * @param path of the lock. @param name what it is called.
   * @throws `missing-package` without Python, or when pip finds no set that fits.
   */
  async behind(path: string, name: string, asked: Asked): Promise<Behind> {
    if (basename(path) === 'uv.lock')
      return { behind: [], names: [], notes: [`${name} is not looked at: uv upgrades it, with \`uv lock --upgrade\``] }
    if (!existsSync(path)) return { behind: [], names: [], notes: [`${name} is not there`] }
    const lines = requirementLines(await readFile(path, 'utf8'))
    const pins = lines.flatMap(({ pin }) => (pin ? [pin] : []))
    const notes = lines.flatMap(({ loose }) =>
      loose ? [`${loose} is not pinned by ${name}, so whatever is newest is installed each time`] : [],
    )
    const names = pins.map((pin) => pin.name)
    const given = new Map([...(asked.packages ?? [])].map(([each, version]) => [normalName(each), version]))
    const isAsked = (each: string): boolean => asked.packages === null || given.has(normalName(each))
    if (!names.some(isAsked)) return { behind: [], names, notes }
    const resolved = await this.resolve(path, lines, ({ name, version }) => {
      if (!isAsked(name)) return `==${version}`
      const exact = given.get(normalName(name))
      if (exact) return `==${exact}`
      return asked.reach === 'minor' ? `>=${version},<${nextBreaking(version)}` : `>=${version}`
    })
    const behind = pins.flatMap((pin) => {
      const to = resolved.find((each) => normalName(each.name) === normalName(pin.name))?.version
      return to && to !== pin.version ? [{ lock: name, name: pin.name, from: pin.version, to }] : []
    })
    return { behind, names, notes }
  }

  /**
   * Writes a lock with some packages at other versions, the others as they were, and what the new ones need besides. Lines that stay are
   * not touched; hashes are kept where there were some: those of the files that pip takes on this machine.
   *
   * @throws `missing-package` when they do not fit together.
   */
  async write(path: string, upgrades: readonly Upgraded[]): Promise<void> {
    const lines = requirementLines(await readFile(path, 'utf8'))
    const wanted = new Map(upgrades.map(({ name, to }) => [normalName(name), to]))
    const resolved = await this.resolve(
      path,
      lines,
      ({ name, version }) => `==${wanted.get(normalName(name)) ?? version}`,
    )
    const hashed = lines.some(({ pin }) => pin?.hashed)
    const of = (name: string): Resolved | undefined =>
      resolved.find((each) => normalName(each.name) === normalName(name))
    const written = lines.map(({ text, pin }) => {
      const to = pin ? wanted.get(normalName(pin.name)) : undefined
      return pin && to ? pinText({ ...pin, version: to }, pin.hashed ? (of(pin.name)?.hashes ?? []) : []) : text
    })
    const known = new Set(lines.flatMap(({ pin, loose }) => [normalName(pin?.name ?? loose ?? '')]))
    const added = resolved
      .filter(({ name }) => !known.has(normalName(name)))
      .map(({ name, version, hashes }) => pinText({ name, extras: '', version, marker: '' }, hashed ? hashes : []))
    if (added.length > 0 && written.at(-1) === '') written.pop()
    await writeFile(path, [...written, ...added, ...(added.length > 0 ? [''] : [])].join('\n'))
  }

  /** The set that pip would install if the pins were these. Nothing is installed. */
  private async resolve(
    path: string,
    lines: readonly RequirementLine[],
    specOf: (pin: NonNullable<RequirementLine['pin']>) => string,
  ): Promise<Resolved[]> {
    this.made ??= this.make()
    const python = await this.made
    // Beside the lock, where paths that it names are found.
    const asked = join(dirname(path), `.${basename(path)}.upgrade`)
    const report = join(this.folder, 'report.json')
    const text = lines.map(({ text, pin }) =>
      pin ? `${pin.name}${pin.extras}${specOf(pin)}${pin.marker ? ` ; ${pin.marker}` : ''}` : text,
    )
    await writeFile(asked, `${text.join('\n')}\n`)
    try {
      const line = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--dry-run', '--ignore-installed']
      await run(python, [...line, '--report', report, '-r', asked], {
        timeout: limitMs,
        maxBuffer: 64 << 20,
        ...(this.signal ? { signal: this.signal } : {}),
      })
      const { install } = JSON.parse(await readFile(report, 'utf8')) as {
        install: {
          metadata: { name: string; version: string }
          download_info: { archive_info?: { hashes?: Record<string, string> } }
        }[]
      }
      return install.map(({ metadata, download_info }) => ({
        name: metadata.name,
        version: metadata.version,
        hashes: Object.entries(download_info.archive_info?.hashes ?? {}).map(([kind, value]) => `${kind}:${value}`),
      }))
    } catch (cause) {
      throw new MillwrightError('missing-package', `pip finds no set that fits: ${saidBy(cause)}`, { cause })
    } finally {
      await rm(asked, { force: true })
    }
  }

  private async make(): Promise<string> {
    try {
      await run('python3', ['-m', 'venv', this.folder], {
        timeout: limitMs,
        ...(this.signal ? { signal: this.signal } : {}),
      })
    } catch (cause) {
      throw new MillwrightError('missing-package', `there is no Python 3 with venv: ${saidBy(cause)}`, {
        hint: 'Install it; the environments of steps need it too.',
        cause,
      })
    }
    return join(this.folder, process.platform === 'win32' ? 'Scripts/python' : 'bin/python')
  }
}

/** The first version that a caret would not take any more: 2 after 1.4, 0.5 after 0.4.2. */
function nextBreaking(version: string): string {
  const numbers = /^(?:\d+!)?(\d+)(?:\.(\d+))?/.exec(version)
  const [major, minor] = [Number(numbers?.[1] ?? 0), Number(numbers?.[2] ?? 0)]
  return major > 0 ? `${major + 1}` : `0.${minor + 1}`
}

/** The last lines of pip's errors, without what it says of itself. */
function saidBy(cause: unknown): string {
  const lines = ((cause as { stderr?: string }).stderr ?? '').split('\n').flatMap((line) => {
    const said = /^ERROR: (.*)$/.exec(line)?.[1]?.trim()
    return said && !said.startsWith('ResolutionImpossible') ? [said] : []
  })
  return lines.slice(0, 3).join(' ') || messageOf(cause).split('\n').at(-1) || 'it ended without a word'
}
