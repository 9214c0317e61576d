import { fileURLToPath } from 'node:url'
import { type Json, type PipelineDefinition, pipelineSchema, type StepDefinition } from '../contract/pipeline.ts'
import type { StepContext } from '../contract/step.ts'
import type { Duration } from './durations.ts'
import { onlyKeys, parsed } from './stated.ts'

/** What a step of TypeScript does. It returns JSON, which later steps get under the step's name. */
export type StepFunction<I extends object, O> = (context: StepContext, inputs: I) => Promise<O> | O

interface StepOptions {
  /** `params.x` or `steps.y.z`, a list: one execution for each element. */
  forEach?: string
  when?: StepDefinition['when']
  retries?: { attempts: number; backoff?: Duration; factor?: number }
  timeout?: Duration
  memoryMb?: number
  /** Names of the artifacts that it must leave; without one of them it has failed. */
  yields?: string[]
  /** It changes the world outside its outputs: never reused. */
  sideEffects?: boolean
  params?: Record<string, Json>
  /** The pipeline's parameters that it is given, and that count in its key; without it, all of them. */
  reads?: string[]
  /** The needed steps whose outputs it is given, and that count in its key; without it, all of them. */
  takes?: string[]
}

const stepKeys = [
  'forEach',
  'when',
  'retries',
  'timeout',
  'memoryMb',
  'sideEffects',
  'params',
  'yields',
  'reads',
  'takes',
]

/** A step with its output's type. */
export interface Step<O = unknown, Name extends string = string> {
  readonly name: Name
  readonly needs: readonly Step[]
  readonly options: StepOptions
  readonly run:
    | { kind: 'function'; file: string; run: StepFunction<never, O> }
    | { kind: 'command'; command: string[]; code: string[]; env?: Record<string, string>; python?: { lock: string } }
    | { kind: 'stage'; stage: string }
    | { kind: 'notebook'; notebook: string; code: string[]; env?: Record<string, string>; python: { lock: string } }
  /** For the compiler only. */
  readonly output: O
}
type OutputsOf<N extends readonly Step[]> = { [S in N[number] as S['name']]: S['output'] }

/** The file that called the function two frames above: the module whose reachable files make the step's key. */
function callerFile(): string {
  const line = new Error('where').stack?.split('\n')[3] ?? ''
  const found = /(file:\/\/[^)\s]+?|\/[^)]+?|[A-Za-z]:\\[^)]+?):\d+:\d+\)?$/.exec(line)?.[1] ?? ''
  return found.startsWith('file:') ? fileURLToPath(found) : found
}

/** A step in TypeScript: `step('clean', [load], async (context, { load }) => …)`. */
export function step<const Name extends string, const N extends readonly Step[], O extends Json | undefined>(
  name: Name,
  needs: N,
  run: StepFunction<OutputsOf<N>, O>,
  options: StepOptions = {},
): Step<O, Name> {
  onlyKeys(options, stepKeys, `steps.${name}`)
  return {
    name,
    needs,
    options,
    run: { kind: 'function', file: callerFile(), run: run as StepFunction<never, O> },
    output: undefined as O,
  }
}

/** A step in any language: a program with the environment of docs/steps.md. `code`: files and folders that are part of its key; `env`: more variables, which are part of its key; `python`: it runs in an environment made from that lock. */
export function command<const Name extends string>(
  name: Name,
  needs: readonly Step[],
  line: string[],
  options: StepOptions & { code?: string[]; env?: Record<string, string>; python?: { lock: string } } = {},
): Step<Json, Name> {
  onlyKeys(options, [...stepKeys, 'code', 'env', 'python'], `steps.${name}`)
  const { code = [], env, python, ...rest } = options
  const run = { kind: 'command' as const, command: line, code, ...(env ? { env } : {}), ...(python ? { python } : {}) }
  return { name, needs, options: rest, run, output: null }
}

/** What a notebook may be given; a text may be `'{params.rate}'`, which is the run's parameter with its type. */
type NotebookValue = number | string | boolean | null
const notebookKeys = stepKeys.map((key) => (key === 'params' ? 'parameters' : key))

/**
 * A Jupyter notebook as a step: `notebook('explore', [load], 'notebooks/explore.ipynb', { parameters: { rate: 0.1 }, python: { lock: 'requirements.txt' } })`.
 * It works as a command does (docs/steps.md); its executed copy is the artifact `notebook.ipynb`, whether it ended well or not. The lock
 * holds nbclient and ipykernel, too.
 */
export function notebook<const Name extends string>(
  name: Name,
  needs: readonly Step[],
  file: string,
  options: Omit<StepOptions, 'params'> & {
    /** Set after the cell tagged `parameters`, which gives each its default and its type. */
    parameters?: Record<string, NotebookValue | readonly NotebookValue[]>
    code?: string[]
    env?: Record<string, string>
    python: { lock: string }
  },
): Step<Json, Name> {
  onlyKeys(options, [...notebookKeys, 'code', 'env', 'python'], `steps.${name}`)
  const { code = [], env, python, parameters, ...rest } = options
  const params = parameters as Record<string, Json> | undefined
  const run = { kind: 'notebook' as const, notebook: file, code, ...(env ? { env } : {}), python }
  return { name, needs, options: { ...rest, ...(params ? { params } : {}) }, run, output: null }
}

export interface Pipeline {
  readonly name: string
  readonly params: Record<string, Json>
  readonly concurrency: Partial<PipelineDefinition['concurrency']>
  readonly steps: readonly Step[]
}

/** A pipeline of one's own. Steps that the listed ones need come with them. */
export function pipeline(
  name: string,
  stated: {
    params?: Record<string, Json>
    concurrency?: Partial<PipelineDefinition['concurrency']>
    steps: readonly Step[]
  },
): Pipeline {
  onlyKeys(stated, ['params', 'concurrency', 'steps'], `pipelines.${name}`)
  const all = new Map<string, Step>()
  const add = (each: Step): void => {
    for (const needed of each.needs) add(needed)
    const known = all.get(each.name)
    if (known && known !== each)
      throw new Error(`pipeline "${name}" has two steps named "${each.name}": give one of them another name`)
    all.set(each.name, each)
  }
  for (const each of stated.steps) add(each)
  return { name, params: stated.params ?? {}, concurrency: stated.concurrency ?? {}, steps: [...all.values()] }
}

/** As data; `relative` turns a file of the machine into one of the project. */
export function pipelineDefinition(from: Pipeline, relative: (file: string) => string): PipelineDefinition {
  return parsed(
    pipelineSchema,
    {
      name: from.name,
      params: from.params,
      concurrency: from.concurrency,
      steps: from.steps.map(({ name, needs, options, run }) => {
        const { retries, timeout, ...rest } = options
        return {
          name,
          needs: needs.map((needed) => needed.name),
          run: run.kind === 'function' ? { kind: 'function', module: relative(run.file) } : run,
          ...rest,
          ...(timeout ? { timeoutMs: timeout.ms } : {}),
          ...(retries
            ? { retries: { attempts: retries.attempts, factor: retries.factor, backoffMs: retries.backoff?.ms } }
            : {}),
        }
      }),
    },
    `pipelines.${from.name}`,
  )
}
