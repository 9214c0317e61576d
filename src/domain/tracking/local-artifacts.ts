import { mkdirSync, realpathSync } from 'node:fs'
import { lstat, realpath } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { MillwrightError, messageOf } from '../../base/errors.ts'
import { trackingLimits } from '../../contract/tracking.ts'
import { hiddenPlace } from './artifact-location.ts'
import { checkLength } from './names.ts'

const refusal = (field: string, why: string): MillwrightError =>
  new MillwrightError('invalid-request', `this is no place for artifacts: ${why}`, {
    field,
    hint: 'Leave it out, or name a folder below the one that --artifact-root says.',
  })

/**
 * A folder of this machine that clients write to and read from by themselves. Nothing here ever opens a file in it: it is known only so that what
 * clients are told is not another place.
 */
export class LocalArtifacts {
  /** Without links in it. */
  private readonly root: string

  /** @throws `invalid-request` for what can be no folder */
  constructor(root: string) {
    try {
      if (root === '') throw new Error('it has no name')
      const folder = resolve(root)
      mkdirSync(folder, { recursive: true })
      this.root = realpathSync(folder)
    } catch (cause) {
      throw new MillwrightError('invalid-request', `"${root}" cannot have artifacts: ${messageOf(cause)}`, {
        field: 'artifactRoot',
        hint: 'Name a folder that may be written to; it is made where it is not there.',
        cause,
      })
    }
  }

  /** Of an experiment that says none. */
  locationOf(experimentId: string): string {
    return pathToFileURL(join(this.root, experimentId)).href
  }

  /** Whether it is a file's: `file:…`, or a path. */
  static isLocal(location: string): boolean {
    return /^(file:|\/)/i.test(location)
  }

  /**
   * The address of a folder that a client names, as `file:///…` or as a path.
   *
   * @throws `invalid-request` for one that is not below the root, also once its links are followed.
   */
  async check(location: string, field: string): Promise<string> {
    checkLength(location, trackingLimits.artifactLocation, field)
    const path = pathIn(location, field)
    const real = await withoutLinks(path, field)
    if (!real.startsWith(this.root + sep)) throw refusal(field, 'it is not below the folder that is for them')
    return pathToFileURL(real).href
  }
}

function pathIn(location: string, field: string): string {
  const fault = hiddenPlace(location)
  if (fault !== null) throw refusal(field, fault)
  if (location.startsWith('//')) throw refusal(field, 'it begins with //')
  if (location.startsWith('/')) return resolve(location)
  // Two more would be a machine, and four a path that begins with two.
  if (!/^file:\/\/\/(?!\/)/.test(location)) throw refusal(field, 'an address of a file is file:///…')
  const path = fileURLToPath(location)
  // Whoever decodes once more must mean the same.
  if (/%[0-9a-f]{2}/i.test(path)) throw refusal(field, 'it is encoded more than once')
  return path
}

/** Where it leads: links of what is there are followed, and what is not there yet is as it is named. */
async function withoutLinks(path: string, field: string): Promise<string> {
  const missing: string[] = []
  for (let at = path; ; at = dirname(at)) {
    try {
      return join(await realpath(at), ...missing)
    } catch (error) {
      // A link that leads nowhere would lead somewhere once that is made.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || (await isLink(at)))
        throw refusal(field, 'it leads to no folder')
      missing.unshift(at.slice(dirname(at).length).replace(/^\//, ''))
    }
  }
}

const isLink = (path: string): Promise<boolean> =>
  lstat(path).then(
    (found) => found.isSymbolicLink(),
    () => false,
  )
