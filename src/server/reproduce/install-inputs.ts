import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openFilesystemBlobs } from '../../backends/filesystem/blobs.ts'
import { openSqlMetadata } from '../../backends/sql/metadata.ts'
import { openSqlite } from '../../backends/sqlite/dialect.ts'
import { MillwrightError } from '../../base/errors.ts'
import { canonicalJson, hashOf } from '../../base/hash.ts'
import type { Definition } from '../../contract/definition.ts'
import type { RunInputs } from '../../contract/reproduction.ts'
import type { RunRecord, StepRecord } from '../../contract/run.ts'
import { isStepDone } from '../../contract/states.ts'
import type { ReadPackage } from '../../domain/delivery/package-file.ts'
import { batchesHeld } from '../../domain/delivery/run-inputs.ts'
import { touchesTheWorld, withoutTheWorld } from '../../domain/delivery/steps-of-the-world.ts'
import { projectWithin, unpack } from '../../domain/delivery/unpacked.ts'
import { pendingStep } from '../../domain/pipelines/step-record.ts'
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
 * @throws `not-found`, `corrupt-blob` for data that is gone or is not what its hash names; `missing-package`.
 */
export async function installInputs(folder: string, { inputs, package: packed, blob }: GivenInputs): Promise<void> {
  const home = homeAt(folder)
  await mkdir(home.packages, { recursive: true })
  if (inputs.run.environmentName !== null)
    await writeFile(join(folder, 'environment'), `${inputs.run.environmentName}\n`)
  const code = join(home.packages, packed.hash)
  await unpack(packed, code)
  await installModules(packed, code)

  const blobs = openFilesystemBlobs(home.blobs)
  for (const hash of blobsOf(inputs)) {
    const { hash: found } = await blobs.put(await blob(hash))
    if (found !== hash)
      throw new MillwrightError('corrupt-blob', `the bytes that came for ${hash.slice(0, 12)} are not those it names`)
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
        await writer.put('model_version', version)
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
  const { made: _, ...record } = recorded
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

/** All that the run may read: rows, the models it was compared with, and what steps made that are not run again. */
function blobsOf({ datasets, production, steps, pipeline }: RunInputs): Set<string> {
  const needed = new Set(
    withoutTheWorld(pipeline)
      .steps.filter(touchesTheWorld)
      .map(({ name }) => name),
  )
  const recorded = steps.filter(({ step, state }) => needed.has(step) && isStepDone(state))
  return new Set([
    ...datasets.flatMap((dataset) => batchesHeld(dataset).map(({ contentHash }) => contentHash)),
    ...production.flatMap(({ modelHash, onnxHash }) => [modelHash, onnxHash].filter((hash) => hash !== null)),
    ...recorded.flatMap(({ artifacts }) => artifacts.map(({ hash }) => hash)),
  ])
}
