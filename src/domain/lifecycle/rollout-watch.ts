import type { Clock } from '../../base/clock.ts'
import type { PredictionRecord } from '../../contract/serving.ts'
import type { Metadata } from '../../ports/metadata.ts'
import type { Deployments } from '../serving/deployments.ts'
import { checkRollout, type StepFigures } from '../serving/rollout-check.ts'

/** Figures of the newest answers are enough for a verdict, and bounded. */
const mostFigures = 20_000

interface Seen extends StepFigures {
  /** How many answers had a score. */
  scored: number
}
const none = (): Seen => ({ answers: 0, errors: 0, latencyUs: [], scores: [], scored: 0 })

/**
 * Follows rollouts by the predictions as they arrive, and moves them on, or back. After a restart a step is judged by what arrives from then on: it
 * is held for longer, never shorter.
 */
export class RolloutWatch {
  private readonly figures = new Map<string, Map<string, Seen>>()

  constructor(
    private readonly metadata: Metadata,
    private readonly clock: Clock,
    private readonly deployments: Deployments,
  ) {}

  /** A prediction that was logged. */
  saw(record: PredictionRecord): void {
    if (record.role !== 'primary' && record.role !== 'canary') return
    const versions = this.figures.get(record.endpoint) ?? new Map<string, Seen>()
    this.figures.set(record.endpoint, versions)
    const figures = versions.get(record.version) ?? none()
    versions.set(record.version, figures)
    // The newest take the places of the oldest.
    const place = figures.answers % mostFigures
    figures.answers += 1
    if (record.error !== null) figures.errors += 1
    figures.latencyUs[place] = record.latencyUs
    if (typeof record.score === 'number') {
      figures.scores[figures.scored % mostFigures] = record.score
      figures.scored += 1
    }
  }

  /** Judges every rollout that is under way, as of now. */
  async check(): Promise<void> {
    const underWay = await this.metadata.find('deployment', { where: { state: 'rolling' } })
    const rolling = new Set(underWay.map((deployment) => deployment.endpoint))
    for (const endpoint of this.figures.keys()) if (!rolling.has(endpoint)) this.figures.delete(endpoint)
    for (const deployment of underWay) {
      const endpoint = await this.metadata.get('endpoint', deployment.endpoint)
      if (!endpoint) continue
      const versions = this.figures.get(endpoint.id)
      const canary = versions?.get(deployment.version) ?? none()
      const primary = (endpoint.serving ? versions?.get(endpoint.serving) : undefined) ?? none()
      const verdict = checkRollout(
        endpoint.definition.rollout,
        canary,
        primary,
        this.clock.now() - deployment.stepStartedAt,
      )
      if (verdict.action === 'wait') continue
      this.figures.delete(endpoint.id)
      if (verdict.action === 'advance') await this.deployments.advance(deployment.id, verdict.because)
      else await this.deployments.rollBack(endpoint.id, 'system', verdict.because, 'bad')
    }
  }
}
