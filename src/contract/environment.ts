import * as z from 'zod'
import { MillwrightError } from '../base/errors.ts'
import type { Definition } from './definition.ts'
import type { Json } from './pipeline.ts'
import { roles } from './principal.ts'

const settingsSchema = z.record(z.string(), z.json())
export type Settings = Record<string, Json>

const needsSchema = z.strictObject({
  /** Every check of continuous integration was made, and none failed. */
  checks: z.boolean().optional(),
  /** That many runs of the very package succeeded in another environment, of each pipeline named; of all where none is. */
  greenRuns: z
    .strictObject({
      in: z.string(),
      count: z.number().int().positive(),
      of: z.array(z.string()).min(1).optional(),
    })
    .optional(),
  /** That many people with one of these roles agreed, other than whoever built the package or asked for the deployment. */
  approvals: z.strictObject({ count: z.number().int().positive(), by: z.array(z.enum(roles)).min(1) }).optional(),
})

export const environmentSchema = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/i, 'a letter, then letters, digits, - or _, at most 63 in all'),
  /** Takes over what that environment states, but its address and what it takes. */
  extends: z.string().optional(),
  /** Of its control plane. */
  address: z.url().optional(),
  /** Commits on this branch (`*` within it stands for anything) are tested by themselves, and deployed as far as the rules allow. */
  takes: z.strictObject({ branch: z.string().min(1), and: z.enum(['test', 'deploy']) }).optional(),
  /** Nothing is put into force here but packages. */
  packagesOnly: z.boolean().optional(),
  /** A package must be signed by one of these public keys. */
  signedBy: z.array(z.string()).min(1).optional(),
  needs: needsSchema.optional(),
  /** Whether steps that are notebooks may run here; without it, not where only packages come into force, and not in production. */
  notebooks: z.enum(['allowed', 'refused']).optional(),
  /** Dataset → where its batches come from here, instead of what the dataset states. */
  sources: z.record(z.string(), z.string()).optional(),
  /** Name of a variable for commands → where its value is. The value itself is nowhere in a definition. */
  secrets: z
    .record(
      z.string().regex(/^[A-Z][A-Z0-9_]*$/, 'capital letters, digits and _'),
      z.union([z.strictObject({ env: z.string() }), z.strictObject({ file: z.string() })]),
    )
    .optional(),
  limits: z
    .strictObject({ memoryMb: z.number().positive().optional(), cores: z.number().int().positive().optional() })
    .optional(),
  settings: settingsSchema.optional(),
})
export type EnvironmentDefinition = z.infer<typeof environmentSchema>
export type SecretReference = NonNullable<EnvironmentDefinition['secrets']>[string]

export const resolvedEnvironmentSchema = z.object({
  name: z.string(),
  address: z.string().nullable(),
  takes: environmentSchema.shape.takes.unwrap().nullable(),
  packagesOnly: z.boolean(),
  signedBy: z.array(z.string()),
  needs: needsSchema,
  notebooks: z.enum(['allowed', 'refused']),
  sources: z.record(z.string(), z.string()),
  secrets: environmentSchema.shape.secrets.unwrap(),
  limits: z.object({ memoryMb: z.number().nullable(), cores: z.number().nullable() }),
  settings: settingsSchema,
})
/** An environment with all that it takes over and every default. */
export type ResolvedEnvironment = z.infer<typeof resolvedEnvironmentSchema>

/**
 * An environment of a definition with what it inherits; settings begin with the project's own.
 *
 * @throws `invalid-definition` for a name that the definition does not have, and for one that extends itself.
 */
export function resolveEnvironment(
  definition: Pick<Definition, 'environments' | 'settings'>,
  name: string,
): ResolvedEnvironment {
  const line = lineOf(definition.environments, name)
  const own = line[0]!
  const { address = null, takes = null } = own
  const first = <K extends keyof EnvironmentDefinition>(key: K): EnvironmentDefinition[K] | undefined =>
    line.find((each) => each[key] !== undefined)?.[key]
  const joined = <K extends 'sources' | 'secrets' | 'limits' | 'needs'>(
    key: K,
  ): NonNullable<EnvironmentDefinition[K]> => Object.assign({}, ...line.map((each) => each[key]).toReversed())
  const { memoryMb = null, cores = null } = joined('limits')
  const rules = {
    packagesOnly: first('packagesOnly') ?? false,
    signedBy: first('signedBy') ?? [],
    needs: joined('needs'),
  }
  const isStrict = isGuarded(rules) || /^prod(uction)?$/i.test(name)
  return {
    name,
    address,
    takes,
    ...rules,
    notebooks: first('notebooks') ?? (isStrict ? 'refused' : 'allowed'),
    sources: joined('sources'),
    secrets: joined('secrets'),
    limits: { memoryMb, cores },
    settings: line.reduceRight((settings, each) => merged(settings, each.settings ?? {}), definition.settings),
  }
}

/** The environment and those it extends, nearest first. */
function lineOf(environments: readonly EnvironmentDefinition[], name: string): EnvironmentDefinition[] {
  const line: EnvironmentDefinition[] = []
  for (let next: string | undefined = name; next !== undefined; next = line.at(-1)!.extends) {
    const found = environments.find((each) => each.name === next)
    if (!found)
      throw new MillwrightError('invalid-definition', `there is no environment "${next}"`, {
        field: 'environments',
        hint: `There are: ${environments.map((each) => each.name).join(', ') || 'none'}. Add it to defineProject or mend the name.`,
      })
    if (line.includes(found))
      throw new MillwrightError('invalid-definition', `environment "${next}" extends itself`, {
        field: 'environments',
        hint: 'Let one of them extend nothing.',
      })
    line.push(found)
  }
  return line
}

const isObject = (value: Json | undefined): value is { [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Objects are joined member by member; anything else is replaced. */
function merged(base: Settings, over: Settings): Settings {
  const result = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const before = result[key]
    result[key] = isObject(before) && isObject(value) ? merged(before, value) : value
  }
  return result
}

/** Whether only packages, and those by rules, come into force there. */
export const isGuarded = ({
  packagesOnly,
  signedBy,
  needs,
}: Pick<ResolvedEnvironment, 'packagesOnly' | 'signedBy' | 'needs'>): boolean =>
  packagesOnly || signedBy.length > 0 || Object.keys(needs).length > 0

const typeOf = (value: Json): string =>
  Array.isArray(value)
    ? 'a list'
    : isObject(value)
      ? 'an object'
      : typeof value === 'object'
        ? 'null'
        : `a ${typeof value}`

/**
 * Compares the settings of an environment with those of the project, which say what there is and of which type; null takes anything.
 *
 * @throws `invalid-definition` with the path of the first that does not fit.
 */
export function checkSettings(base: Settings, given: Settings, path: string): void {
  for (const [key, value] of Object.entries(given)) {
    const field = `${path}.${key}`
    const standard = Object.hasOwn(base, key) ? base[key] : undefined
    if (standard === undefined)
      throw new MillwrightError('invalid-definition', `there is no setting "${key}"`, {
        field,
        hint: `There are: ${Object.keys(base).join(', ') || 'none'}. Add it to \`settings\` of defineProject or mend the name.`,
      })
    if (isObject(standard) && isObject(value)) checkSettings(standard, value, field)
    else if (standard !== null && typeOf(standard) !== typeOf(value))
      throw new MillwrightError(
        'invalid-definition',
        `the setting "${key}" is ${typeOf(standard)}, not ${typeOf(value)}`,
        {
          field,
          hint: `The project states ${JSON.stringify(standard)}.`,
        },
      )
  }
}
