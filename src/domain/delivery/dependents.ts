import type { Definition } from '../../contract/definition.ts'
import type { DefinitionRecord } from '../../contract/project.ts'
import type { RecordReader } from '../../ports/metadata.ts'

/** What hangs on the definition in force, and what becomes of it when another one takes its place: for people, before it is done. */
export async function dependents(
  records: RecordReader,
  inForce: DefinitionRecord | null,
  next: Definition,
): Promise<string[]> {
  if (!inForce) return []
  const found: string[] = []
  const running = await records.find('run', { where: { state: ['running', 'queued'] } })
  for (const run of running)
    if (run.definitionHash === inForce.id)
      found.push(`run ${run.id} of ${run.pipeline} is under way and goes on as it began`)
  for (const endpoint of await records.find('endpoint')) {
    if (endpoint.serving === null) continue
    const version = await records.get('model_version', endpoint.serving)
    const isKept = next.endpoints.some((each) => each.name === endpoint.id)
    if (version?.definitionHash === inForce.id)
      found.push(
        `endpoint ${endpoint.id} goes on answering with ${endpoint.serving}, which was made under the definition that goes${isKept ? '' : '; the other one has no such endpoint'}`,
      )
  }
  for (const [part, kind] of [
    ['monitors', 'monitor'],
    ['triggers', 'trigger'],
    ['pipelines', 'pipeline'],
    ['featureViews', 'feature view'],
    ['datasets', 'dataset'],
  ] as const) {
    for (const { name } of inForce.definition[part])
      if (!next[part].some((each) => each.name === name)) found.push(`${kind} ${name} is no longer there`)
  }
  return found
}
