import type { CiReport } from '../../contract/ci.ts'
import type { Upgraded } from '../../contract/package.ts'
import type { UpgradeReason, UpgradeReport } from '../../contract/upgrade.ts'
import type { Comparison, ModelComparison } from './reports/comparison.ts'

type Parts = Pick<UpgradeReport, 'checks' | 'models' | 'answers' | 'load' | 'memoryMb'>

/** What was found of a project as it is locked, and with upgrades, on the same data. */
export interface UpgradeEvidence extends Pick<Parts, 'answers' | 'load' | 'memoryMb'> {
  /** Null where it could not even be installed. */
  before: CiReport | null
  after: CiReport
  /** Null without a `before`. */
  comparison: Comparison | null
  /** Budgets that the upgraded project misses, as the load test says it. */
  overBudget: { endpoint: string; message: string }[]
}

/** Told when it takes so many times as long, or as much memory, as before; what a process holds wavers with when it last cleaned up. */
const slower = 1.25
const larger = 1.5

/**
 * An expected calibration error of few rows moves with which bin a score falls into, and its interval is rough between two signs of a bin's
 * error: it is told, and refuses nothing.
 */
const onlyTold = new Set(['ece'])

/** The level of each interval that makes all of a model's hold together in 95 % of cases (Bonferroni). */
export const levelOf = (metrics: number): number => 1 - 0.05 / Math.max(1, metrics)

const shown = (value: number): string => value.toPrecision(4)
const signed = (value: number): string => `${value < 0 ? '−' : '+'}${shown(Math.abs(value))}`
const percent = (share: number): string => `${(share * 100).toFixed(share > 0 && share < 0.01 ? 2 : 1)} %`

/**
 * What speaks against upgrades, and what is only worth knowing. Changed predictions alone are no reason: metrics within their intervals, recorded
 * answers within their tolerance (a check), and budgets decide.
 */
export function judgeUpgrade(evidence: UpgradeEvidence): Parts & { reasons: UpgradeReason[]; notes: string[] } {
  const { before, after, comparison, answers, load, memoryMb, overBudget } = evidence
  const reasons: UpgradeReason[] = []
  const notes: string[] = []
  const earlier = new Map(before?.checks.map(({ check, outcome }) => [check, outcome]))
  for (const { check, outcome, summary } of after.checks) {
    if (outcome === 'failed') {
      const also = earlier.get(check) === 'failed' ? ' (it fails without the upgrade too)' : ''
      reasons.push({ kind: 'check', what: check, message: `the check of ${check} failed: ${summary}${also}` })
    } else if (outcome === 'passed' && earlier.get(check) === 'failed')
      notes.push(`the check of ${check} fails without the upgrade, and passes with it`)
  }
  for (const model of comparison?.modelsRemoved ?? [])
    if (reasons.length === 0)
      reasons.push({ kind: 'outcome', what: model, message: `model "${model}" is no longer trained` })
  for (const model of comparison?.models ?? []) {
    reasons.push(...metricReasons(model))
    notes.push(...modelNotes(model, before!, after))
  }
  for (const { endpoint, asked, refused, differs, largest } of answers) {
    if (refused > 0)
      reasons.push({
        kind: 'answers',
        what: endpoint,
        message: `"${endpoint}" refuses ${refused} of ${asked} requests that it answered before`,
      })
    else if (differs > 0)
      notes.push(
        `"${endpoint}" answers ${differs} of ${asked} recorded requests otherwise, by ${shown(largest)} at most`,
      )
  }
  // The check of load has said so already.
  const isToldByCheck = reasons.some(({ what }) => what === 'load')
  for (const { endpoint, message } of isToldByCheck ? [] : overBudget)
    reasons.push({ kind: 'load', what: endpoint, message: `"${endpoint}" under load: ${message}` })
  for (const { endpoint, ratio } of load)
    if (ratio > slower) notes.push(`"${endpoint}" takes ${ratio.toFixed(2)} times as long to answer`)
  if (memoryMb && memoryMb.after > larger * memoryMb.before)
    notes.push(
      `the prediction service takes ${memoryMb.after.toFixed(0)} MiB where it took ${memoryMb.before.toFixed(0)} MiB`,
    )
  return {
    reasons,
    notes,
    checks: after.checks.map(({ check, outcome }) => ({ check, before: earlier.get(check) ?? null, after: outcome })),
    models: (comparison?.models ?? []).map(shownModel),
    answers,
    load,
    memoryMb,
  }
}

/** Whether all that speaks against it speaks against the project as it is, too. */
export const failsAnyway = (before: CiReport | null, reasons: readonly UpgradeReason[]): boolean =>
  before !== null &&
  reasons.every(({ kind, what }) => {
    const check = before.checks.find((each) => each.check === what)
    return kind === 'check' && check?.outcome === 'failed'
  })

function metricReasons({ model, metrics, relabelled, predictions }: ModelComparison): UpgradeReason[] {
  const reasons: UpgradeReason[] = []
  if (relabelled > 0)
    reasons.push({
      kind: 'outcome',
      what: model,
      message: `what "${model}" is to predict is another for ${relabelled} of ${predictions[0]?.rows} rows`,
    })
  for (const { metric, before, after, paired } of metrics) {
    if (!paired?.isWorse || onlyTold.has(metric)) continue
    const bounds =
      paired.low === null || paired.high === null ? '' : ` (${signed(paired.low)} … ${signed(paired.high)})`
    reasons.push({
      kind: 'metric',
      what: `${model} ${metric}`,
      message: `${metric} of "${model}" ${paired.difference < 0 ? 'fell' : 'rose'} from ${shown(before)} to ${shown(after)}, beyond chance: ${signed(paired.difference)}${bounds} on the same ${paired.rows} rows`,
    })
  }
  return reasons
}

function modelNotes(compared: ModelComparison, before: CiReport, after: CiReport): string[] {
  const { model, isSame, predictions, inputsAdded, inputsRemoved } = compared
  const notes: string[] = []
  const [all] = predictions
  if (!all) notes.push(`no test row of "${model}" is in both, so its predictions and metrics are not compared`)
  else if (!isSame)
    notes.push(
      `"${model}" is no longer the same bytes, though the same training gives the same bytes each time: ${percent(all.differs)} of ${all.rows} predictions differ, by ${shown(all.largest)} at most`,
    )
  if (inputsAdded.length + inputsRemoved.length > 0)
    notes.push(
      `inputs of "${model}": ${[...inputsAdded.map((name) => `+ ${name}`), ...inputsRemoved.map((name) => `− ${name}`)].join(', ')}`,
    )
  const verdictsOf = (report: CiReport) => report.models.find((each) => each.model === model)?.verdicts ?? []
  const passed = new Set(verdictsOf(before).flatMap(({ gate, passed }) => (passed ? [gate] : [])))
  for (const { gate, message } of verdictsOf(after).filter((each) => !each.passed && passed.has(each.gate)))
    notes.push(`gate ${gate} of "${model}", judged on the sample, held before and does not: ${message}`)
  return notes
}

const shownModel = ({ model, isSame, metrics, predictions }: ModelComparison): Parts['models'][number] => ({
  model,
  isSame,
  metrics: metrics.map(({ metric, before, after, paired }) => ({
    metric,
    before,
    after,
    difference: paired?.difference ?? null,
    low: paired?.low ?? null,
    high: paired?.high ?? null,
    isWorse: paired?.isWorse ?? false,
  })),
  predictions: predictions.map(({ moved: _, ...shift }) => shift),
})

export const nameOf = ({ name, from, to }: Upgraded): string => `${name} ${from} → ${to}`
