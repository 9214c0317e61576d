import type { Finding } from '../../../contract/ci.ts'
import type { Definition, EndpointDefinition } from '../../../contract/definition.ts'
import { type CheckVerdict, fault, skipped, verdictOf } from './verdict.ts'

/** An endpoint under requests from several callers at once. */
export interface LoadMeasurement {
  requests: number
  failed: number
  /** Why the first of those failed. */
  failure: string | null
  seconds: number
  callers: number
  requestsPerSecond: number
  p50Ms: number
  p95Ms: number
  p99Ms: number
}

/** What an endpoint must stand: its own budget, or for want of one the latency gate of its model. */
export function budgetOf(
  definition: Definition,
  endpoint: EndpointDefinition,
): { p99Ms?: number; requestsPerSecond?: number } {
  const model = definition.models.find((each) => each.name === endpoint.model)
  const gates = (model?.gates ?? []).flatMap((gate) => (gate.kind === 'latency' ? [gate.p99Ms] : []))
  return { ...(gates.length > 0 ? { p99Ms: Math.min(...gates) } : {}), ...endpoint.budget }
}

/** Requests a second and latencies against the budget. */
export function checkLoad(definition: Definition, measured: ReadonlyMap<string, LoadMeasurement>): CheckVerdict {
  if (measured.size === 0) return skipped('load', 'no endpoint serves')
  const findings: Finding[] = []
  const figures: Record<string, number> = {}
  for (const [name, load] of measured) {
    const endpoint = definition.endpoints.find((each) => each.name === name)
    if (!endpoint) continue
    const budget = budgetOf(definition, endpoint)
    const place = `endpoints.${name}`
    figures[`${name} requests/s`] = load.requestsPerSecond
    figures[`${name} p50 ms`] = load.p50Ms
    figures[`${name} p95 ms`] = load.p95Ms
    figures[`${name} p99 ms`] = load.p99Ms
    if (load.failed > 0)
      findings.push(
        fault(
          place,
          `${load.failed} of ${load.requests} requests failed under load: ${load.failure}`,
          'Look at the log of the prediction service.',
        ),
      )
    if (budget.p99Ms !== undefined && load.p99Ms > budget.p99Ms)
      findings.push(
        fault(
          `${place}.budget.p99Ms`,
          `the 99th percentile is ${load.p99Ms.toFixed(2)} ms with ${load.callers} callers, the budget ${budget.p99Ms} ms`,
          'Make the model smaller, take fewer features, or widen the budget.',
        ),
      )
    if (budget.requestsPerSecond !== undefined && load.requestsPerSecond < budget.requestsPerSecond)
      findings.push(
        fault(
          `${place}.budget.requestsPerSecond`,
          `it answers ${Math.round(load.requestsPerSecond)} requests a second, the budget asks for ${budget.requestsPerSecond}`,
          'Make the model smaller, take fewer features, or lower the budget.',
        ),
      )
  }
  return verdictOf('load', `${measured.size} endpoints stay within their budgets`, findings, figures)
}
