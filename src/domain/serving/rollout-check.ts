import type { EndpointDefinition } from '../../contract/definition.ts'
import type { RolloutStanding } from '../../contract/serving.ts'

/** What the prediction log says of one version during one step of a rollout. */
export interface StepFigures {
  answers: number
  errors: number
  latencyUs: number[]
  /** Probabilities or values of its answers. */
  scores: number[]
}

export type RolloutVerdict = { action: 'wait' | 'advance' | 'roll-back'; because: string }

const quantile = (values: number[], share: number): number => {
  if (values.length === 0) return Number.NaN
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!
}
const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const variance = (values: number[]): number => {
  const centre = mean(values)
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / Math.max(1, values.length - 1)
}
/** What people are shown of a step's figures. */
export const summaryOf = ({ answers, errors, latencyUs, scores }: StepFigures): RolloutStanding['canary'] => ({
  answers,
  errors,
  p95Ms: latencyUs.length === 0 ? null : quantile(latencyUs, 0.95) / 1000,
  meanScore: scores.length === 0 ? null : mean(scores),
})
/** Below this a single slow answer decides, which says nothing. */
const leastForLatency = 30

/**
 * Whether a step of a rollout may go on, by what both versions did during it: share of errors, latency (p95, and at least half a millisecond
 * slower), and a shift of the mean score beyond the bound that chance does not explain (|z| > 4). Errors are judged at once, the rest once there is enough.
 */
export function checkRollout(
  rollout: EndpointDefinition['rollout'],
  canary: StepFigures,
  primary: StepFigures,
  heldMs: number,
): RolloutVerdict {
  const errorShare = canary.answers === 0 ? 0 : canary.errors / canary.answers
  if (canary.errors >= 3 && errorShare > rollout.maxErrorShare) {
    return {
      action: 'roll-back',
      because: `${canary.errors} of ${canary.answers} answers failed, the bound is ${rollout.maxErrorShare * 100} %`,
    }
  }
  if (canary.latencyUs.length >= leastForLatency && primary.latencyUs.length >= leastForLatency) {
    const [slow, usual] = [quantile(canary.latencyUs, 0.95), quantile(primary.latencyUs, 0.95)]
    if (slow > usual * rollout.maxLatencyRatio && slow - usual > 500) {
      return {
        action: 'roll-back',
        because: `its p95 latency is ${(slow / 1000).toFixed(2)} ms beside ${(usual / 1000).toFixed(2)} ms, the bound is ${rollout.maxLatencyRatio} times`,
      }
    }
  }
  if (canary.scores.length >= leastForLatency && primary.scores.length >= leastForLatency) {
    const shift = mean(canary.scores) - mean(primary.scores)
    const error = Math.sqrt(
      variance(canary.scores) / canary.scores.length + variance(primary.scores) / primary.scores.length,
    )
    if (Math.abs(shift) > rollout.maxScoreShift && Math.abs(shift) > 4 * error) {
      return {
        action: 'roll-back',
        because: `its mean score is ${shift > 0 ? '+' : ''}${shift.toFixed(3)} away from the old version's, the bound is ${rollout.maxScoreShift}`,
      }
    }
  }
  if (heldMs < rollout.holdMs) return { action: 'wait', because: 'the step has not been held long enough' }
  if (canary.answers < rollout.minAnswers)
    return { action: 'wait', because: `${canary.answers} answers of ${rollout.minAnswers}` }
  const p95 = canary.latencyUs.length > 0 ? `, p95 ${(quantile(canary.latencyUs, 0.95) / 1000).toFixed(2)} ms` : ''
  return {
    action: 'advance',
    because: `${canary.answers} answers in ${(heldMs / 3_600_000).toFixed(1)} h, ${canary.errors} errors${p95}`,
  }
}
