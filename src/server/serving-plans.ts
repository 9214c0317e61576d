import type { ServingPlan } from '../contract/serving.ts'
import type { PredictorSessions, PredictorStanding } from '../domain/serving/predictor-sessions.ts'
import { type Candidate, composePlan, type PlanSources } from '../domain/serving/serving-plan.ts'
import type { Metadata } from '../ports/metadata.ts'

/** How long a prediction service may take to serve a new plan before whoever waits is told. */
const serveLimitMs = 60_000
/** And to prepare a Python model, whose packages it may have to install first. */
const prepareLimitMs = 15 * 60_000

/** The plan as it is now, made anew when something in it changed. */
export class ServingPlans {
  private readonly candidates = new Map<string, Candidate>()
  private plan: Promise<ServingPlan> | null = null

  constructor(
    private readonly metadata: Metadata,
    private readonly sources: Pick<PlanSources, 'entityBlob' | 'filesOf'>,
    private readonly sessions: PredictorSessions,
  ) {}

  /** Something that the plan says may be different now. */
  changed(): void {
    this.plan = null
    this.sessions.announce()
  }

  current(): Promise<ServingPlan> {
    this.plan ??= composePlan({
      records: this.metadata,
      candidates: [...this.candidates.values()],
      ...this.sources,
    })
    return this.plan
  }

  /** Resolves when every connected prediction service serves the plan of now. */
  async untilServed(): Promise<void> {
    const { revision } = await this.current()
    await this.sessions.untilAll((standing) => standing.revision === revision, serveLimitMs, 'serve the new plan')
  }

  /** Loads a candidate into a slot that takes no traffic, for as long as `work` takes. */
  async withCandidate<T>(candidate: Candidate, work: () => Promise<T>): Promise<T> {
    this.candidates.set(candidate.version.id, candidate)
    this.changed()
    try {
      await this.untilServed()
      const { id } = candidate.version
      const isPrepared = ({ preparing }: PredictorStanding) => !preparing.includes(id)
      await this.sessions.untilAll(isPrepared, prepareLimitMs, `prepare ${id}`)
      return await work()
    } finally {
      this.candidates.delete(candidate.version.id)
      this.changed()
    }
  }
}
