import { MillwrightError } from '../base/errors.ts'
import type { PipelineDefinition, StepDefinition } from './pipeline.ts'

/** A step that executes a notebook, with where it stands. */
export interface NotebookStep {
  pipeline: string
  step: string
  /** As the definition has it: a path, or the argument of a program that names one. */
  notebook: string
}

/** The notebook that a step executes: by itself, or by a program of which it is an argument, such as `papermill report.ipynb`. */
function notebookOf({ run }: StepDefinition): string | undefined {
  if (run.kind === 'notebook') return run.notebook
  if (run.kind !== 'command') return undefined
  return run.command.flatMap((argument) => /[^\s'"=]+\.ipynb\b/i.exec(argument)?.[0] ?? []).at(0)
}

/** Every step of these pipelines that executes a notebook. */
export function notebookSteps(pipelines: readonly Pick<PipelineDefinition, 'name' | 'steps'>[]): NotebookStep[] {
  return pipelines.flatMap(({ name, steps }) =>
    steps.flatMap((step) => {
      const notebook = notebookOf(step)
      return notebook === undefined ? [] : [{ pipeline: name, step: step.name, notebook }]
    }),
  )
}

/** What to do where an environment refuses them. */
export const notebookMend = (notebook: string, environment: string): string =>
  `Turn its cells into steps with \`millwright notebook promote ${notebook}\`, or say \`notebooks: 'allowed'\` of ${environment}.`

/**
 * @param environment its name is null where there is none, and then nothing is refused.
 * @throws `rules-unmet` for the first notebook among the pipelines, where the environment refuses them.
 */
export function refuseNotebooks(
  { name, notebooks }: { name: string | null; notebooks: 'allowed' | 'refused' },
  pipelines: readonly Pick<PipelineDefinition, 'name' | 'steps'>[],
): void {
  const [found] = notebookSteps(pipelines)
  if (name === null || notebooks === 'allowed' || !found) return
  const { pipeline, step, notebook } = found
  throw new MillwrightError('rules-unmet', `${name} takes no notebooks: step ${step} of ${pipeline} runs ${notebook}`, {
    field: `pipelines.${pipeline}.steps.${step}`,
    hint: notebookMend(notebook, name),
  })
}
