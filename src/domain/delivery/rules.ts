import type { Definition } from '../../contract/definition.ts'
import type { ApprovalRecord, Evidence } from '../../contract/delivery.ts'
import type { ResolvedEnvironment } from '../../contract/environment.ts'
import { notebookSteps } from '../../contract/notebook.ts'
import type { Principal } from '../../contract/principal.ts'
import type { ReadPackage } from './package-file.ts'

/** What the rules of an environment are held against. */
export interface RuleFacts {
  environment: ResolvedEnvironment
  read: Pick<ReadPackage, 'signature' | 'manifest' | 'definition'>
  /** Of this package, here. */
  approvals: readonly ApprovalRecord[]
  /** Somebody as they are now; null for one who is nobody any more. Null as a whole where nobody has to say who they are. */
  principals: ((name: string) => Principal | null) | null
  /** Names of those who built the package, brought it, or ask for its deployment. */
  involved: readonly { name: string; as: 'built it' | 'brought it' | 'asked for it' }[]
  /** What the environment of `greenRuns.in` says; a text says why it says nothing. */
  evidence: Evidence | string | null
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
const either = (names: readonly string[]): string =>
  names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`

/**
 * The rules that do not hold yet, each as what is needed and what there is.
 *
 * @returns an empty list when the package may be put into force.
 */
export function unmetRules(facts: RuleFacts): string[] {
  return [
    ...signatureRule(facts),
    ...checksRule(facts),
    ...notebookRule(facts),
    ...greenRunsRule(facts),
    ...approvalsRule(facts),
  ]
}

function signatureRule({ environment: { signedBy }, read: { signature } }: RuleFacts): string[] {
  if (signedBy.length === 0 || (signature && signedBy.includes(signature.publicKey))) return []
  const has = signature ? `is signed by "${signature.key}", which is none of them` : 'is not signed'
  return [`needs a signature by one of ${counted(signedBy.length, 'key')}, ${has}`]
}

function checksRule({ environment: { needs }, read }: RuleFacts): string[] {
  const { checks } = read.manifest.provenance
  const failed = checks.filter(({ outcome }) => outcome === 'failed').map(({ check }) => check)
  if (failed.length > 0) return [`needs every check to pass, ${failed.join(', ')} failed`]
  if (needs.checks && checks.length === 0)
    return ['needs the checks of `millwright ci`, has none: it was made without them']
  return []
}

/** Which step is a notebook, where the environment refuses them, and what to do about it. */
export function notebookRule({
  environment: { name, notebooks },
  read,
}: {
  environment: Pick<ResolvedEnvironment, 'name' | 'notebooks'>
  read: { definition: Pick<Definition, 'pipelines'> }
}): string[] {
  if (notebooks === 'allowed') return []
  return notebookSteps(read.definition.pipelines).map(
    ({ pipeline, step, notebook }) =>
      `needs to be without notebooks, and step ${step} of ${pipeline} runs ${notebook} (\`millwright notebook promote ${notebook}\` makes steps of it; \`notebooks: 'allowed'\` of ${name}, once in force, takes it as it is)`,
  )
}

function greenRunsRule({ environment: { needs }, read, evidence }: RuleFacts): string[] {
  const rule = needs.greenRuns
  if (!rule) return []
  const pipelines = rule.of ?? read.definition.pipelines.map(({ name }) => name)
  const known = evidence !== null && typeof evidence === 'object' && evidence.environment === rule.in ? evidence : null
  const fault =
    typeof evidence === 'string'
      ? evidence
      : known
        ? null
        : `its address answers as ${evidence?.environment ?? 'no environment'}`
  return pipelines.flatMap((pipeline) => {
    const has = known?.green[pipeline]?.length ?? 0
    if (has >= rule.count) return []
    const needed = `needs ${counted(rule.count, 'green run')} of ${pipeline} in ${rule.in}`
    return [fault ? `${needed}, which says nothing: ${fault}` : `${needed}, has ${has}`]
  })
}

function approvalsRule({ environment: { needs }, approvals, principals, involved }: RuleFacts): string[] {
  const rule = needs.approvals
  if (!rule) return []
  const needed =
    rule.count === 1
      ? `needs an approval by ${article(either(rule.by))}`
      : `needs ${rule.count} approvals by ${either(rule.by)}`
  if (!principals) return [`${needed}, and approvals count only where people have tokens (\`millwright token create\`)`]
  const notes: string[] = []
  const counting = approvals.filter(({ by }) => {
    const role = principals(by)?.role
    const part = involved.find(({ name }) => name === by)
    if (part) notes.push(`${by} has approved and ${part.as}, which does not count`)
    else if (role === undefined) notes.push(`${by} has approved and is nobody any more`)
    else if (!rule.by.includes(role)) notes.push(`${by} has approved and is ${role}`)
    else return true
    return false
  })
  if (counting.length >= rule.count) return []
  const has =
    counting.length > 0
      ? `has ${counting.length} (${counting.map(({ by }) => by).join(', ')})`
      : notes.length > 0
        ? ''
        : 'nobody has approved'
  return [[needed, has, ...notes].filter(Boolean).join('; ').replace('; ', ', ')]
}

const article = (noun: string): string => `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`
