import * as z from 'zod'
import { evaluationSchema, verdictSchema } from '../../contract/model.ts'
import type { StepContext } from '../../contract/step.ts'
import type { LoopServices } from './loop-stages.ts'
import { addModelFile } from './model-entrance.ts'
import { artifactNamed } from './stages/judge-scores.ts'

/** What judging by scores hands on. */
export const judgedOutput = z.object({
  evaluation: evaluationSchema,
  verdicts: z.array(verdictSchema),
  passed: z.boolean(),
})
const paramsSchema = z.object({ model: z.string(), file: z.string(), deploy: z.boolean(), judge: z.string() })

/** Registers the model file of a step with what was found of it, and deploys it when it passed. */
export async function registerFile(
  context: StepContext,
  { data, models, registry, deployments, projects, served }: LoopServices,
): Promise<{ version: string; registered: boolean; endpoint: string | null }> {
  const { model, file, deploy, judge } = paramsSchema.parse(context.params)
  const { evaluation, verdicts } = judgedOutput.parse(context.inputs[judge]?.output)
  const bytes = await data.blobs.get(artifactNamed(context, file).hash)
  const { version, endpoint } = await addModelFile(
    { model, bytes, actor: `run:${context.runId}`, deploy, judged: { runId: context.runId, evaluation, verdicts } },
    { metadata: data.metadata, blobs: data.blobs, runner: models, registry, deployments, projects },
  )
  context.log(`${version.id} is ${version.state}${endpoint ? ` and answers at ${endpoint}` : ''}`)
  if (endpoint) await served()
  return { version: version.id, registered: version.state === 'registered', endpoint }
}
