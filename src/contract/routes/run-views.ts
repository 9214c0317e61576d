import * as z from 'zod'
import { artifactPreviewSchema } from '../artifact-preview.ts'
import { pipelineSchema } from '../pipeline.ts'
import { route } from '../route.ts'
import { runRowSchema } from '../run-row.ts'
import { stepReasonSchema } from '../step-reason.ts'

/** Runs as one looks at them: many at once, or one down to the reasons and bytes of a step. */
export const runViewRoutes = {
  runRows: route({
    method: 'GET',
    path: '/api/run-rows',
    group: 'runs',
    summary: 'Runs in short, newest first, in pages of many: those before an id, or those that are named',
    query: z.object({
      pipeline: z.string().optional(),
      /** Id of the last run of the page before. */
      before: z.string().optional(),
      /** Ids, separated by commas. */
      runs: z.string().max(8_000).optional(),
      limit: z.coerce.number().int().min(1).max(2000).default(1000),
    }),
    response: z.object({ rows: z.array(runRowSchema), total: z.number() }),
  }),
  pipelineRuns: route({
    method: 'GET',
    path: '/api/pipeline-runs',
    group: 'runs',
    summary: 'The last runs of each pipeline of the definition in force, newest first',
    query: z.object({ last: z.coerce.number().int().min(1).max(200).default(30) }),
    response: z.object({
      pipelines: z.array(z.object({ pipeline: z.string(), total: z.number(), rows: z.array(runRowSchema) })),
    }),
  }),
  runPipeline: route({
    method: 'GET',
    path: '/api/runs/{run}/pipeline',
    group: 'runs',
    summary: 'The pipeline as it was when the run started',
    params: z.object({ run: z.string() }),
    response: pipelineSchema,
  }),
  stepReason: route({
    method: 'GET',
    path: '/api/runs/{run}/steps/{step}/reason',
    group: 'runs',
    summary: 'Why a step ran or was reused: what its key is made of, beside what it was compared with',
    params: z.object({ run: z.string(), step: z.string() }),
    response: stepReasonSchema,
  }),
  artifactPreview: route({
    method: 'GET',
    path: '/api/artifacts/{hash}/preview',
    group: 'runs',
    summary: 'The beginning of an artifact: rows of a table, text, or a picture',
    params: z.object({ hash: z.string() }),
    query: z.object({ name: z.string().max(500).default('') }),
    response: artifactPreviewSchema,
  }),
}
