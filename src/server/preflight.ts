import { stat } from 'node:fs/promises'
import { MillwrightError } from '../base/errors.ts'
import { type GoldenRequests, goldenRequestsSchema } from '../contract/ci.ts'
import type { ModelDefinition } from '../contract/definition.ts'
import type { ModelVersionRecord, Verdict } from '../contract/model.ts'
import type { EndpointRecord } from '../contract/serving.ts'
import { goldenSchema } from '../contract/training.ts'
import { budgetOf } from '../domain/delivery/checks/load.ts'
import type { Packages } from '../domain/delivery/packages.ts'
import type { Projects } from '../domain/lifecycle/project.ts'
import type { PredictorSessions } from '../domain/serving/predictor-sessions.ts'
import type { PlanSources } from '../domain/serving/serving-plan.ts'
import { judgeTargets, requirementsOf } from '../domain/serving/target-check.ts'
import type { Blobs } from '../ports/blobs.ts'
import type { Metadata } from '../ports/metadata.ts'
import { probeService } from './probe-service.ts'
import type { ServingPlans } from './serving-plans.ts'

const mostDifference = 1e-6

interface PreflightServices {
  metadata: Metadata
  blobs: Blobs
  sessions: PredictorSessions
  plans: ServingPlans
  filesOf: PlanSources['filesOf']
  packages(): Packages
  projects(): Projects
}

const verdict = (gate: string, passed: boolean, message: string): Verdict => ({
  gate,
  passed,
  message,
  segment: null,
  measured: null,
  bound: null,
})

/**
 * What a version must show on every connected prediction service before any traffic reaches it there: that the service has what the model needs and can
 * load it, that it answers the golden rows as the evaluation did and what the package recorded, and that it stands its budget. What served on
 * the endpoint before and still does needs no showing, so that the way back is never blocked.
 */
export class Preflight {
  constructor(private readonly services: PreflightServices) {}

  /** @throws `rollout-refused` with every reason; an event says the same. */
  async require(endpoint: EndpointRecord, version: ModelVersionRecord): Promise<void> {
    const failed = (await this.judge(endpoint, version)).filter(({ passed }) => !passed)
    if (failed.length === 0) return
    const why = failed.map(({ gate, message }) => `${gate}: ${message}`).join('; ')
    await this.services.metadata.transaction((writer) =>
      writer.emit({
        type: 'deployment.refused',
        subject: `endpoint:${endpoint.id}`,
        actor: 'system',
        level: 'bad',
        message: `${version.id} gets no traffic of ${endpoint.id}: ${why}`,
        data: { version: version.id, failed },
      }),
    )
    throw new MillwrightError('rollout-refused', `${version.id} gets no traffic of ${endpoint.id}: ${why}`, {
      field: 'version',
      hint: 'Give the prediction service what it lacks, or deploy another version.',
    })
  }

  /** Whether every connected prediction service has what a version needs. */
  async targets(version: ModelVersionRecord, model: ModelDefinition | null): Promise<Verdict> {
    const { blobs, sessions } = this.services
    const hash = version.modelHash ?? version.onnxHash
    const files = await this.services.filesOf(version)
    const size = hash
      ? (await stat(await blobs.pathOf(hash))).size
      : (files ?? []).reduce((sum, file) => sum + file.size, 0)
    return judgeTargets(requirementsOf(version, model, size), model?.requires !== undefined, sessions.connected())
  }

  /** Every verdict, the good ones too; none while no prediction service is connected. */
  async judge(endpoint: EndpointRecord, version: ModelVersionRecord): Promise<Verdict[]> {
    const { metadata, sessions, plans } = this.services
    // Nobody is there to whom traffic could come.
    if (sessions.connected().length === 0) return []
    const record = version.definitionHash ? await metadata.get('definition', version.definitionHash) : undefined
    const model = record?.definition.models.find((each) => each.name === version.model) ?? null
    // Before it is loaded: what is too large must not get there to be found too large. Packages are told once it is asked for.
    const { packages: _, ...size } = model?.requires ?? {}
    const fits = await this.targets(version, model ? { ...model, ...(model.requires ? { requires: size } : {}) } : null)
    if (!fits.passed) return [fits]
    return plans.withCandidate({ endpoint: endpoint.id, version }, async () => {
      const target = await this.targets(version, model)
      if (!target.passed) return [target]
      return [target, ...(await this.answers(endpoint, version))]
    })
  }

  private async answers(endpoint: EndpointRecord, version: ModelVersionRecord): Promise<Verdict[]> {
    const { blobs, sessions, plans } = this.services
    const golden = version.goldenHash
      ? goldenSchema.parse(JSON.parse(new TextDecoder().decode(await blobs.get(version.goldenHash))))
      : null
    const definition = this.services.projects().current?.definition
    const budget = definition ? budgetOf(definition, endpoint.definition) : {}
    const recorded = await this.recorded(endpoint.id, version)
    const verdicts: Verdict[] = []
    for (const { predictor, address, faults } of sessions.connected()) {
      const fault = faults.find((each) => each.version === version.id)
      if (fault) verdicts.push(verdict('loads', false, `${address} cannot load it: ${fault.message}`))
      if (fault || !golden) continue
      const asked = { ...golden, requests: [...golden.requests, ...recorded] }
      const slot = await probeService({ sessions, plans }, predictor, {
        endpoint: endpoint.id,
        version: version.id,
        golden: asked,
        p99Ms: budget.p99Ms,
      })
      const name = 'answers the golden rows'
      if (slot.fault) verdicts.push(verdict(name, false, `${address}: ${slot.fault}`))
      else
        verdicts.push(
          verdict(
            name,
            slot.goldenDifference <= mostDifference,
            `${slot.goldenRows} rows differ by ${slot.goldenDifference.toExponential(1)} at most on ${address}`,
          ),
        )
      const sorted = [...slot.latenciesMs].sort((a, b) => a - b)
      const p99 = sorted[Math.floor(sorted.length * 0.99)]
      if (!slot.fault && budget.p99Ms !== undefined && p99 !== undefined)
        verdicts.push(
          verdict(
            'stands its budget',
            p99 <= budget.p99Ms,
            `the 99th percentile is ${p99.toFixed(2)} ms on ${address}, the budget ${budget.p99Ms} ms`,
          ),
        )
    }
    return verdicts
  }

  /** Requests that the package in force has recorded for this endpoint, and that a version with these request columns must answer. */
  private async recorded(
    endpoint: string,
    version: ModelVersionRecord,
  ): Promise<GoldenRequests[string]['requests'][number]['request'][]> {
    const { current } = this.services.projects()
    if (!current?.packageHash || current.id !== version.definitionHash) return []
    const { files } = await this.services.packages().read(current.packageHash)
    const file = files.get('golden.json')
    if (!file) return []
    const golden = goldenRequestsSchema.parse(JSON.parse(new TextDecoder().decode(file.bytes)))
    return (golden[endpoint]?.requests ?? []).map(({ request }) => request)
  }
}
