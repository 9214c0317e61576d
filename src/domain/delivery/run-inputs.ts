import { MillwrightError } from '../../base/errors.ts'
import { hashOf } from '../../base/hash.ts'
import type { BatchRecord } from '../../contract/data.ts'
import type { Definition } from '../../contract/definition.ts'
import type { ModelVersionRecord } from '../../contract/model.ts'
import type { PipelineDefinition } from '../../contract/pipeline.ts'
import type { RunInputs } from '../../contract/reproduction.ts'
import type { RunRecord, StepRecord } from '../../contract/run.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Metadata } from '../../ports/metadata.ts'
import { datasetsRead } from '../features/training-plan.ts'
import { stageOutputs } from '../lifecycle/stage-services.ts'
import { RunStore } from '../pipelines/run-store.ts'
import { executedSteps } from './executed-steps.ts'

type DatasetThen = RunInputs['datasets'][number]
interface Services {
  metadata: Metadata
  blobs: Blobs
}

/**
 * Everything that a run was made from.
 *
 * @throws `not-found`, `conflict` for a script that was run as it is, which is of no definition.
 */
export async function runInputs(services: Services, id: string): Promise<RunInputs> {
  const { metadata, blobs } = services
  const store = new RunStore(metadata, blobs)
  const run = await store.run(id)
  const definition = (await metadata.get('definition', run.definitionHash))?.definition
  if (!definition || run.packageHash === null)
    throw new MillwrightError('conflict', `the run ${id} is of no package, so its code is not known`, {
      hint: 'Runs of a project name their package; a program that was run as it is has none.',
    })
  const pipeline = await store.pipelineOf(run)
  const all = await metadata.find('step', { where: { runId: id } })
  const records = all.filter((step) => step.index === null)
  const steps = await executedSteps(all, {
    origin: (execution) => metadata.get('step', execution),
    elements: async (runId, step) =>
      (await metadata.find('step', { where: { runId } })).filter((each) => each.step === step && each.index !== null),
  })
  const pins = await pinsOf(metadata, { pipeline, definition, steps: records, run })
  const by = Math.max(0, ...records.map((step) => step.startedAt ?? 0))
  const versions = pins.flatMap(({ production }) => (production === null ? [] : [production]))
  const production = await Promise.all(versions.map((version) => productionThen(metadata, version)))
  const reads = new Map(pins.flatMap((pin) => [...pin.reads]))
  return {
    run,
    steps,
    pipeline,
    definition,
    datasets: await Promise.all([...reads].map(([name, version]) => datasetThen(metadata, name, version, by))),
    production,
    moment: pins[0]?.cutOff ?? run.time,
  }
}

interface Pin {
  reads: Map<string, number>
  production: string | null
  cutOff: number
}

/** What the steps that look at the world found there. */
async function pinsOf(
  metadata: Metadata,
  of: { pipeline: PipelineDefinition; definition: Definition; steps: readonly StepRecord[]; run: RunRecord },
): Promise<Pin[]> {
  const pins: Pin[] = []
  for (const { name, run } of of.pipeline.steps) {
    if (run.kind !== 'stage' || run.stage !== 'extract') continue
    const record = of.steps.find((step) => step.step === name)
    const found = stageOutputs.extract.safeParse(record?.output)
    if (!found.success) continue
    const { data } = found
    const reads = new Map(Object.entries(data.reads).map(([dataset, { version }]) => [dataset, version]))
    const model = of.definition.models.find((each) => each.name === data.model)
    // Before runs said what they read, they read the newest of all but the model's own dataset.
    if (reads.size === 0 && model) {
      for (const dataset of datasetsRead(of.definition, model)) {
        const newest = await newestBy(metadata, dataset, record?.startedAt ?? of.run.queuedAt)
        if (newest !== null) reads.set(dataset, newest)
      }
    }
    pins.push({
      reads: reads.set(data.dataset, data.version),
      production: data.production,
      cutOff: data.cutOff,
    })
  }
  return pins
}

async function newestBy(metadata: Metadata, dataset: string, at: number): Promise<number | null> {
  const orderBy = { field: 'number', direction: 'desc' } as const
  const versions = await metadata.find('dataset_version', { where: { dataset }, orderBy })
  return versions.find((version) => version.recordedAt <= at)?.number ?? null
}

async function productionThen(metadata: Metadata, id: string): Promise<ModelVersionRecord> {
  const version = await metadata.get('model_version', id)
  if (!version) throw notKept(`models.${id.split('@')[0]}`, `${id}, which was in production then,`)
  return version
}

const notKept = (field: string, what: string): MillwrightError =>
  new MillwrightError('not-found', `${what} is not kept any more, so the run cannot be made again`, {
    field,
    hint: 'Bring it back from a backup of the home.',
  })

async function datasetThen(metadata: Metadata, dataset: string, number: number, by: number): Promise<DatasetThen> {
  const orderBy = { field: 'number' } as const
  const versions = await metadata.find('dataset_version', { where: { dataset, number: { atMost: number } }, orderBy })
  const all = await metadata.find('batch', { where: { dataset }, orderBy: { field: 'addedIn' } })
  const known = new Set(all.map(({ id }) => id))
  if (versions.at(-1)?.number !== number || versions.some(({ added }) => added.some((batch) => !known.has(batch))))
    throw notKept(`datasets.${dataset}`, `${dataset}@${number}, which it read,`)
  const state = await metadata.get('dataset', dataset)
  return {
    state: { id: dataset, version: number, inferred: state?.inferred ?? [] },
    versions,
    batches: all
      .filter((batch) => (batch.addedIn === null ? batch.recordedAt <= by : batch.addedIn <= number))
      .map((batch) => ({ ...batch, removedIn: (batch.removedIn ?? number + 1) > number ? null : batch.removedIn })),
  }
}

/** The batches whose rows were read. */
export const batchesHeld = ({ batches }: DatasetThen): BatchRecord[] =>
  batches.filter((batch) => batch.addedIn !== null && batch.removedIn === null)

/** Versions whose hash does not follow from their batches: somebody put others in their place. */
export function versionsAltered({ versions, batches }: DatasetThen): string[] {
  const content = new Map(batches.map((batch) => [batch.id, batch.contentHash]))
  const contents = (ids: readonly string[]): (string | null)[] => ids.map((batch) => content.get(batch) ?? null)
  return versions.flatMap((version, place) => {
    const expected = hashOf({
      previous: versions[place - 1]?.hash ?? null,
      schema: version.schemaHash,
      added: contents(version.added),
      removed: contents(version.removed),
    })
    return expected === version.hash ? [] : [version.id]
  })
}
