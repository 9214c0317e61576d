import type { DefinitionRecord } from '../../contract/project.ts'
import type { RecordReader } from '../../ports/metadata.ts'
import type { PlannedDeployment } from './deployments.ts'

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`
const hours = (ms: number): string =>
  ms < 3_600_000 ? `${Math.round(ms / 60_000)} min` : `${Number((ms / 3_600_000).toFixed(1))} h`

/** What goes on otherwise when a version is rolled out: for people, before it is done. */
export async function deployDependents(
  records: RecordReader,
  { endpoint, deployment, replaces }: PlannedDeployment,
  inForce: DefinitionRecord | null,
): Promise<string[]> {
  const { steps, holdMs, minAnswers, maxErrorShare, maxLatencyRatio, maxScoreShift } = endpoint.definition.rollout
  const { version, previous } = deployment
  const found: string[] = []
  if (replaces)
    found.push(`the rollout of ${replaces.version} ends, which takes ${percent(replaces.share)} of the traffic`)
  if (previous === null) found.push(`nothing serves ${endpoint.id} yet: ${version} takes all of the traffic at once`)
  else {
    found.push(
      `it takes ${steps.map(percent).join(', then ')} of the traffic; ${previous} answers the rest until it has all of it`,
    )
    if (holdMs > 0 || minAnswers > 0)
      found.push(
        `each step is held for at least ${hours(holdMs)} and ${minAnswers.toLocaleString('en')} answers, by the project's clock`,
      )
    found.push(
      `it goes back by itself when more than ${percent(maxErrorShare)} of its answers fail, its p95 latency is over ${maxLatencyRatio} times that of ${previous}, or its mean score moves by more than ${maxScoreShift}`,
    )
  }
  const alias = await records.get('alias', `${endpoint.definition.model}/production`)
  if (alias?.version !== version)
    found.push(
      `alias production of ${endpoint.definition.model} moves from ${alias?.version ?? 'nothing'} to ${version} with the last step: new candidates are compared with it`,
    )
  const monitors = inForce?.definition.monitors.filter((each) => each.endpoint === endpoint.id) ?? []
  if (monitors.length > 0) found.push(`monitors ${monitors.map(({ name }) => name).join(', ')} measure ${version} too`)
  return found
}
