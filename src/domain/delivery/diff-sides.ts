import { MillwrightError } from '../../base/errors.ts'
import type { Definition } from '../../contract/definition.ts'
import type { Diff } from '../../contract/diff.ts'
import { type ResolvedEnvironment, resolveEnvironment } from '../../contract/environment.ts'
import type { RunInputs } from '../../contract/reproduction.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Metadata } from '../../ports/metadata.ts'
import type { ReadPackage } from './package-file.ts'
import type { Packages } from './packages.ts'
import { runInputs } from './run-inputs.ts'

/** One of two things to compare, with all that is known of it. */
export interface Side {
  is: Diff['a']
  run: RunInputs | null
  package: ReadPackage | null
  definition: Definition | null
  environment: ResolvedEnvironment | null
}

export interface SideServices {
  metadata: Metadata
  blobs: Blobs
  packages: Packages
  /** In force; environments are looked for in it. */
  definition: Definition | null
}

/**
 * Finds what a text names, by its form: a run by its id, a package or definition by its hash or the first digits of it, an environment of
 * the definition in force by its name.
 *
 * @throws `not-found`
 */
export async function findSide(services: SideServices, text: string): Promise<Side> {
  const { metadata, packages, definition } = services
  const side: Omit<Side, 'is'> = { run: null, package: null, definition: null, environment: null }
  if (text.startsWith('run_')) {
    const run = await runInputs(services, text)
    const found = await packages.read(run.run.packageHash!)
    return { ...side, is: { kind: 'run', id: text }, run, package: found, definition: run.definition }
  }
  if (definition?.environments.some(({ name }) => name === text)) {
    return { ...side, is: { kind: 'environment', id: text }, environment: resolveEnvironment(definition, text) }
  }
  if (/^[0-9a-f]{6,64}$/.test(text)) {
    const found = await packages.read(text).catch((error: unknown) => {
      if (error instanceof MillwrightError && error.code === 'not-found') return null
      throw error
    })
    if (found) return { ...side, is: { kind: 'package', id: found.hash }, package: found, definition: found.definition }
    const where = { id: { atLeast: text, below: `${text}g` } }
    const [record, another] = await metadata.find('definition', { where, limit: 2 })
    if (another)
      throw new MillwrightError('invalid-request', `several definitions begin with ${text}`, {
        hint: 'Give more digits.',
      })
    if (record) return { ...side, is: { kind: 'definition', id: record.id }, definition: record.definition }
  }
  throw new MillwrightError('not-found', `there is no run, package, definition or environment "${text}" here`, {
    hint: 'Runs begin with run_; packages and definitions are named by their hash; environments are those of the definition in force.',
  })
}
