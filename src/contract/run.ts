import * as z from 'zod'
import { runStates, stepStates } from './states.ts'

/** A thing named by its content: `hash` finds its bytes in the blob store. */
export const artifactSchema = z.object({
  name: z.string(),
  /** What it is: `table`, `model`, `report`, `file`, `json`, … */
  type: z.string(),
  hash: z.string(),
  size: z.number().int(),
})
export type Artifact = z.infer<typeof artifactSchema>

export const sourceSchema = z.object({
  /** Git commit of the project's folder, with whether files differed from it; null outside a repository. */
  commit: z.string().nullable(),
  /** Null outside a repository, and where there is no git to say. */
  dirty: z.boolean().nullable(),
  /** Files that differ from the commit, those that git does not know among them: the first of them. Absent where there are none, or nobody looked. */
  changed: z.array(z.string()).optional(),
  /** Hash of the lockfile (package-lock.json, uv.lock, …); null without one. */
  lockfileHash: z.string().nullable(),
})

export const environmentSchema = z.object({
  millwright: z.string(),
  node: z.string(),
  platform: z.string(),
  arch: z.string(),
  cpus: z.number().int(),
  memoryMb: z.number(),
})

export const runSchema = z.object({
  id: z.string(),
  pipeline: z.string(),
  state: z.enum(runStates),
  /** Hash of the definition it runs under, and of its pipeline within that. */
  definitionHash: z.string(),
  /** The package with the code that it runs; null for a script, which is of no project. */
  packageHash: z.string().nullable(),
  /** Also the name of the blob that holds the pipeline's canonical JSON, so that a run can go on whatever is applied since. */
  pipelineHash: z.string(),
  params: z.record(z.string(), z.json()),
  /** Who or what started it: `user:ada`, `trigger:monthly`, and why. */
  startedBy: z.string(),
  reason: z.string(),
  /** Steps that run even if nothing they depend on has changed. */
  force: z.array(z.string()),
  /** The run whose finished steps it starts from, if it resumes or re-runs one. */
  from: z.string().nullable(),
  source: sourceSchema,
  environment: environmentSchema,
  /** The environment of the definition that it ran in, whose settings its steps had; null for none. */
  environmentName: z.string().nullable(),
  /** Project time of the start. */
  time: z.number(),
  /** Wall-clock UTC milliseconds. */
  queuedAt: z.number(),
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  error: z.string().nullable(),
})
export type RunRecord = z.infer<typeof runSchema>

export const stepExecutionSchema = z.object({
  /** `<run>/<step>`; an element of a fan-out is `<run>/<step>/<index>`, beside the step's own record that sums it up. */
  id: z.string(),
  runId: z.string(),
  step: z.string(),
  /** Place in the fan-out, and its element; null otherwise. */
  index: z.number().int().nullable(),
  element: z.json().nullable(),
  state: z.enum(stepStates),
  /** Hash of code, packages, node of the definition, params and inputs: equal key, no second execution. */
  key: z.string().nullable(),
  /** What went into the key, name → hash or version (`code train.ts`, `input rows`); null for an element of a fan-out. */
  keyParts: z.record(z.string(), z.string()).nullable(),
  /** Why it ran or was reused, for people: "ran because its code changed". */
  because: z.string(),
  /** The execution whose outputs were reused. */
  reusedFrom: z.string().nullable(),
  /** 1 for the first; 0 before it. */
  attempt: z.number().int(),
  /** Id of the tracked run into which the program of its last attempt logged, or that of the execution it was reused from; absent where there was no program. */
  trackedRun: z.string().optional(),
  /** Wall-clock UTC milliseconds. */
  startedAt: z.number().nullable(),
  endedAt: z.number().nullable(),
  /** When its process was last seen alive; written every few seconds while it runs. */
  heartbeatAt: z.number().nullable(),
  /** Of a fan-out, counted over its elements; null otherwise. */
  elements: z
    .object({ total: z.number().int(), ran: z.number().int(), reused: z.number().int(), failed: z.number().int() })
    .nullable(),
  /** Share done, 0 to 1, with what it is doing; only while a step tells. */
  progress: z.object({ done: z.number(), message: z.string() }).nullable(),
  /** The JSON value it returned. */
  output: z.json().nullable(),
  artifacts: z.array(artifactSchema),
  /** Of the process and its children: peak resident memory, null when it was over before it was looked at, and CPU seconds. */
  resources: z
    .object({
      peakMemoryMb: z.number().nullable(),
      cpuSeconds: z.number(),
      /** Over the time of the attempt: milliseconds since it began, the most memory since the point before, CPU seconds up to then. Absent in fan-outs. */
      course: z
        .array(z.object({ at: z.number().int(), memoryMb: z.number(), cpuSeconds: z.number() }))
        .readonly()
        .optional(),
    })
    .nullable(),
  /** Of a command that ended by itself; null for everything else. */
  exitCode: z.number().int().nullable(),
  error: z.string().nullable(),
})
export type StepRecord = z.infer<typeof stepExecutionSchema>
