import * as z from 'zod'

/** Anything JSON can carry. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

const stepName = z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/i)

/** What a notebook may be given: what Python writes as a literal. */
const scalar = z.union([z.number(), z.string(), z.boolean(), z.null()])
const notebookParameter = z.union([scalar, z.array(scalar)], 'a number, a text, true, false, null, or a list of these')

const stepRunSchema = z.discriminatedUnion('kind', [
  /** A function that the project's definition holds: found by pipeline and step name after the definition is loaded. */
  z.strictObject({
    kind: z.literal('function'),
    /** The module that states the step, relative to the project's folder: its reachable files are part of the key. */
    module: z.string(),
  }),
  /** Any program. It gets its inputs as paths and JSON (see docs/steps.md). */
  z.strictObject({
    kind: z.literal('command'),
    command: z.array(z.string()).min(1),
    /** Files and folders whose content is part of the key, relative to the project's folder. */
    code: z.array(z.string()).default([]),
    env: z.record(z.string(), z.string()).default({}),
    /** Where it runs, relative to the project's folder; without it, that folder. */
    cwd: z.string().optional(),
    /** It runs in a Python environment of its own, made from this lock (requirements.txt or uv.lock), relative to the project's folder. */
    python: z.strictObject({ lock: z.string() }).optional(),
  }),
  /**
   * A Jupyter notebook, executed cell by cell in a Python environment of its own (see docs/notebooks.md). The step's `params` are set in it; a text
   * among them may be `{params.rate}` or `{element.day}`.
   */
  z.strictObject({
    kind: z.literal('notebook'),
    /** Relative to the project's folder. Its code is part of the key, its outputs are not. */
    notebook: z.string().regex(/\.ipynb$/, 'a file whose name ends with .ipynb'),
    code: z.array(z.string()).default([]),
    env: z.record(z.string(), z.string()).default({}),
    /** Holds nbclient and ipykernel, too. */
    python: z.strictObject({ lock: z.string() }),
  }),
  /** A stage of Millwright itself, by name: `train`, `evaluate`, … */
  z.strictObject({ kind: z.literal('stage'), stage: z.string() }),
])

/** Whether a step runs: compares a value of the parameters (`params.x`) or of an earlier step's output (`steps.y.z`). */
const conditionSchema = z.strictObject({
  value: z.string(),
  is: z.enum(['equal', 'not-equal', 'greater', 'less', 'at-least', 'at-most', 'present']),
  to: z.union([z.string(), z.number(), z.boolean(), z.null()]).default(null),
})
export type Condition = z.infer<typeof conditionSchema>

const stepSchema = z
  .strictObject({
    name: stepName,
    run: stepRunSchema,
    needs: z.array(z.string()).default([]),
    /** One execution for each element of a list: `params.x` or `steps.y.z`. */
    forEach: z.string().optional(),
    when: conditionSchema.optional(),
    params: z.record(z.string(), z.json()).default({}),
    /**
     * The needed steps whose outputs it is given, and that count in its key; without it, all of them. An element of a fan-out that takes
     * nothing but its element is reused when the list grows.
     */
    takes: z.array(z.string()).optional(),
    /** The pipeline's parameters that it is given, and that count in its key; without it, all of them. */
    reads: z.array(z.string()).optional(),
    retries: z
      .strictObject({
        attempts: z.number().int().min(1).default(1),
        backoffMs: z.number().nonnegative().default(1000),
        factor: z.number().min(1).default(2),
      })
      .prefault({}),
    /** Wall time after which the step is stopped. */
    timeoutMs: z.number().positive().default(3_600_000),
    /** Resident memory, of the step's process and its children, above which it is stopped. */
    memoryMb: z.number().positive().default(4096),
    /** Names of the artifacts that it must leave; without one of them it has failed. */
    yields: z.array(z.string()).optional(),
    /** Changes the world outside its outputs; never reused. */
    sideEffects: z.boolean().default(false),
  })
  .superRefine(({ run, params }, context) => {
    if (run.kind !== 'notebook') return
    for (const [name, value] of Object.entries(params)) {
      const path = ['params', name]
      if (!/^[A-Za-z_]\w*$/.test(name)) context.addIssue({ code: 'custom', path, message: 'is no name of a variable' })
      const result = notebookParameter.safeParse(value)
      if (!result.success)
        context.addIssue({ code: 'custom', path, message: `must be ${result.error.issues[0]!.message}` })
    }
  })
export type StepDefinition = z.infer<typeof stepSchema>

export const pipelineSchema = z.strictObject({
  name: stepName,
  params: z.record(z.string(), z.json()).default({}),
  /** Runs at a time, and what a further one does: waits, is refused, or takes the place of the waiting one. */
  concurrency: z
    .strictObject({
      limit: z.number().int().min(1).default(1),
      whenBusy: z.enum(['queue', 'refuse', 'replace']).default('queue'),
    })
    .prefault({}),
  /** What becomes of a run that was under way when the control plane died: it goes on where it was, or it has failed. */
  afterCrash: z.enum(['continue', 'fail']).default('continue'),
  steps: z.array(stepSchema).min(1),
})
export type PipelineDefinition = z.infer<typeof pipelineSchema>
