import { hashOf } from '../../base/hash.ts'
import type { Definition, EndpointDefinition } from '../../contract/definition.ts'
import type { ModelVersionRecord } from '../../contract/model.ts'
import type { EndpointRecord, ServingPlan, Slot } from '../../contract/serving.ts'
import type { RecordReader } from '../../ports/metadata.ts'
import { datasetEpochs } from '../data/dataset-rollback.ts'

/** A version that is tried on the prediction service before it may register: it takes no traffic. */
export interface Candidate {
  endpoint: string
  version: ModelVersionRecord
}

export interface PlanSources {
  records: RecordReader
  candidates: readonly Candidate[]
  /** Files of a Python model; null of any other version. */
  filesOf(version: ModelVersionRecord): Promise<Slot['files']>
  /** The blob with an entity's attributes for prediction services; null while its dataset is empty. */
  entityBlob(definition: Definition, entity: string): Promise<string | null>
}

/** What the prediction services are to serve now, from the records. Equal records give an equal plan with an equal revision. */
export async function composePlan({ records, candidates, filesOf, entityBlob }: PlanSources): Promise<ServingPlan> {
  const definitions = new Map<string, Definition>()
  const definitionOf = async (hash: string | null): Promise<Definition | null> => {
    if (hash === null) return null
    const known = definitions.get(hash)
    if (known) return known
    const record = await records.get('definition', hash)
    if (record) definitions.set(hash, record.definition)
    return record?.definition ?? null
  }
  const slotOf = async (role: Slot['role'], share: number, version: ModelVersionRecord): Promise<Slot> => {
    const definition = await definitionOf(version.definitionHash)
    const model = definition?.models.find((each) => each.name === version.model) ?? null
    return { role, share, version, model, files: await filesOf(version) }
  }
  const versionOf = (id: string | null) => (id === null ? undefined : records.get('model_version', id))

  const endpoints: { endpoint: EndpointDefinition; slots: Slot[] }[] = []
  for (const endpoint of await records.find('endpoint')) {
    const slots: Slot[] = []
    const rolling = (await records.find('deployment', { where: { endpoint: endpoint.id, state: 'rolling' } })).at(-1)
    const serving = await versionOf(endpoint.serving)
    const rollingVersion = await versionOf(rolling?.version ?? null)
    const rollingShare = rolling && rollingVersion ? (serving ? rolling.share : 1) : 0
    if (serving) slots.push(await slotOf('primary', 1 - rollingShare, serving))
    if (rollingVersion) slots.push(await slotOf(serving ? 'canary' : 'primary', rollingShare, rollingVersion))
    for (const version of await shadowsOf(endpoint, versionOf)) {
      if (!slots.some((slot) => slot.version.id === version.id)) slots.push(await slotOf('shadow', 0, version))
    }
    for (const candidate of candidates) {
      if (candidate.endpoint === endpoint.id) slots.push(await slotOf('candidate', 0, candidate.version))
    }
    endpoints.push({ endpoint: endpoint.definition, slots })
  }

  const entities = new Map<string, ServingPlan['entities'][number]>()
  for (const definition of definitions.values()) {
    for (const entity of definition.entities) {
      const hash = entity.dataset ? await entityBlob(definition, entity.name) : null
      if (hash) entities.set(entity.name, { entity: entity.name, key: entity.key, hash })
    }
  }
  const epochs = await datasetEpochs(records)
  const plan = {
    endpoints,
    definitions: [...definitions].map(([hash, { datasets, featureViews }]) => ({ hash, datasets, featureViews })),
    entities: [...entities.values()],
    ...(epochs.size > 0 ? { epochs: Object.fromEntries(epochs) } : {}),
  }
  return { revision: hashOf(plan), ...plan }
}

async function shadowsOf(
  endpoint: EndpointRecord,
  versionOf: (id: string | null) => Promise<ModelVersionRecord | undefined> | undefined,
): Promise<ModelVersionRecord[]> {
  const frozen = await versionOf(endpoint.frozen)
  return frozen ? [frozen] : []
}
