import { MillwrightError } from '../../base/errors.ts'
import type { Upgraded } from '../../contract/package.ts'
import type { UpgradeReach } from '../../contract/upgrade.ts'

/** Which packages are to be upgraded, and how far. */
export interface Asked {
  reach: UpgradeReach
  /** Names with the version that somebody wants, or null for what `reach` gives; null for all packages. */
  packages: ReadonlyMap<string, string | null> | null
}

/** Packages that are behind, by the registries that this machine is set to. */
export interface Behind {
  behind: Upgraded[]
  /** All that the locks pin and a registry has, behind or not. */
  names: string[]
  /** What could not be looked at, and why. */
  notes: string[]
}

/**
 * Reads `NAME` and `NAME@VERSION`.
 *
 * @throws `invalid-request` for anything else.
 */
export function askedPackages(texts: readonly string[]): Asked['packages'] {
  if (texts.length === 0) return null
  const packages = new Map<string, string | null>()
  for (const text of texts) {
    const [, name, version] = /^(@?[^@\s]+)(?:@([^@\s]+))?$/.exec(text) ?? []
    if (!name) throw refused(`"${text}" is no package`, 'Write NAME or NAME@VERSION.')
    if (version && /[:/\\]/.test(version))
      throw refused(
        `"${text}" comes from no registry`,
        'A package of the project could not be installed elsewhere; publish it, or name a version.',
      )
    packages.set(name, version ?? null)
  }
  return packages
}

export const refused = (message: string, hint: string): MillwrightError =>
  new MillwrightError('invalid-request', message, { field: '--package', hint })
