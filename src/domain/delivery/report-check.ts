import { MillwrightError } from '../../base/errors.ts'
import { canonicalJson } from '../../base/hash.ts'
import type { ReproductionReport, RunInputs, StepComparison } from '../../contract/reproduction.ts'
import { firstDifference, messageOf } from './reproduction-verdict.ts'
import { compareSteps, verdictOfStep } from './step-comparison.ts'
import { touchesTheWorld } from './steps-of-the-world.ts'

type Left = StepComparison['artifacts'][number]

/**
 * Holds what somebody reports of a run against the run's own records: its steps, how they ended, and the hash of everything they left. The verdicts
 * must follow from the hashes. What came of the run where it was made again, and the causes, remain the word of whoever made it.
 *
 * @returns the report, with the sentence that follows from it.
 * @throws `invalid-request` naming the field that does not hold.
 */
export function checkReport(inputs: RunInputs, report: ReproductionReport): ReproductionReport {
  const { run } = inputs
  hold('run', report.run, run.id)
  hold('pipeline', report.pipeline, run.pipeline)
  const own = compareSteps(inputs, [])
  hold(
    'steps',
    report.steps.map(({ step }) => step),
    own.map(({ step }) => step),
  )
  for (const [place, step] of report.steps.entries()) {
    const known = own[place]!
    const at = `steps.${place}`
    hold(`${at}.endedThen`, step.endedThen, known.endedThen)
    const definition = inputs.pipeline.steps.find(({ name }) => name === step.step)!
    const verdict = verdictOfStep(step, touchesTheWorld(definition))
    checkArtifacts(`${at}.artifacts`, step.artifacts, known.artifacts)
    hold(`${at}.verdict`, step.verdict, verdict)
  }
  const first = firstDifference(report.steps)
  hold('verdict', report.verdict, first ? 'different' : 'identical')
  const { causes = null, ...stated } = report.first ?? {}
  hold('first', report.first && stated, first)
  if (causes?.length === 0) refuse('first.causes', 'names no cause of the difference')
  return { ...report, message: messageOf(report.steps, report.first) }
}

const keyOf = ({ name, index }: Left): string => `${index ?? ''} ${name}`

function checkArtifacts(at: string, stated: readonly Left[], known: readonly Left[]): void {
  const ours = new Map(known.map((each) => [keyOf(each), each]))
  for (const [place, each] of stated.entries()) {
    const own = ours.get(keyOf(each))
    hold(`${at}.${place}.recorded`, each.recorded, own?.recorded ?? null)
    if (own) hold(`${at}.${place}.element`, each.element, own.element)
    ours.delete(keyOf(each))
  }
  const [missing] = ours.values()
  if (missing) refuse(at, `leave out ${missing.name}`)
}

function hold(field: string, stated: unknown, own: unknown): void {
  const [said, is] = [canonicalJson(stated), canonicalJson(own)]
  if (said !== is) refuse(field, `say ${shortly(said)} where it is ${shortly(is)}`)
}

const shortly = (text: string): string => (text.length > 160 ? `${text.slice(0, 160)}…` : text)

function refuse(field: string, why: string): never {
  throw new MillwrightError('invalid-request', `the report does not hold: ${field} ${why}`, {
    field: `report.${field}`,
    hint: 'Make the run again with `millwright reproduce`, and send what it reports.',
  })
}
