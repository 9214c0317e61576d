import type { DatasetVersionRecord } from '../../contract/data.ts'
import type { LoggedInput, Presence, TrackedOrigin } from '../../contract/lineage.ts'
import type { ModelVersionRecord } from '../../contract/model.ts'
import type { RunInput } from '../../contract/tracking.ts'
import type { Metadata } from '../../ports/metadata.ts'
import { dataTag, ownTag } from '../tracking/own-tags.ts'
import { parsePipelineRunId } from '../tracking/pipeline-run-id.ts'

/** What a run came from. */
export type RunOrigin = Omit<TrackedOrigin, 'model'>
/** What lineage is read from. */
export type LineageReader = Pick<Metadata, 'get' | 'find' | 'count' | 'tracking' | 'registry' | 'latestEvents'>

/** Versions of a dataset that a digest is looked for among, the newest first. */
const mostVersions = 1000
/** Digits of a hash that are enough to name a version by; clients have 8 themselves. */
const leastDigits = 8

const nothing: RunOrigin = { run: null, step: null, inputs: [], models: [], reads: [] }

/** Of something that is not here: the log of events goes on when it is removed. */
async function presenceOf(metadata: LineageReader, subject: string): Promise<Presence> {
  return (await metadata.latestEvents({ subject, limit: 1 })).length > 0 ? 'removed' : 'unknown'
}

async function modelOf(metadata: LineageReader, id: string): Promise<NonNullable<TrackedOrigin['model']>> {
  const model = await metadata.tracking.models.get(id)
  if (!model) return { id, name: null, presence: await presenceOf(metadata, `logged-model:${id}`) }
  return { id, name: model.name, presence: model.isDeleted ? 'deleted' : 'here' }
}

/**
 * Finds the dataset version that an input is of: the one that its digest names, by the id or by the first digits of the hash; else the one that the steps
 * before read.
 */
function versionFinder(metadata: LineageReader, reads: ReadonlyMap<string, string>) {
  const known = new Map<string, Promise<DatasetVersionRecord[]>>()
  const newestOf = (dataset: string): Promise<DatasetVersionRecord[]> => {
    const newest = { orderBy: { field: 'number', direction: 'desc' }, limit: mostVersions } as const
    const found = known.get(dataset) ?? metadata.find('dataset_version', { where: { dataset }, ...newest })
    known.set(dataset, found)
    return found
  }
  return async ({ name, digest }: RunInput['dataset']): Promise<string | null> => {
    if (digest.startsWith(`${name}@`) && (await metadata.get('dataset_version', digest))) return digest
    const named =
      digest.length >= leastDigits && /^[0-9a-f]+$/.test(digest)
        ? (await newestOf(name)).find(({ hash }) => hash.startsWith(digest))
        : undefined
    if (named) return named.id
    const read = reads.get(name)
    return read === undefined ? null : `${name}@${read}`
  }
}

/** What a tracked run says of itself: experiment, commit, what it read, and the step that it is of. */
export async function runOrigin(metadata: LineageReader, id: string): Promise<RunOrigin> {
  const { tracking } = metadata
  const run = await tracking.run(id)
  if (!run) {
    const unknown = { name: null, user: null, status: null, experiment: null, commit: null, script: null }
    return { ...nothing, run: { id, presence: await presenceOf(metadata, `tracked-run:${id}`), ...unknown } }
  }
  const tagsOf = async (of: string): Promise<Map<string, string> | undefined> => {
    const facts = (await tracking.factsOf([of])).get(of)
    return facts && new Map(facts.tags.map(({ key, value }) => [key, value]))
  }
  const tags = (await tagsOf(id)) ?? new Map<string, string>()
  // One that the program of a step started besides is of that step, too.
  const above = tags.get(ownTag('step_run'))
  const ofStep = (above !== undefined && (await tagsOf(above))) || tags
  const reads = new Map(
    [...ofStep].flatMap(([key, value]) =>
      key.startsWith(dataTag('')) ? [[key.slice(dataTag('').length), value]] : [],
    ),
  )
  const versionOf = versionFinder(metadata, reads)
  const inputs: LoggedInput[] = []
  for (const { dataset, tags: said } of (await tracking.inputsOf([id])).get(id) ?? [])
    inputs.push({
      name: dataset.name,
      digest: dataset.digest,
      context: said.find(({ key }) => key === 'mlflow.data.context')?.value ?? null,
      version: await versionOf(dataset),
      subject: `logged-dataset:${run.experimentId}/${encodeURIComponent(dataset.name)}/${encodeURIComponent(dataset.digest)}`,
    })
  const models = (await tracking.modelsOf([id])).get(id) ?? { inputs: [], outputs: [] }
  const made = new Set(models.outputs.map(({ model }) => model))
  const experiment = await tracking.experiment(run.experimentId)
  const [runId, step] = [ofStep.get(ownTag('run')), ofStep.get(ownTag('step'))]
  const element = ofStep.get(ownTag('element'))
  return {
    run: {
      id,
      presence: run.isDeleted ? 'deleted' : 'here',
      name: run.name,
      user: run.user === '' ? null : run.user,
      status: run.status,
      experiment: experiment ? { id: experiment.id, name: experiment.name } : null,
      commit: tags.get('mlflow.source.git.commit') ?? null,
      script: tags.get('mlflow.source.name') ?? null,
    },
    step:
      runId === undefined || step === undefined
        ? null
        : `${runId}/${step}${element === undefined ? '' : `/${element}`}`,
    inputs,
    models: models.inputs.filter((model) => !made.has(model)),
    reads: [...reads].map(([dataset, version]) => `${dataset}@${version}`).sort(),
  }
}

/** Where a version comes from that a client registered; null of one that is of no tracked run and no logged model. */
export async function trackedOrigin(
  metadata: LineageReader,
  version: ModelVersionRecord,
): Promise<TrackedOrigin | null> {
  const { runId, source } = version
  const modelId = source?.modelId ?? null
  const model = modelId === null ? undefined : await metadata.tracking.models.get(modelId)
  const tracked = runId !== null && parsePipelineRunId(runId) === null ? runId : null
  // Whoever registers may say any run; a logged model knows the one that made it.
  const of = model?.sourceRunId || tracked
  if (modelId === null && of === null) return null
  const { models, ...origin } = of === null ? nothing : await runOrigin(metadata, of)
  return {
    model: modelId === null ? null : await modelOf(metadata, modelId),
    ...origin,
    models: models.filter((id) => id !== modelId),
  }
}
