import { MillwrightError } from '../../base/errors.ts'
import { pipelineSchema } from '../../contract/pipeline.ts'
import { artifactPreview } from '../../domain/data/artifact-preview.ts'
import { runRows } from '../../domain/lifecycle/run-rows.ts'
import { stepReason } from '../../domain/pipelines/step-reason.ts'
import type { ControlPlane } from '../control-plane.ts'
import type { Handlers } from '../http/handlers.ts'

type Names = 'runRows' | 'pipelineRuns' | 'runPipeline' | 'stepReason' | 'artifactPreview'

export function runViewHandlers(plane: ControlPlane): Handlers<Names> {
  const { projects } = plane
  const { metadata, blobs } = plane.data
  return {
    runRows: async ({ query: { pipeline, before, runs, limit } }) => {
      const [rows, total] = await Promise.all([
        runRows(metadata, { pipeline, before, runs: runs?.split(','), limit }),
        metadata.count('run', pipeline === undefined ? {} : { pipeline }),
      ])
      return { rows, total }
    },
    pipelineRuns: async ({ query: { last } }) => ({
      pipelines: await Promise.all(
        (projects.current?.definition.pipelines ?? []).map(async ({ name }) => ({
          pipeline: name,
          total: await metadata.count('run', { pipeline: name }),
          rows: await runRows(metadata, { pipeline: name, limit: last }),
        })),
      ),
    }),
    runPipeline: async ({ params }) => {
      const run = await metadata.get('run', params.run)
      if (!run) throw new MillwrightError('not-found', `there is no run "${params.run}"`)
      return pipelineSchema.parse(JSON.parse(Buffer.from(await blobs.get(run.pipelineHash)).toString()))
    },
    stepReason: ({ params }) => stepReason(metadata, params.run, params.step),
    artifactPreview: ({ params, query }) => artifactPreview(plane.data, params.hash, query.name),
  }
}
