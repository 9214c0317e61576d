import { MillwrightError } from '../base/errors.ts'
import type { DataServices } from '../domain/data/data-services.ts'
import { ArtifactUploads } from '../domain/tracking/artifact-uploads.ts'
import { ExperimentFolders } from '../domain/tracking/experiment-folders.ts'
import { Experiments } from '../domain/tracking/experiments.ts'
import { LocalArtifacts } from '../domain/tracking/local-artifacts.ts'
import { LoggedModels } from '../domain/tracking/logged-models.ts'
import { PipelineRuns } from '../domain/tracking/pipeline-runs.ts'
import { TrackedArtifacts } from '../domain/tracking/tracked-artifacts.ts'
import { TrackedRuns } from '../domain/tracking/tracked-runs.ts'
import { TrackingGarbage } from '../domain/tracking/tracking-garbage.ts'
import type { ArtifactRoots } from './mlflow/artifacts.ts'

/** What serves tracked runs. */
export interface Tracking {
  readonly experiments: Experiments
  readonly folders: ExperimentFolders
  readonly runs: TrackedRuns
  readonly pipelineRuns: PipelineRuns
  readonly models: LoggedModels
  readonly artifacts: TrackedArtifacts
  readonly uploads: ArtifactUploads
  readonly garbage: TrackingGarbage
  readonly roots: ArtifactRoots
}

/**
 * @param mostArtifactBytes that one artifact may have.
 * @param artifactRoot folder that clients of this machine write to by themselves; null for none.
 */
export function openTracking(data: DataServices, mostArtifactBytes: number, artifactRoot: string | null): Tracking {
  const artifacts = new TrackedArtifacts(data, mostArtifactBytes)
  const experiments = new Experiments(data.metadata, artifactRoot === null ? null : new LocalArtifacts(artifactRoot))
  const runs = new TrackedRuns(data.metadata)
  const pipelineRuns = new PipelineRuns(data.metadata)
  const models = new LoggedModels(data.metadata)
  /** @throws `invalid-request` where the files of an experiment are kept elsewhere. */
  const checkOwnStore = async (experimentId: string, whose: string, field: string): Promise<void> => {
    const { artifactLocation } = await experiments.get(experimentId)
    if (artifactLocation === null) return
    throw new MillwrightError('invalid-request', `the artifacts of the ${whose} are in ${artifactLocation}`, {
      field,
      hint: 'Look for them there: they are not kept here.',
    })
  }
  return {
    experiments,
    folders: new ExperimentFolders(data.metadata),
    runs,
    pipelineRuns,
    models,
    artifacts,
    uploads: new ArtifactUploads(data, artifacts),
    garbage: new TrackingGarbage(data.metadata),
    roots: {
      rootOf: async (runId) => {
        const ofPipeline = await pipelineRuns.get(runId)
        const { id, experimentId } = ofPipeline?.run ?? (await runs.get(runId))
        await checkOwnStore(experimentId, `run ${id}`, 'run_id')
        return `${experimentId}/${id}/artifacts`
      },
      rootOfModel: async (modelId) => {
        const { id, experimentId } = await models.get(modelId)
        await checkOwnStore(experimentId, `model ${id}`, 'model_id')
        return `${experimentId}/models/${id}/artifacts`
      },
      checkWritable: async (root) => {
        const [experimentId, runId, modelId] = root.split('/')
        if (experimentId === 'models')
          throw new MillwrightError('conflict', 'the files of a registered version do not change', {
            field: 'path',
            hint: 'Register another version.',
          })
        if (runId === 'models') {
          const model = await models.get(modelId!)
          if (model.experimentId === experimentId) return
          throw new MillwrightError('not-found', `the experiment ${experimentId} has no model ${modelId}`, {
            field: 'path',
          })
        }
        const run = await runs.get(runId!)
        if (run.experimentId !== experimentId)
          throw new MillwrightError('not-found', `the experiment ${experimentId} has no run ${runId}`, {
            field: 'path',
          })
        if (run.isDeleted)
          throw new MillwrightError('conflict', `the run ${runId} is deleted`, {
            field: 'path',
            hint: 'Restore it first.',
          })
      },
    },
  }
}
