import * as z from 'zod'
import { briefSchema, definitionSchema } from '../definition.ts'
import { driftSchema } from '../delivery.ts'
import { eventSchema } from '../events.ts'
import { definitionRecordSchema, listedDefinitionSchema } from '../project.ts'
import { route } from '../route.ts'
import { timeSchema } from '../time.ts'

export const changeSchema = z.object({
  action: z.enum(['add', 'change', 'remove']),
  /** `datasets.flights`, `endpoints.flights`, … */
  what: z.string(),
  /** Dotted paths that differ, with old and new value. */
  differences: z.array(z.object({ path: z.string(), from: z.json().nullable(), to: z.json().nullable() })),
})
export type Change = z.infer<typeof changeSchema>

const planSchema = z.object({
  hash: z.string(),
  currentHash: z.string().nullable(),
  changes: z.array(changeSchema),
  /** What runs otherwise than the definition in force says, with who did it. */
  drift: z.array(driftSchema),
})
const applyBody = z.object({
  definition: definitionSchema,
  projectDir: z.string(),
  /** Who applies it; the user of the machine where nobody is signed in. */
  actor: z.string().default('user'),
  /** The environment that it is meant for: another one refuses it. */
  environment: z.string().optional(),
})
const clockSchema = z.object({ mode: z.enum(['live', 'replay']), now: z.number() })

const stageStateSchema = z.object({
  stage: z.string(),
  state: z.enum(['idle', 'working', 'good', 'warning', 'bad']),
  /** One line: what there is, with counts. */
  summary: z.string(),
  lastEvent: eventSchema.nullable(),
})

const collected = z.array(z.string().max(64)).max(1000).default([])

export const projectRoutes = {
  health: route({
    method: 'GET',
    open: true,
    path: '/health',
    group: 'project',
    summary: 'Whether the control plane is up, and since when',
    response: z.object({
      status: z.literal('ok'),
      version: z.string(),
      startedAt: z.number(),
      /** Which environment it is; null for none. */
      environment: z.string().nullable(),
    }),
  }),
  project: route({
    method: 'GET',
    path: '/api/project',
    group: 'project',
    summary: 'The definition in force, with its brief and hash; null before the first apply',
    response: z.object({
      applied: definitionRecordSchema.nullable(),
      brief: briefSchema.nullable(),
      name: z.string().nullable(),
    }),
  }),
  definitions: route({
    method: 'GET',
    path: '/api/definitions',
    group: 'project',
    summary: 'Definitions that were ever in force, the last applied first',
    query: z.object({ limit: z.coerce.number().int().min(1).max(1000).default(100) }),
    response: z.object({ definitions: z.array(listedDefinitionSchema) }),
  }),
  definition: route({
    method: 'GET',
    path: '/api/definitions/{definition}',
    group: 'project',
    summary: 'One definition, by its hash',
    params: z.object({ definition: z.string() }),
    response: definitionRecordSchema,
  }),
  projectFolder: route({
    method: 'GET',
    // It runs the code of the folder, in a process of its own.
    role: 'developer',
    path: '/api/project/folder',
    group: 'project',
    summary: 'Whether the files of the project say what is in force; what applying them would change',
    response: z.object({
      projectDir: z.string(),
      /** Of the definition as the files state it; null when they cannot be loaded. */
      hash: z.string().nullable(),
      changes: z.array(changeSchema),
      /** Why they cannot be loaded. */
      problem: z.string().nullable(),
    }),
  }),
  plan: route({
    method: 'POST',
    repeatable: true,
    path: '/api/plan',
    group: 'project',
    summary: 'What applying a definition would change',
    body: applyBody,
    response: planSchema,
    bodyLimit: 16 << 20,
  }),
  apply: route({
    method: 'POST',
    repeatable: true,
    path: '/api/apply',
    group: 'project',
    summary: 'Install a definition; the same one again changes nothing',
    body: applyBody,
    response: planSchema,
    bodyLimit: 16 << 20,
  }),
  clock: route({
    method: 'GET',
    path: '/api/clock',
    group: 'project',
    summary: "The project's time",
    response: clockSchema,
  }),
  advanceClock: route({
    method: 'POST',
    repeatable: true,
    path: '/api/clock/advance',
    group: 'project',
    summary: 'Replay: move event time forward, and answer when every stage has caught up with it',
    body: z.object({ to: timeSchema }),
    response: clockSchema,
  }),
  overview: route({
    method: 'GET',
    path: '/api/overview',
    group: 'project',
    summary: 'Every stage of the loop with its state and last event',
    response: z.object({
      name: z.string().nullable(),
      now: z.number(),
      mode: z.enum(['live', 'replay']),
      stages: z.array(stageStateSchema),
    }),
  }),
  collectGarbage: route({
    role: 'operator',
    method: 'POST',
    repeatable: true,
    path: '/api/gc',
    group: 'project',
    summary:
      'Remove what was deleted long enough ago, what is past its retention and what nothing refers to any more; a dry run only says what and how much',
    body: z.object({
      dryRun: z.boolean().default(true),
      /** Runs, logged models and experiments of scripts that were deleted so long ago go for good. */
      deletedForMs: z
        .number()
        .int()
        .min(0)
        .default(30 * 86_400_000),
      /** Those alone, whenever they were deleted. */
      trackedRuns: collected,
      loggedModels: collected,
      experiments: collected,
      actor: z.string().default('user'),
    }),
    response: z.object({
      dryRun: z.boolean(),
      blobs: z.object({ count: z.number(), bytes: z.number() }),
      runs: z.object({ count: z.number() }),
      /** Of scripts. */
      tracked: z.object({
        runs: z.number(),
        models: z.number(),
        experiments: z.number(),
        points: z.number(),
        files: z.number(),
        /** Of files, in a dry run. */
        bytes: z.number(),
        /** False where it goes on after the answer. */
        isDone: z.boolean(),
      }),
      predictions: z.object({ files: z.number(), bytes: z.number() }),
      items: z.array(z.object({ kind: z.string(), name: z.string(), bytes: z.number(), why: z.string() })),
    }),
  }),
}
