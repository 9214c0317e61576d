import type { Golden } from '../contract/training.ts'
import type { SlotMeasurement } from '../domain/registry/gates.ts'
import type { PredictorSessions } from '../domain/serving/predictor-sessions.ts'
import { probeSlot } from './probe.ts'
import type { ServingPlans } from './serving-plans.ts'

const mostTries = 3

export interface ServiceProbe {
  endpoint: string
  version: string
  golden: Golden
  /** Of the latency, from several callers at once: when it is met, no further round is asked for. */
  p99Ms?: number | undefined
}

/**
 * Tries a version on a connected prediction service. One that goes away meanwhile says nothing of the version: it is tried again when the service is
 * back, but not for ever, since it may be the version that ends it.
 *
 * @param predictor the id of the service.
 */
export async function probeService(
  { sessions, plans }: { sessions: PredictorSessions; plans: ServingPlans },
  predictor: string,
  { endpoint, version, golden, p99Ms }: ServiceProbe,
): Promise<SlotMeasurement> {
  for (let tries = 1; ; tries += 1) {
    const slot = await probeSlot(sessions.addressOf(predictor), endpoint, version, golden, p99Ms)
    if (!slot.wasCutOff || tries === mostTries || !(await sessions.heardAfter(predictor, Date.now()))) return slot
    await plans.untilServed()
  }
}
