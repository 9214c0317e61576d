import * as z from 'zod'
import { artifactPreviewSchema } from '../artifact-preview.ts'
import { route } from '../route.ts'
import {
  courseAxes,
  experimentRowSchema,
  metricCoursesSchema,
  trackedRunDetailSchema,
  trackedRunRowSchema,
} from '../tracking-view.ts'

const lifecycle = z.enum(['active', 'deleted', 'all']).default('active')
const runId = z.string().max(64)
/** Several, separated by commas; or `folder:` and a folder, for all experiments in it and below. */
const ids = z.string().max(8_000)
const experimentName = z.string().max(500)
const columns = z.array(z.string().max(500)).max(200).default([])
/** Where files are: those of a run or of a logged model. */
const owner = { run: z.string().max(64).optional(), model: z.string().max(64).optional() }

/** Experiments and what scripts log, as one looks at them. */
export const trackingRoutes = {
  experiments: route({
    method: 'GET',
    path: '/api/experiments',
    group: 'tracking',
    summary: 'Experiments with what happened in them, the newest first; those that are named, or a page of all',
    query: z.object({
      ids: ids.optional(),
      /** A part of the name, in any case. */
      text: z.string().max(500).default(''),
      lifecycle,
      /** Only those in this folder and below. */
      folder: experimentName.default(''),
      /** Id of the last one of the page before. */
      before: z.string().max(20).optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(1000),
    }),
    response: z.object({ experiments: z.array(experimentRowSchema), isWhole: z.boolean() }),
  }),
  experimentFolder: route({
    method: 'GET',
    path: '/api/experiment-folder',
    group: 'tracking',
    summary:
      'What lies directly in a folder of experiments that are not deleted: folders with how much is below, and experiments with their runs; by name',
    query: z.object({
      /** `team/churn`; empty for what lies in no folder. */
      folder: experimentName.default(''),
      /** `next` of the page before. */
      after: z.string().max(600).optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(500),
    }),
    response: z.object({
      folder: z.string(),
      folders: z.array(
        z.object({
          name: z.string(),
          path: z.string(),
          /** Below it at any depth, as are its runs. */
          experiments: z.number().int(),
          runs: z.number().int(),
        }),
      ),
      experiments: z.array(experimentRowSchema),
      /** Null where there is no more. */
      next: z.string().nullable(),
    }),
  }),
  moveExperiments: route({
    method: 'POST',
    path: '/api/experiments/move',
    group: 'tracking',
    repeatable: true,
    summary:
      'Gives experiments, or all in a folder and below, names in another folder: all of them, or none; a dry run only says which',
    body: z.object({
      experiments: z.array(z.string().max(20)).max(1000).default([]),
      folder: experimentName.nullable().default(null),
      /** The folder that they come into, which need not be there yet; empty for none. */
      into: experimentName.optional(),
      /** In place of that the new name, of a folder or of one experiment. */
      as: experimentName.optional(),
      dryRun: z.boolean().default(false),
      actor: z.string().default('user'),
    }),
    response: z.object({
      moved: z.number().int(),
      /** The first of them. */
      names: z.array(z.object({ id: z.string(), from: z.string(), to: z.string() })),
    }),
  }),
  trackedRuns: route({
    method: 'GET',
    path: '/api/tracked-runs',
    group: 'tracking',
    summary: 'Ids of the runs of experiments that a filter finds, in order, the first 200,000 of them',
    query: z.object({
      experiments: ids,
      /** In the language of docs/search.md. */
      filter: z.string().max(100_000).default(''),
      /** A field, and `DESC` behind it for falling. */
      order: z.string().max(1_000).default(''),
      lifecycle,
    }),
    response: z.object({ runs: z.array(z.string()), isWhole: z.boolean() }),
  }),
  trackedRunRows: route({
    method: 'POST',
    path: '/api/tracked-run-rows',
    group: 'tracking',
    role: 'viewer',
    repeatable: true,
    summary: 'Runs by their ids, each with the metrics, params and tags that are asked for',
    body: z.object({
      runs: z.array(runId).max(500),
      metrics: columns,
      params: columns,
      tags: columns,
    }),
    response: z.object({ rows: z.array(trackedRunRowSchema) }),
  }),
  trackedNames: route({
    method: 'GET',
    path: '/api/tracked-names',
    group: 'tracking',
    summary:
      'Names of metrics, params or tags by how many runs have them: those that are named, or the newest 200 of experiments and 200 others',
    query: z.object({
      experiments: ids.default(''),
      runs: ids.optional(),
      kind: z.enum(['metric', 'param', 'tag']),
      /** A part of the name, in any case. */
      text: z.string().max(250).default(''),
      limit: z.coerce.number().int().min(1).max(5000).default(1000),
    }),
    response: z.object({ names: z.array(z.string()), isWhole: z.boolean() }),
  }),
  trackedRun: route({
    method: 'GET',
    path: '/api/tracked-runs/{run}',
    group: 'tracking',
    summary: 'One run with its params, tags, datasets, models and the latest point of each metric',
    params: z.object({ run: z.string() }),
    response: trackedRunDetailSchema,
  }),
  changeTrackedRuns: route({
    method: 'POST',
    path: '/api/tracked-runs/change',
    group: 'tracking',
    repeatable: true,
    summary: 'Deletes, restores or tags runs: all of those that are named, or none',
    body: z.object({
      runs: z.array(runId).min(1).max(500),
      change: z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('delete') }),
        z.object({ kind: z.literal('restore') }),
        z.object({ kind: z.literal('tag'), key: z.string(), value: z.string() }),
      ]),
      /** Why, for the event of each run. */
      reason: z.string().max(500).default(''),
    }),
    /** Runs that were not so before. */
    response: z.object({ changed: z.number().int() }),
  }),
  metricCourses: route({
    method: 'POST',
    path: '/api/metric-courses',
    group: 'tracking',
    role: 'viewer',
    repeatable: true,
    summary: 'A metric of up to 200 runs over steps or time, in so many stretches as a picture has room for',
    body: z.object({
      runs: z.array(runId).min(1).max(200),
      metric: z.string().max(500),
      axis: z.enum(courseAxes),
      /** Ends of the range, in the unit of the axis; all of it without them. */
      from: z.number().optional(),
      to: z.number().optional(),
      /** Stretches that a run has at most. */
      most: z.number().int().min(10).max(4000).default(1000),
    }),
    response: metricCoursesSchema,
  }),
  trackedFiles: route({
    method: 'GET',
    path: '/api/tracked-files',
    group: 'tracking',
    summary: 'What lies directly in a folder of the files of a run or a logged model, folders and files by name',
    query: z.object({ ...owner, path: z.string().max(2000).default(''), after: z.string().max(300).optional() }),
    response: z.object({
      /** `GET /api/2.0/mlflow-artifacts/artifacts/<root>/<path>` answers the bytes. */
      root: z.string(),
      entries: z.array(z.object({ name: z.string(), isFolder: z.boolean(), size: z.number().nullable() })),
      isWhole: z.boolean(),
    }),
  }),
  trackedFilePreview: route({
    method: 'GET',
    path: '/api/tracked-file-preview',
    group: 'tracking',
    summary: 'The beginning of a file of a run or a logged model: rows of a table, text, or a picture',
    query: z.object({ ...owner, path: z.string().max(2000) }),
    response: artifactPreviewSchema,
  }),
}
