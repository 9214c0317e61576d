import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openFilesystemBlobs } from '../../backends/filesystem/blobs.ts'
import { openSqlMetadata } from '../../backends/sql/metadata.ts'
import { openSqlite } from '../../backends/sqlite/dialect.ts'
import { MillwrightError } from '../../base/errors.ts'
import { canonicalJson, hashOf } from '../../base/hash.ts'
import type { Definition } from '../../contract/definition.ts'
import { resolveEnvironment } from '../../contract/environment.ts'
import type { RunInputs } from '../../contract/reproduction.ts'
import type { RunRecord, StepRecord } from '../../contract/run.ts'
import { isStepDone } from '../../contract/states.ts'
import type { ReadPackage } from '../../domain/delivery/package-file.ts'
import { batchesHeld } from '../../domain/delivery/run-inputs.ts'
import { secretValue } from '../../domain/delivery/secret-value.ts'
import { touchesTheWorld, withoutTheWorld } from '../../domain/delivery/steps-of-the-world.ts'
import { projectWithin, unpack } from '../../domain/delivery/unpacked.ts'
import { pendingStep } from '../../domain/pipelines/step-record.ts'
import { keepVersion } from '../../domain/registry/enter-version.ts'
import { homeAt } from '../home.ts'
import { installModules } from '../package-project.ts'

/** What a run is made again from. */
export interface GivenInputs {
  inputs: RunInputs
  package: ReadPackage
  /** The bytes of a blob. @throws `not-found`, `corrupt-blob` */
  blob(hash: string): Promise<Uint8Array>
}

/**
 * Makes a home in which the run stands at its very beginning: its code unpacked, its packages installed, the world as it was for it. A
 * control plane that opens the home finds a run that waits, and takes it up; nothing comes in through the API that others could use.
 *
 * @throws `not-found` for data that is gone, by the dataset's version, and for secrets that are not here; `corrupt-blob` for what is not what its hash names;
 * `missing-package`.
 */
export async function installInputs(folder: string, { inputs, package: packed, blob }: GivenInputs): Promise<void> {
  await checkSecrets(inputs)
  const home = homeAt(folder)
  await mkdir(home.packages, { recursive: true })
  if (inputs.run.environmentName !== null)
    await writeFile(join(folder, 'environment'), `${inputs.run.environmentName}\n`)
  const code = join(home.packages, packed.hash)
  await unpack(packed, code)
  await installModules(packed, code)

  const blobs = openFilesystemBlobs(home.blobs)
  for (const [hash, owner] of blobsOf(inputs)) {
    const bytes = await blob(hash).catch((error) => {
      throw error instanceof MillwrightError && error.code === 'not-found' ? gone(owner, hash, error) : error
    })
    const { hash: found } = await blobs.put(bytes)
    if (found !== hash)
      throw new MillwrightError(
        'corrupt-blob',
        `the bytes that came for ${owner} (${hash.slice(0, 12)}) are not those that its hash names`,
      )
  }
  const pipeline = withoutTheWorld(inputs.pipeline)
  await blobs.put(Buffer.from(canonicalJson(pipeline)))
  const file = await blobs.put(packed.bytes)

  const { definition, datasets, production, moment } = inputs
  const now = Date.now()
  const quiet = withoutLife(definition)
  const record = {
    projectDir: projectWithin(code, packed.manifest),
    packageHash: packed.hash,
    origin: 'package' as const,
    appliedAt: moment,
    appliedBy: 'system',
  }
  const metadata = await openSqlMetadata(openSqlite(home.metadata), () => moment)
  try {
    await metadata.transaction(async (writer) => {
      await writer.put('clock', { id: 'clock', mode: 'replay', at: moment })
      await writer.put('package', {
        id: packed.hash,
        name: packed.manifest.name,
        definitionHash: packed.manifest.definitionHash,
        blob: file.hash,
        bytes: packed.bytes.byteLength,
        provenance: packed.manifest.provenance,
        signedBy: null,
        origin: 'package',
        receivedAt: moment,
        receivedBy: 'system',
      })
      await writer.put('definition', { ...record, id: hashOf(quiet), definition: quiet, current: true })
      if (hashOf(definition) !== hashOf(quiet))
        await writer.put('definition', { ...record, id: hashOf(definition), definition, current: false })
      for (const { state, versions, batches } of datasets) {
        await writer.put('dataset', state)
        for (const version of versions) await writer.put('dataset_version', version)
        for (const batch of batches) await writer.put('batch', batch)
      }
      for (const version of production) {
        await keepVersion(writer, version)
        const { model, id } = version
        await writer.put('alias', {
          id: `${model}/production`,
          model,
          alias: 'production',
          version: id,
          movedBy: 'system',
          movedAt: moment,
        })
      }
      await writer.put('run', waiting(inputs, hashOf(pipeline), packed.hash, now))
      for (const { name } of pipeline.steps) await writer.put('step', beginningOf(inputs, name))
    })
  } finally {
    await metadata.close()
  }
}

/** Where a run stands that a control plane will take up: nothing of it is done that will be compared. */
function waiting(
  { run, pipeline, definition }: RunInputs,
  pipelineHash: string,
  packageHash: string,
  now: number,
): RunRecord {
  return {
    ...run,
    definitionHash: hashOf(definition),
    packageHash,
    pipelineHash,
    state: 'queued',
    force: withoutTheWorld(pipeline).steps.map(({ name }) => name),
    queuedAt: now,
    startedAt: null,
    endedAt: null,
    error: null,
  }
}

function beginningOf({ run, steps, pipeline }: RunInputs, name: string): StepRecord {
  const recorded = steps.find(({ step }) => step === name)
  const definition = pipeline.steps.find((each) => each.name === name)!
  if (!touchesTheWorld(definition) || !recorded) return pendingStep(run.id, name)
  const { made: _, fanOut: __, ...record } = recorded
  return record
}

/** The definition in force there: no trigger starts, no monitor looks, no feature is published beside the run. */
function withoutLife(definition: Definition): Definition {
  return {
    ...definition,
    endpoints: [],
    monitors: [],
    triggers: [],
    featureViews: [],
    models: [],
    pipelines: [],
    datasets: [],
    entities: [],
  }
}

/** Hash → what it is a part of, of all that the run may read: rows, the models it was compared with, and what steps made that are not run again. */
function blobsOf({ datasets, production, steps, pipeline }: RunInputs): Map<string, string> {
  const needed = new Set(
    withoutTheWorld(pipeline)
      .steps.filter(touchesTheWorld)
      .map(({ name }) => name),
  )
  const recorded = steps.filter(({ step, state }) => needed.has(step) && isStepDone(state))
  return new Map([
    ...datasets.flatMap((dataset) =>
      batchesHeld(dataset).map(({ contentHash }) => [contentHash, versionNameOf(dataset)] as const),
    ),
    ...production.flatMap(({ id, modelHash, onnxHash }) =>
      [modelHash, onnxHash].flatMap((hash) => (hash === null ? [] : [[hash, `the model ${id}`] as const])),
    ),
    ...recorded.flatMap(({ step, artifacts }) =>
      artifacts.map(({ name, hash }) => [hash, `${name} of the step ${step}`] as const),
    ),
  ])
}

const versionNameOf = ({ state }: RunInputs['datasets'][number]): string =>
  `the dataset version ${state.id}@${state.version}`

const gone = (owner: string, hash: string, cause: MillwrightError): MillwrightError =>
  new MillwrightError(
    'not-found',
    `${owner} is not kept any more (the bytes ${hash.slice(0, 12)} are gone), so the run cannot be made again`,
    { hint: 'Bring it back from a backup of the home.', cause },
  )

/** Secrets are in no record: they have to be where the run is made again, by the references of its environment. */
async function checkSecrets({ run, definition, pipeline }: RunInputs): Promise<void> {
  // Only programs are given any.
  const areGiven = withoutTheWorld(pipeline).steps.some((step) => step.run.kind === 'command' && !touchesTheWorld(step))
  if (run.environmentName === null || !areGiven) return
  const { secrets } = resolveEnvironment(definition, run.environmentName)
  for (const [name, reference] of Object.entries(secrets)) await secretValue(name, reference)
}
