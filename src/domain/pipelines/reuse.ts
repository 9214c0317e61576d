import type { StepRecord } from '../../contract/run.ts'
import type { EngineServices } from './engine-services.ts'
import { reusedStep } from './step-record.ts'

/** The record with the outputs of the newest execution of equal key; undefined when there is none, or bytes of it are gone. */
export async function reuse(
  services: EngineServices,
  record: StepRecord & { key: string },
): Promise<StepRecord | undefined> {
  const [earlier] = await services.metadata.find('step', {
    where: { key: record.key, state: ['succeeded', 'reused'] },
    orderBy: { field: 'id', direction: 'desc' },
    limit: 1,
  })
  if (!earlier || earlier.id === record.id) return undefined
  for (const artifact of earlier.artifacts) if (!(await services.blobs.has(artifact.hash))) return undefined
  const since = (earlier.reusedFrom ?? earlier.id).split('/')[0]
  return reusedStep(record, earlier, `reused: nothing it depends on has changed since ${since}`)
}
