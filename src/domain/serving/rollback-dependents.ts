import type { DefinitionRecord } from '../../contract/project.ts'
import type { DeploymentRecord, EndpointRecord } from '../../contract/serving.ts'
import type { RecordReader } from '../../ports/metadata.ts'

/** What goes on otherwise when an endpoint returns to an earlier version: for people, before it is done. */
export async function rollbackDependents(
  records: RecordReader,
  { endpoint, last, to }: { endpoint: EndpointRecord; last: DeploymentRecord; to: string },
  inForce: DefinitionRecord | null,
): Promise<string[]> {
  const { model } = endpoint.definition
  const found: string[] = []
  const isRolling = last.state === 'rolling'
  if (isRolling)
    found.push(
      `the rollout of ${last.version} ends, which takes ${Math.round(last.share * 1000) / 10} % of the traffic`,
    )
  const alias = await records.get('alias', `${model}/production`)
  if (alias && alias.version !== to)
    found.push(`alias production of ${model} moves from ${alias.version} to ${to}: new candidates are compared with it`)
  const version = await records.get('model_version', to)
  if (version && inForce && version.definitionHash !== null && version.definitionHash !== inForce.id)
    found.push(
      `${to} was made under definition ${version.definitionHash.slice(0, 12)} and answers with the features of that one`,
    )
  const monitors = inForce?.definition.monitors.filter((each) => each.endpoint === endpoint.id) ?? []
  if (monitors.length > 0 && !isRolling)
    found.push(`monitors ${monitors.map(({ name }) => name).join(', ')} measure ${to} from now on`)
  for (const run of await records.find('run', { where: { state: ['running', 'queued'] } }))
    found.push(
      `run ${run.id} of ${run.pipeline} is under way; a candidate of it is compared with what serves at its evaluation`,
    )
  return found
}
