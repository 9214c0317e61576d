import * as z from 'zod'
import { MillwrightError } from '../../../base/errors.ts'
import { gateSchema } from '../../../contract/definition.ts'
import type { Artifact } from '../../../contract/run.ts'
import type { StepContext } from '../../../contract/step.ts'
import { judgeAll } from '../../registry/gates.ts'
import { evaluate } from '../../training/evaluation.ts'
import type { judgedOutput } from '../judged-file.ts'
import type { StageServices } from '../stage-services.ts'

const paramsSchema = z.object({
  task: z.enum(['binary', 'regression']),
  scores: z.string(),
  threshold: z.number(),
  gates: z.array(gateSchema),
})
const columns = ['target', 'score', 'baseline'] as const

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
  const { task, scores, threshold, gates } = paramsSchema.parse(context.params)
  const file = { format: 'csv' as const, path: await context.inputPath(artifactNamed(context, scores)) }
  const given = new Set((await data.tables.schema(file)).map(({ name }) => name))
  const read = columns.filter((name) => given.has(name))
  const table = await data.tables.read([file], { columns: read.map((name) => ({ name, type: 'number' as const })) })
  const column = (name: (typeof columns)[number]): Float64Array => {
    const vector = table.columns.get(name)
    const values = vector?.kind === 'number' ? vector.values : new Float64Array()
    const wrong = values.findIndex(
      (value) => !Number.isFinite(value) || (task === 'binary' && (value < 0 || value > 1)),
    )
    if (values.length > 0 && wrong < 0) return values
    const why =
      values.length === 0
        ? 'has no value'
        : `has no ${task === 'binary' ? 'number from 0 to 1' : 'number'} in row ${wrong + 1}`
    throw new MillwrightError('invalid-data', `the column ${name} of ${scores} ${why}`, { field: name })
  }
  const evaluation = evaluate({
    task,
    classes: 1,
    threshold,
    target: column('target'),
    candidate: column('score'),
    baseline: given.has('baseline') ? column('baseline') : null,
    production: null,
    segments: {},
    from: 0,
    to: 0,
  })
  const verdicts = judgeAll({ task, gates }, { evaluation, slot: null })
  for (const { passed, gate, message } of verdicts) context.log(`${passed ? 'passed ' : 'REFUSED'} ${gate}: ${message}`)
  await context.artifact('evaluation.json', { json: JSON.parse(JSON.stringify(evaluation)) }, 'report')
  return { evaluation, verdicts, passed: verdicts.every(({ passed }) => passed) }
}
