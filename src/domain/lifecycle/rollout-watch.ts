import { type Clock, day } from '../../base/clock.ts'
import type { DeploymentRecord, EndpointRecord, PredictionRecord, RolloutStanding } from '../../contract/serving.ts'
import type { Metadata } from '../../ports/metadata.ts'
import type { Deployments } from '../serving/deployments.ts'
import { checkRollout, type RolloutVerdict, type StepFigures, summaryOf } from '../serving/rollout-check.ts'

/** Figures of the newest answers are enough for a verdict, and bounded. */
const mostFigures = 20_000

interface Seen extends StepFigures {
  /** How many answers had a score. */
  scored: number
}
const none = (): Seen => ({ answers: 0, errors: 0, latencyUs: [], scores: [], scored: 0 })

/**
 * Follows rollouts by the predictions as they arrive, and moves them on, or back. After a restart what had arrived of a step is read again, so that
 * it is judged by the same answers.
 */
export class RolloutWatch {
  /** Endpoint → version and role → what was seen of the step. */
  private readonly figures = new Map<string, Map<string, Seen>>()
  /** Endpoint → project time from which on answers belong to the step. */
  private readonly since = new Map<string, number>()

  constructor(
    private readonly metadata: Metadata,
    private readonly clock: Clock,
    private readonly deployments: Deployments,
  ) {}

  /** After a start: sees what was logged of every rollout that is under way. @param read records of those times, at least. */
  async restore(read: (from: number, to: number) => AsyncIterable<PredictionRecord>): Promise<void> {
    for (const { endpoint, stepStartedAt } of await this.metadata.find('deployment', { where: { state: 'rolling' } })) {
      this.begin(endpoint, stepStartedAt)
      for await (const record of read(stepStartedAt, this.clock.now() + day))
        if (record.endpoint === endpoint) this.saw(record)
    }
  }

  /** A step begins, or a rollout ends: what was answered before is no measure of what comes. */
  begin(endpoint: string, at: number): void {
    this.figures.delete(endpoint)
    this.since.set(endpoint, at)
  }

  /** A prediction that was logged. */
  saw(record: PredictionRecord): void {
    if (record.role !== 'primary' && record.role !== 'canary') return
    if (record.time < (this.since.get(record.endpoint) ?? Number.NEGATIVE_INFINITY)) return
    const versions = this.figures.get(record.endpoint) ?? new Map<string, Seen>()
    this.figures.set(record.endpoint, versions)
    const key = `${record.version} ${record.role}`
    const figures = versions.get(key) ?? none()
    versions.set(key, figures)
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

  /** How the rollout of an endpoint stands now; null when none is under way. */
  async standing(endpoint: EndpointRecord): Promise<RolloutStanding | null> {
    const [deployment] = await this.metadata.find('deployment', { where: { endpoint: endpoint.id, state: 'rolling' } })
    if (!deployment) return null
    const { verdict, canary, primary, heldMs } = this.judge(endpoint, deployment)
    return { deployment: deployment.id, ...verdict, heldMs, canary: summaryOf(canary), primary: summaryOf(primary) }
  }

  private judge(
    endpoint: EndpointRecord,
    deployment: DeploymentRecord,
  ): { verdict: RolloutVerdict; canary: Seen; primary: Seen; heldMs: number } {
    const versions = this.figures.get(endpoint.id)
    const canary = versions?.get(`${deployment.version} canary`) ?? none()
    const primary = (endpoint.serving ? versions?.get(`${endpoint.serving} primary`) : undefined) ?? none()
    const heldMs = this.clock.now() - deployment.stepStartedAt
    return { verdict: checkRollout(endpoint.definition.rollout, canary, primary, heldMs), canary, primary, heldMs }
  }

  /** Judges every rollout that is under way, as of now. */
  async check(): Promise<void> {
    const underWay = await this.metadata.find('deployment', { where: { state: 'rolling' } })
    const rolling = new Set(underWay.map((deployment) => deployment.endpoint))
    for (const endpoint of this.figures.keys()) if (!rolling.has(endpoint)) this.figures.delete(endpoint)
    for (const deployment of underWay) {
      const endpoint = await this.metadata.get('endpoint', deployment.endpoint)
      if (!endpoint) continue
      const { verdict } = this.judge(endpoint, deployment)
      if (verdict.action === 'wait') continue
      if (verdict.action === 'advance') await this.deployments.advance(deployment.id, verdict.because)
      else await this.deployments.rollBack(endpoint.id, 'system', verdict.because, { level: 'bad' })
    }
  }
}
