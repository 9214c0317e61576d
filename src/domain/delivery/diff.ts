import type { Diff } from '../../contract/diff.ts'
import { resolveEnvironment } from '../../contract/environment.ts'
import type { Json } from '../../contract/pipeline.ts'
import { differencesOf } from '../lifecycle/differences.ts'
import { changesBetween } from '../lifecycle/plan-changes.ts'
import { diffCode, diffLocks } from './diff-packages.ts'
import { diffArtifacts, diffData, diffMetrics } from './diff-runs.ts'
import type { Side } from './diff-sides.ts'

const json = (value: unknown): Json => JSON.parse(JSON.stringify(value ?? null)) as Json

/** How two things differ, in all that both of them have. */
export function diffSides(a: Side, b: Side): Diff {
  const compared: string[] = []
  /** The differences of a part that both have. */
  const both = <T, R>(parts: string[], x: T | null, y: T | null, differ: (x: T, y: T) => R[]): R[] => {
    if (x === null || y === null) return []
    compared.push(...parts)
    return differ(x, y)
  }
  const values = (x: unknown, y: unknown) => differencesOf(json(x), json(y))
  const parts = {
    parameters: both(['parameters'], a.run, b.run, (x, y) => values(x.run.params, y.run.params)),
    settings: both(['settings'], settingsOf(a), settingsOf(b), values),
    environment: both(['environment'], surroundingsOf(a), surroundingsOf(b), values),
    definition: both(['definition'], a.definition, b.definition, (x, y) => changesBetween(x, y)),
    code: both(['code'], a.package, b.package, diffCode),
    packages: both(['packages'], a.package, b.package, diffLocks),
    data: both(['data'], a.run, b.run, diffData),
    metrics: both(['metrics'], a.run, b.run, (x, y) => diffMetrics(x.steps, y.steps)),
    artifacts: both(['artifacts'], a.run, b.run, (x, y) => diffArtifacts(x.steps, y.steps)),
  }
  const equal = a.is.kind === b.is.kind && Object.values(parts).every((found) => found.length === 0)
  return { a: a.is, b: b.is, compared, equal, ...parts }
}

/** What steps are told: of a run, in the environment that it ran in. */
function settingsOf({ run, environment, definition }: Side): object | null {
  if (environment) return environment.settings
  const name = run?.run.environmentName ?? null
  if (definition && name !== null) return resolveEnvironment(definition, name).settings
  return definition?.settings ?? null
}

function surroundingsOf({ run, environment }: Side): object | null {
  if (environment) {
    const { name: _name, settings: _settings, ...rules } = environment
    return rules
  }
  if (!run) return null
  const { cpus: _cpus, memoryMb: _memory, ...platform } = run.run.environment
  return { ...platform, environment: run.run.environmentName, commit: run.run.source.commit }
}
