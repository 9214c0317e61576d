import * as z from 'zod'
import { pipelineSchema } from '../pipeline.ts'
import { route } from '../route.ts'
import { runSchema, stepExecutionSchema } from '../run.ts'

const byRun = z.object({ run: z.string() })
const withSteps = z.object({ run: runSchema, steps: z.array(stepExecutionSchema) })

export const runRoutes = {
  pipelines: route({
    method: 'GET',
    path: '/api/pipelines',
    group: 'runs',
    summary: 'Pipelines of the definition in force',
    response: z.object({ pipelines: z.array(pipelineSchema) }),
  }),
  runs: route({
    method: 'GET',
    path: '/api/runs',
    group: 'runs',
    summary: 'Runs, newest first',
    query: z.object({
      pipeline: z.string().optional(),
      state: z.string().optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(50),
      offset: z.coerce.number().int().nonnegative().default(0),
    }),
    response: z.object({ runs: z.array(runSchema), total: z.number() }),
  }),
  startRun: route({
    method: 'POST',
    path: '/api/runs',
    group: 'runs',
    keyed: true,
    summary: 'Start a pipeline',
    body: z.object({
      pipeline: z.string(),
      params: z.record(z.string(), z.json()).default({}),
      /** Run every step, whatever was done before. */
      force: z.boolean().default(false),
      /** Answer when the run is over, not when it has begun. */
      wait: z.boolean().default(false),
      actor: z.string().default('user'),
      reason: z.string().default('by hand'),
    }),
    response: withSteps,
  }),
  run: route({
    method: 'GET',
    path: '/api/runs/{run}',
    group: 'runs',
    summary: 'One run with its steps; with `waitMs` once it is over, or the step that is named, or that time is',
    params: byRun,
    query: z.object({
      waitMs: z.coerce.number().int().min(0).max(60_000).default(0),
      step: z.string().optional(),
    }),
    response: withSteps,
  }),
  stopRun: route({
    method: 'POST',
    keyed: true,
    path: '/api/runs/{run}/stop',
    group: 'runs',
    summary: 'Stop a run',
    params: byRun,
    response: withSteps,
  }),
  resumeRun: route({
    method: 'POST',
    keyed: true,
    path: '/api/runs/{run}/resume',
    group: 'runs',
    summary: 'Go on with a run that failed or was stopped; what has finished is not run again',
    params: byRun,
    response: withSteps,
  }),
  rerun: route({
    method: 'POST',
    path: '/api/runs/{run}/rerun',
    group: 'runs',
    keyed: true,
    summary: 'A new run that takes over the steps before the named one and runs the rest',
    params: byRun,
    body: z.object({ from: z.string(), actor: z.string().default('user') }),
    response: withSteps,
  }),
  stepLog: route({
    method: 'GET',
    path: '/api/runs/{run}/steps/{step}/log',
    group: 'runs',
    summary: 'Log of a step; `follow` keeps the answer open while it runs',
    params: z.object({ run: z.string(), step: z.string() }),
    query: z.object({
      index: z.coerce.number().int().nonnegative().optional(),
      offset: z.coerce.number().int().nonnegative().default(0),
      follow: z.stringbool().default(false),
    }),
    sends: 'text',
  }),
  artifact: route({
    method: 'GET',
    path: '/api/artifacts/{hash}',
    group: 'runs',
    summary: 'The bytes of an artifact, as a download',
    params: z.object({ hash: z.string() }),
    sends: 'bytes',
  }),
  runScript: route({
    method: 'POST',
    keyed: true,
    path: '/api/scripts',
    group: 'runs',
    summary: 'Run a program as it is, tracked: command, log, commit, environment, files it leaves as artifacts',
    body: z.object({
      command: z.array(z.string()).min(1),
      folder: z.string(),
      env: z.record(z.string(), z.string()).default({}),
      actor: z.string().default('user'),
    }),
    response: withSteps,
  }),
}
