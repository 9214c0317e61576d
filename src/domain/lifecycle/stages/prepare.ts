import type { StepContext } from '../../../contract/step.ts'
import { buildTrainingSet } from '../../features/training-set.ts'
import { modelOf, outputOf, type StageOutput, type StageServices } from '../stage-services.ts'

/** Makes the examples: inputs as they were known at each row's time, split by time, the last part sealed. */
export default async function prepare(context: StepContext, { data }: StageServices): Promise<StageOutput<'prepare'>> {
  const extracted = outputOf(context, 'extract')
  const { definition, model } = await modelOf(data.metadata, extracted)
  const trainingSet = await buildTrainingSet(data, definition, model, {
    version: extracted.version,
    versions: Object.fromEntries(Object.entries(extracted.reads).map(([name, { version }]) => [name, version])),
    cutOff: extracted.cutOff,
    onProgress: (done, message) => context.progress(done, message),
  })
  for (const [part, { rows, eligible }] of Object.entries(trainingSet.parts)) {
    context.log(
      `${part}: ${rows.toLocaleString('en')} rows${eligible > rows ? `, drawn evenly from ${eligible.toLocaleString('en')}` : ''}`,
    )
  }
  await context.artifact('training-set.json', { json: trainingSet }, 'training-set')
  return { trainingSet }
}
