import { MillwrightError } from '../base/errors.ts'
import type { Definition } from '../contract/definition.ts'
import {
  checkSettings,
  type EnvironmentDefinition,
  environmentSchema,
  resolveEnvironment,
  type Settings,
} from '../contract/environment.ts'
import type { Json } from '../contract/pipeline.ts'
import type { StepContext } from '../contract/step.ts'
import type { Dataset, DatasetShape } from './dataset.ts'
import type { Pipeline } from './pipeline.ts'
import { parsed } from './stated.ts'

/** An environment as stated, with the type of its settings. */
export interface Environment<S = unknown> {
  readonly name: string
  readonly definition: EnvironmentDefinition
  /** For the compiler: what `defineProject` compares with the project's settings. */
  readonly settings: S
}

type Needs = NonNullable<EnvironmentDefinition['needs']>
interface Stated<S> extends Omit<EnvironmentDefinition, 'name' | 'extends' | 'needs' | 'sources' | 'settings'> {
  extends?: Environment
  needs?: Omit<Needs, 'greenRuns'> & {
    greenRuns?: { in: Environment; count: number; of?: readonly (Pipeline | string)[] }
  }
  /** Where datasets come from here. */
  sources?: readonly Source[]
  settings?: S
}

interface Source {
  readonly dataset: string
  readonly path: string
}
/** Where a dataset comes from in an environment: `sources: [from(flights, '/data/flights/*.parquet')]`. */
export const from = (dataset: Dataset<DatasetShape>, path: string): Source => ({ dataset: dataset.name, path })

/** A place where the project runs: `environment('production', { extends: staging, needs: { approvals: { count: 1, by: ['approver'] } } })`. */
export function environment<const S extends Settings = Record<never, never>>(
  name: string,
  stated: Stated<S> = {},
): Environment<S> {
  const { extends: base, needs, sources, settings, ...rest } = stated
  const { greenRuns, ...others } = needs ?? {}
  const definition = parsed(
    environmentSchema,
    {
      name,
      ...rest,
      ...(base ? { extends: base.name } : {}),
      ...(needs
        ? {
            needs: {
              ...others,
              ...(greenRuns
                ? {
                    greenRuns: {
                      in: greenRuns.in.name,
                      count: greenRuns.count,
                      of: greenRuns.of?.map((each) => (typeof each === 'string' ? each : each.name)),
                    },
                  }
                : {}),
            },
          }
        : {}),
      ...(sources ? { sources: Object.fromEntries(sources.map(({ dataset, path }) => [dataset, path])) } : {}),
      ...(settings ? { settings } : {}),
    },
    `environments.${name}`,
  )
  return { name, definition, settings: settings as S }
}

/** The type of a setting, of which an environment may state another value. */
export type Widened<T> = T extends string
  ? string
  : T extends number
    ? number
    : T extends boolean
      ? boolean
      : T extends null
        ? Json
        : T extends readonly (infer E)[]
          ? readonly Widened<E>[]
          : { readonly [K in keyof T]: Widened<T[K]> }

/** What may be stated for settings `S`; a member that does not fit has a sentence for its type, which the compiler shows. */
export type Fitting<T, S> = {
  readonly [K in keyof T]: K extends keyof S
    ? T[K] extends Widened<S[K]>
      ? T[K]
      : S[K] extends Settings
        ? Fitting<T[K], S[K]>
        : `the setting "${K & string}" has another type in the project's settings`
    : `the project's settings have no "${K & string}"`
}

/** Each environment, with settings that fit the project's. */
export type FittingAll<E extends readonly Environment[], S> = {
  readonly [K in keyof E]: Environment<Fitting<E[K]['settings'], S>>
}

/** What must hold in every environment; a text says why it does not. */
export type Invariant<S> = (at: {
  /** Null where the control plane is of no environment. */
  environment: string | null
  settings: Widened<S>
  definition: Definition
}) => boolean | string

/** The settings that a step has where it runs, typed as the project states them: `settingsOf(context, settings).rate`. */
export const settingsOf = <const S extends Settings>(context: StepContext, _stated: S): Widened<S> =>
  context.settings as Widened<S>

/** @throws `invalid-definition` for a setting that does not fit, and for an invariant that does not hold, with the environment. */
export function checkEnvironments(definition: Definition, invariants: Record<string, Invariant<Settings>>): void {
  definition.environments.forEach((each, place) => {
    checkSettings(definition.settings, each.settings ?? {}, `environments.${place}.settings`)
  })
  for (const environment of [null, ...definition.environments.map(({ name }) => name)]) {
    const settings = environment === null ? definition.settings : resolveEnvironment(definition, environment).settings
    for (const [what, holds] of Object.entries(invariants)) {
      const answer = holds({ environment, settings: settings as Widened<Settings>, definition })
      if (answer === true) continue
      const why = typeof answer === 'string' ? `: ${answer}` : ''
      const where = environment === null ? 'the project' : `environment "${environment}"`
      throw new MillwrightError('invalid-definition', `"${what}" does not hold in ${where}${why}`, {
        field: environment === null ? 'settings' : `environments.${environment}.settings`,
        hint: 'Mend the settings or the invariant; nothing runs until it holds.',
      })
    }
  }
}
