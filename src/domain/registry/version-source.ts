import { MillwrightError } from '../../base/errors.ts'
import type { ModelVersionRecord } from '../../contract/model.ts'
import { registryLimits } from '../../contract/registry.ts'
import type { LoggedModel } from '../../contract/tracking.ts'
import { checkModelSource } from '../tracking/artifact-location.ts'
import { type ArtifactAddress, artifactAddress, artifactFolder } from '../tracking/artifact-path.ts'
import type { Experiments } from '../tracking/experiments.ts'
import { LocalArtifacts } from '../tracking/local-artifacts.ts'
import type { LoggedModels } from '../tracking/logged-models.ts'
import { checkLength } from '../tracking/names.ts'
import type { TrackedRuns } from '../tracking/tracked-runs.ts'

/** As a client says where a version comes from; null for what it does not say. */
export interface SaidSource {
  uri: string
  runId: string | null
  modelId: string | null
}

/** Where that is. */
export interface FoundSource extends SaidSource {
  /** A folder among the artifacts that are kept here; null for another store. */
  at: ArtifactAddress | null
  /** Where clients find it. */
  location: string
  /** The version that it is a copy of. */
  version: ModelVersionRecord | null
}

export interface SourceServices {
  runs: TrackedRuns
  models: LoggedModels
  experiments: Experiments
  /** The version that `name/1`, `name/latest`, `name/Production` or `name@alias` means. @throws `not-found` */
  versionAt(address: string): Promise<{ name: string; record: ModelVersionRecord }>
}

const refusal = (uri: string, why: string): MillwrightError =>
  new MillwrightError('invalid-request', `Invalid model version source: '${uri.slice(0, 300)}': ${why}`, {
    field: 'source',
  })

const notFound = (error: MillwrightError): null => {
  if (error.code === 'not-found') return null
  throw error
}

/**
 * Finds what a client registers: a logged model (`models:/m-…`), a version (`models:/name/1`), a folder of a run (`runs:/…`, or its address as
 * `mlflow-artifacts:/…`), or something in a store that clients reach by themselves.
 *
 * @throws `invalid-request` for any other address, for one of another run or model than is said, and for whatever could be a way out of their artifacts.
 */
export async function findSource(said: SaidSource, services: SourceServices): Promise<FoundSource> {
  const { uri, runId, modelId } = said
  checkLength(uri, registryLimits.source, 'source')
  const model = modelId === null ? null : await services.models.get(modelId).catch(notFound)
  if (modelId !== null && !model) throw refusal(uri, `there is no logged model ${modelId.slice(0, 100)}`)
  const runOf = (id: string | null) => id ?? (model?.sourceRunId || null)

  const [, registered] = /^models:\/([^/].*)$/s.exec(uri) ?? []
  if (registered !== undefined && !/^m-[0-9a-f]{32}$/.test(registered)) {
    const { name, record } = await services.versionAt(registered)
    const [ofRun, ofModel] = [record.runId, record.source?.modelId ?? null]
    if ((runId !== null && runId !== ofRun) || (modelId !== null && modelId !== ofModel))
      throw refusal(uri, 'the run and the model that are said are not those of that version')
    return {
      uri: `models:/${name}/${record.number}`,
      runId: ofRun,
      modelId: ofModel,
      at: null,
      location: '',
      version: record,
    }
  }
  if (registered !== undefined) {
    const logged = await services.models.get(registered).catch(notFound)
    if (!logged || (modelId !== null && modelId !== registered))
      throw refusal(uri, 'the model_id that is said must be the model of the source')
    const found = await addressOf(services, logged.experimentId, `models/${registered}/artifacts`, '')
    return { uri, runId: runId ?? (logged.sourceRunId || null), modelId: registered, version: null, ...found }
  }
  const [, ofRun, folder] = /^runs:\/([^/]+)\/(.+)$/s.exec(uri) ?? []
  if (ofRun !== undefined) {
    if (modelId !== null || ofRun !== runId) throw refusal(uri, 'the run_id that is said must be the run of the source')
    const path = artifactFolder(folder!)
    const run = await services.runs.get(ofRun).catch(notFound)
    if (!run) throw refusal(uri, `there is no run ${ofRun.slice(0, 100)}`)
    const found = await addressOf(services, run.experimentId, `${ofRun}/artifacts`, path)
    return { uri, runId, modelId: null, version: null, ...found }
  }
  const [, address] = /^mlflow-artifacts:\/([^/].*)$/s.exec(uri) ?? []
  if (address !== undefined) {
    const at = artifactAddress(address)
    const run = model || runId === null ? null : await services.runs.get(runId).catch(notFound)
    const own = model
      ? `${model.experimentId}/models/${model.id}/artifacts`
      : run && `${run.experimentId}/${run.id}/artifacts`
    if (at.root !== own)
      throw refusal(
        uri,
        'it is not among the artifacts of the run (run_id) or the logged model (model_id) that is said',
      )
    return { uri, runId: runOf(runId), modelId, at, location: uri, version: null }
  }
  const { local } = services.experiments
  if (local && LocalArtifacts.isLocal(uri)) return localSource(said, model, local, services)
  checkModelSource(uri)
  return { uri, runId: runOf(runId), modelId, at: null, location: uri, version: null }
}

/** A folder that the client wrote by itself: below that of the run or the logged model, and never opened here. */
async function localSource(
  said: SaidSource,
  model: LoggedModel | null,
  local: LocalArtifacts,
  services: SourceServices,
): Promise<FoundSource> {
  const { uri, runId, modelId } = said
  const run = model || runId === null ? null : await services.runs.get(runId).catch(notFound)
  const own = model ?? run
  const location = await local.check(uri, 'source')
  const below = model ? `models/${model.id}/artifacts` : `${run?.id}/artifacts`
  const root = own && (await services.experiments.get(own.experimentId)).artifactLocation
  if (root === null || !location.startsWith(`${root.replace(/\/$/, '')}/${below}/`))
    throw refusal(uri, 'it is no folder of the run (run_id) or the logged model (model_id) that is said')
  return { uri, runId: runId ?? (model?.sourceRunId || null), modelId, at: null, location, version: null }
}

async function addressOf(
  { experiments }: SourceServices,
  experimentId: string,
  below: string,
  path: string,
): Promise<Pick<FoundSource, 'at' | 'location'>> {
  const { artifactLocation } = await experiments.get(experimentId)
  const folder = path === '' ? below : `${below}/${path}`
  if (artifactLocation !== null) return { at: null, location: `${artifactLocation.replace(/\/$/, '')}/${folder}` }
  return { at: { root: `${experimentId}/${below}`, path }, location: `mlflow-artifacts:/${experimentId}/${folder}` }
}
