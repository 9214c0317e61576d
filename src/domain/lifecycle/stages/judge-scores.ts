import * as z from 'zod'
import { MillwrightError } from '../../../base/errors.ts'
import { gateSchema, tasks } from '../../../contract/definition.ts'
import type { Artifact } from '../../../contract/run.ts'
import type { StepContext } from '../../../contract/step.ts'
import { judgeAll } from '../../registry/gates.ts'
import { evaluate } from '../../training/evaluation.ts'
import type { judgedOutput } from '../judged-file.ts'
import { readScores } from '../scores-file.ts'
import type { StageServices } from '../stage-services.ts'

const paramsSchema = z.object({
  task: z.enum(tasks),
  scores: z.string(),
  threshold: z.number(),
  gates: z.array(gateSchema),
  /** Columns of the file that part its rows. */
  segments: z.array(z.string()).default([]),
})

/** An artifact of a step before, by its name. @throws `step-failed` when none left it */
export function artifactNamed(context: StepContext, name: string): Artifact {
  const all = Object.values(context.inputs).flatMap(({ artifacts }) => artifacts)
  const found = all.find((artifact) => artifact.name === name)
  if (found) return found
  throw new MillwrightError('step-failed', `No step before left the artifact ${name}.`, {
    hint: `There are: ${all.map((each) => each.name).join(', ') || 'none'}. A command leaves what it writes into $MILLWRIGHT_ARTIFACTS.`,
  })
}

/** Measures what a model scored, beside a baseline where there is one, and judges it by every gate. */
export default async function judgeScores(
  context: StepContext,
  { data }: StageServices,
): Promise<z.infer<typeof judgedOutput>> {
  const { task, scores, threshold, gates, segments } = paramsSchema.parse(context.params)
  const path = await context.inputPath(artifactNamed(context, scores))
  const read = await readScores(data.tables, path, { file: scores, task, segments })
  const evaluation = evaluate({ ...read, task, threshold, production: null, from: 0, to: 0 })
  const verdicts = judgeAll({ task, gates }, { evaluation, slot: null })
  for (const { passed, gate, message } of verdicts) context.log(`${passed ? 'passed ' : 'REFUSED'} ${gate}: ${message}`)
  await context.artifact('evaluation.json', { json: JSON.parse(JSON.stringify(evaluation)) }, 'report')
  return { evaluation, verdicts, passed: verdicts.every(({ passed }) => passed) }
}
