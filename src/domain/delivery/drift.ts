import { messageOf } from '../../base/errors.ts'
import type { Drift } from '../../contract/delivery.ts'
import type { Event } from '../../contract/events.ts'
import type { DefinitionRecord } from '../../contract/project.ts'
import type { Metadata } from '../../ports/metadata.ts'
import { definitionDiffers } from './feature-view-rollback.ts'
import type { Packages } from './packages.ts'

const madeBy = (event: Event | undefined): Pick<Drift, 'by' | 'event' | 'at'> => ({
  by: event?.actor ?? null,
  event: event?.seq ?? null,
  at: event?.time ?? null,
})

/** What runs otherwise than the definition in force, or the package that it came with, says; with who did it. */
export async function driftFrom(
  metadata: Metadata,
  packages: Packages,
  inForce: DefinitionRecord | null,
): Promise<Drift[]> {
  if (!inForce) return []
  const parts = [definitionDrift, codeDrift, endpointDrift, runDrift]
  return (await Promise.all(parts.map((part) => part(metadata, packages, inForce)))).flat()
}

type Part = (metadata: Metadata, packages: Packages, inForce: DefinitionRecord) => Promise<Drift[]>

const definitionDrift: Part = async (metadata, _packages, inForce) => {
  const [last] = await metadata.find('delivery', { orderBy: { field: 'at', direction: 'desc' }, limit: 1 })
  const own = await definitionDiffers(metadata, inForce)
  if (own !== null) {
    const [changed] = await metadata.latestEvents({ type: 'project.applied', limit: 1 })
    const parts = (changed?.data.changes as string[] | undefined)?.join(', ') ?? 'it'
    const message = `the definition in force is not the one of package ${inForce.packageHash!.slice(0, 12)}: ${parts}`
    return [{ what: 'definition', message, ...madeBy(changed) }]
  }
  if (!last || inForce.origin === 'package') return []
  const [applied] = await metadata.latestEvents({ type: 'project.applied', limit: 1 })
  const message = `the definition in force was applied by hand, over package ${last.package.slice(0, 12)}`
  return [{ what: 'definition', message, ...madeBy(applied) }]
}

const codeDrift: Part = async (_metadata, packages, inForce) => {
  if (inForce.origin !== 'package') return []
  try {
    await packages.ofRun()
    return []
  } catch (error) {
    // Nobody tells an event who edits files on the machine itself.
    return [{ what: 'code', message: messageOf(error), ...madeBy(undefined) }]
  }
}

const endpointDrift: Part = async (metadata, _packages, inForce) => {
  const found: Drift[] = []
  for (const { id, serving } of await metadata.find('endpoint')) {
    const what = `endpoints.${id}`
    const events = await metadata.latestEvents({ subject: `endpoint:${id}`, limit: 20 })
    if (!inForce.definition.endpoints.some((each) => each.name === id)) {
      const created = events.find(({ type }) => type === 'endpoint.created')
      found.push({ what, message: `endpoint ${id} answers, and the definition does not have it`, ...madeBy(created) })
      continue
    }
    if (serving === null) continue
    const last = events.find(({ type }) => type === 'deployment.started' || type === 'deployment.rolled-back')
    const version = await metadata.get('model_version', serving)
    if (last?.actor.startsWith('user:')) {
      const how = last.type === 'deployment.started' ? 'deployed' : 'rolled back'
      found.push({ what, message: `endpoint ${id} answers with ${serving}, ${how} by hand`, ...madeBy(last) })
    } else if (version && version.definitionHash !== inForce.id) {
      const message = `endpoint ${id} answers with ${serving}, which was made under an earlier definition`
      found.push({ what, message, ...madeBy(last) })
    }
  }
  return found
}

const runDrift: Part = async (metadata, _packages, inForce) => {
  const running = await metadata.find('run', { where: { state: 'running' } })
  return running
    .filter(
      (run) => run.packageHash !== null && inForce.origin === 'package' && run.packageHash !== inForce.packageHash,
    )
    .map((run) => ({
      what: `runs.${run.id}`,
      message: `run ${run.id} of ${run.pipeline} goes on with the code of package ${run.packageHash!.slice(0, 12)}`,
      by: run.startedBy,
      event: null,
      at: run.queuedAt,
    }))
}
