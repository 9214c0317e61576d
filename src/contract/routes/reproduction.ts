import * as z from 'zod'
import { diffSchema } from '../diff.ts'
import { reproductionReportSchema, reproductionSchema, runInputsSchema } from '../reproduction.ts'
import { route } from '../route.ts'

const byRun = z.object({ run: z.string() })

export const reproductionRoutes = {
  diff: route({
    method: 'GET',
    path: '/api/diff',
    group: 'delivery',
    summary:
      'How two runs, packages, definitions or environments differ, part by part; what each is, is found by its form',
    query: z.object({ a: z.string().min(1), b: z.string().min(1) }),
    response: diffSchema,
  }),
  runInputs: route({
    method: 'GET',
    path: '/api/runs/{run}/inputs',
    group: 'delivery',
    summary: 'All that a run was made from: definition, pipeline, dataset versions with their batches, models of then',
    params: byRun,
    response: runInputsSchema,
  }),
  keepReproduction: route({
    method: 'POST',
    keyed: true,
    path: '/api/runs/{run}/reproductions',
    group: 'delivery',
    summary:
      'Keep the report of somebody who made a run again; one that does not fit the records of the run is refused',
    params: byRun,
    body: z.object({
      report: reproductionReportSchema,
      actor: z.string().default('user'),
      /** What the machine calls itself on which it was made again. */
      machine: z.string().min(1).max(255),
    }),
    bodyLimit: 8 << 20,
    response: reproductionSchema,
  }),
  reproductions: route({
    method: 'GET',
    path: '/api/reproductions',
    group: 'delivery',
    summary: 'Reports of runs that were made again, newest first',
    query: z.object({
      run: z.string().optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(50),
    }),
    response: z.object({ reproductions: z.array(reproductionSchema) }),
  }),
}
