import type { Finding } from '../../../contract/ci.ts'
import type { Definition } from '../../../contract/definition.ts'
import type { RunRecord, StepRecord } from '../../../contract/run.ts'
import { stageOutputs } from '../../lifecycle/stage-services.ts'
import { type CheckVerdict, fault, note, skipped, verdictOf } from './verdict.ts'

/** A run of a pipeline over the sample, with the end of the log of each step that failed. */
export interface SampleRun {
  run: Pick<RunRecord, 'pipeline' | 'state' | 'error'>
  steps: readonly Pick<StepRecord, 'step' | 'index' | 'state' | 'error' | 'output' | 'artifacts'>[]
  logs: ReadonlyMap<string, string>
}

/**
 * Judges runs of every pipeline: each step came to a good end with what it is to yield, and what one hands on fits the next.
 *
 * @param full whether the gates had all the data and mean what they say; on a sample they need only be judged.
 */
export function checkPipelines(
  definition: Definition,
  runs: readonly SampleRun[],
  { full }: { full: boolean },
): CheckVerdict {
  if (definition.pipelines.length === 0) return skipped('pipeline', 'the project has no pipeline')
  const findings: Finding[] = []
  let steps = 0
  for (const { run, steps: records, logs } of runs) {
    const place = `pipelines.${run.pipeline}`
    const own = records.filter((record) => record.index === null)
    steps += own.length
    const failed = own.filter((record) => record.state === 'failed')
    for (const { step, error } of failed) {
      const said = logs.get(step)?.trim().split('\n').slice(-3).join(' / ') ?? ''
      const tail = said && !error?.includes(said) ? ` (its log ends: ${said.slice(0, 300)})` : ''
      findings.push(
        fault(
          `${place}.steps.${step}`,
          `step "${step}" failed: ${error ?? 'it says not why'}${tail}`,
          'Mend the step, or what the steps before it hand on to it.',
        ),
      )
    }
    if (failed.length === 0 && run.state !== 'succeeded')
      findings.push(fault(place, `the run ${run.state}: ${run.error ?? ''}`, 'Look at its steps.'))
    for (const record of own)
      if (record.state === 'succeeded') findings.push(...outputFaults(definition, place, record))
    findings.push(...gateFindings(place, own, full))
  }
  const what = `${steps} steps of ${runs.length} pipelines yield what they should and fit together`
  return verdictOf('pipeline', what, findings, { steps, pipelines: runs.length })
}

/** A stage of the loop hands on what the stages after it read, whoever wrote it. */
function outputFaults(
  definition: Definition,
  place: string,
  { step, output }: Pick<StepRecord, 'step' | 'output'>,
): Finding[] {
  const pipeline = definition.pipelines.find((each) => place === `pipelines.${each.name}`)
  const isStage = pipeline?.steps.find((each) => each.name === step)?.run.kind === 'stage'
  if (!isStage || !(step in stageOutputs)) return []
  const read = stageOutputs[step as keyof typeof stageOutputs].safeParse(output)
  if (read.success) return []
  const [issue] = read.error.issues
  return [
    fault(
      `${place}.steps.${step}`,
      `the output of "${step}" is not what it should be: ${issue?.path.join('.')} ${issue?.message}`,
      'Let it hand on all that the steps after it read.',
    ),
  ]
}

function gateFindings(
  place: string,
  steps: readonly Pick<StepRecord, 'step' | 'output' | 'state'>[],
  full: boolean,
): Finding[] {
  const output = steps.find(({ step, state }) => step === 'gate' && state === 'succeeded')?.output
  const gates = stageOutputs.gate.safeParse(output)
  if (!gates.success) return []
  return gates.data.verdicts.flatMap(({ gate, passed, message }) => {
    if (passed) return []
    const text = `gate "${gate}": ${message}`
    const mend = 'Better the model, or change the gate in the definition.'
    return [
      full || !message.includes('where')
        ? fault(`${place}.steps.gate`, text, mend)
        : note(`${place}.steps.gate`, text, mend),
    ]
  })
}
