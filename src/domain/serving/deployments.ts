import type { Clock } from '../../base/clock.ts'
import { MillwrightError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import type { EndpointDefinition } from '../../contract/definition.ts'
import type { ModelVersionRecord } from '../../contract/model.ts'
import type { DeploymentRecord, EndpointRecord } from '../../contract/serving.ts'
import type { Metadata, RecordReader, RecordWriter } from '../../ports/metadata.ts'

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`

/** @throws `rollout-refused` for a version of which no prediction service could answer. */
function checkServable({ id, modelHash, onnxHash, filesHash, signature }: ModelVersionRecord): void {
  if (modelHash !== null || onnxHash !== null) return
  const refuse = (why: string, hint: string) => new MillwrightError('rollout-refused', why, { field: 'version', hint })
  if (filesHash === null)
    throw refuse(
      `the files of ${id} are not kept here`,
      'Register it from a run or a logged model of this control plane.',
    )
  if (signature.request.length === 0)
    throw refuse(
      `${id} does not say what it takes`,
      'Log it with an input_example or a signature of columns or tensors, and register it again.',
    )
}

type VersionReader = RecordReader & Pick<Metadata, 'registry'>

/** What is written in the transaction of a change, with what the change made. */
type Also = (writer: RecordWriter, made: Record<string, string>) => Promise<void>

/** From where a rollback leads, and to where. */
interface WayBack {
  endpoint: EndpointRecord
  /** The deployment that ends. */
  last: DeploymentRecord
  /** The version that answers afterwards. */
  to: string
}

/** A rollout as it would begin. */
export interface PlannedDeployment {
  endpoint: EndpointRecord
  /** Without an id. */
  deployment: DeploymentRecord
  /** The rollout that it would replace. */
  replaces: DeploymentRecord | undefined
}

/** Which version answers where: rollouts step by step, and the way back. Every change is one transaction with its event. */
export class Deployments {
  constructor(
    private readonly metadata: Metadata,
    private readonly clock: Clock,
    /** Called after every change. */
    private readonly changed: (endpoint: string) => void,
    /** Called before anything of a version's traffic begins; throws when no prediction service may get it. */
    private readonly mayServe: (
      endpoint: EndpointRecord,
      version: ModelVersionRecord,
    ) => Promise<void> = async () => {},
  ) {}

  /** Creates the endpoint, or takes over its changed definition. What it serves stays. */
  async define(writer: RecordWriter, definition: EndpointDefinition, actor: string): Promise<void> {
    const known = await writer.get('endpoint', definition.name)
    await writer.put('endpoint', {
      id: definition.name,
      definition,
      serving: known?.serving ?? null,
      frozen: known?.frozen ?? null,
      references: known?.references ?? {},
    })
    if (!known) {
      await writer.emit({
        type: 'endpoint.created',
        subject: `endpoint:${definition.name}`,
        actor,
        message: `Endpoint ${definition.name} was created for model ${definition.model}`,
      })
    }
  }

  /**
   * Starts a rollout. One that is under way is replaced by it.
   *
   * @throws `conflict` when the version is not registered or serves already; `rollout-refused`.
   */
  async start(
    endpointName: string,
    versionId: string,
    startedBy: string,
    reason: string,
    also: Also = async () => {},
  ): Promise<DeploymentRecord> {
    const asked = await this.deployable(this.metadata, endpointName, versionId)
    await this.mayServe(asked.endpoint, asked.version)
    const deployment = await this.metadata.transaction(async (writer) => {
      const planned = await this.planned(writer, endpointName, versionId, startedBy, reason)
      const { endpoint, replaces } = planned
      const now = planned.deployment.startedAt
      if (replaces) await writer.update('deployment', replaces.id, { state: 'replaced', endedAt: now })
      const { holdMs, minAnswers } = endpoint.definition.rollout
      const started: DeploymentRecord = { ...planned.deployment, id: newId('dep') }
      await writer.insert('deployment', started)
      await also(writer, { deployment: started.id })
      await writer.emit({
        type: 'deployment.started',
        subject: `endpoint:${endpointName}`,
        actor: startedBy,
        message: `${versionId} takes ${percent(started.share)} of the traffic of ${endpointName} (${reason})`,
        data: { deployment: started.id, version: versionId, share: started.share, previous: endpoint.serving },
      })
      const isUnwatched = holdMs === 0 && minAnswers === 0
      if (started.share >= 1 && (endpoint.serving === null || isUnwatched))
        return this.complete(writer, started, startedBy)
      return started
    })
    this.changed(endpointName)
    return deployment
  }

  /**
   * How a rollout would begin.
   *
   * @throws `conflict` when the version is not registered or serves already; `not-found`
   */
  async planned(
    reader: VersionReader,
    endpointName: string,
    versionId: string,
    startedBy: string,
    reason: string,
  ): Promise<PlannedDeployment> {
    const { endpoint, rolling } = await this.deployable(reader, endpointName, versionId)
    const now = this.clock.now()
    const { steps } = endpoint.definition.rollout
    // With nothing that serves there is nobody to compare with, and no traffic to keep from it.
    const first = endpoint.serving === null ? steps.length - 1 : 0
    return {
      endpoint,
      deployment: {
        id: '',
        endpoint: endpointName,
        version: versionId,
        state: 'rolling',
        step: first,
        share: steps[first] ?? 1,
        previous: endpoint.serving,
        startedAt: now,
        stepStartedAt: now,
        endedAt: null,
        reason,
        startedBy,
      },
      replaces: rolling,
    }
  }

  /** The next step of a rollout that stood its checks; after the last one the version serves alone. */
  async advance(id: string, because: string): Promise<void> {
    const endpoint = await this.metadata.transaction(async (writer) => {
      const deployment = await this.stillRolling(writer, id)
      if (!deployment) return null
      const { steps } = (await this.endpoint(writer, deployment.endpoint)).definition.rollout
      const step = deployment.step + 1
      const share = steps[step]
      if (share === undefined || share >= 1) {
        await this.complete(
          writer,
          { ...deployment, step: Math.min(step, steps.length - 1), share: 1 },
          'system',
          because,
        )
        return deployment.endpoint
      }
      await writer.update('deployment', id, { step, share, stepStartedAt: this.clock.now() })
      await writer.emit({
        type: 'deployment.advanced',
        subject: `endpoint:${deployment.endpoint}`,
        actor: 'system',
        level: 'good',
        message: `${deployment.version} now takes ${percent(share)} of the traffic of ${deployment.endpoint}: ${because}`,
        data: { deployment: id, version: deployment.version, share },
      })
      return deployment.endpoint
    })
    if (endpoint !== null) this.changed(endpoint)
  }

  /**
   * What serves now or is being rolled out, and what a rollback would return to: the version before it, or an earlier one that is named.
   *
   * @throws `conflict` when there is nothing to go back to, or the named version never served here; `not-found`
   */
  async wayBack(reader: RecordReader, endpointName: string, to?: string): Promise<WayBack> {
    const endpoint = await this.endpoint(reader, endpointName)
    const rolling = await this.rolling(reader, endpointName)
    const last = rolling ?? (await this.completed(reader, endpoint))
    const target = to ?? last?.previous
    if (!last || !target)
      throw new MillwrightError('conflict', `endpoint ${endpointName} has no earlier version to return to`)
    if (to !== undefined) {
      const deployments = await reader.find('deployment', { where: { endpoint: endpointName } })
      if (endpoint.serving === to && !rolling)
        throw new MillwrightError('conflict', `endpoint ${endpointName} serves ${to} already`, { field: 'version' })
      const served = new Set(deployments.map(({ previous }) => previous))
      if (endpoint.serving !== to && !served.has(to))
        throw new MillwrightError('conflict', `${to} never served ${endpointName}`, {
          field: 'version',
          hint: `There is a way back to ${[...served].filter((each) => each !== null && each !== endpoint.serving).join(', ') || 'nothing'}; \`millwright deploy\` rolls out any other version step by step.`,
        })
      if ((await reader.get('model_version', to))?.state !== 'registered')
        throw new MillwrightError('conflict', `version ${to} is no longer kept`, { field: 'version' })
    }
    return { endpoint, last, to: target }
  }

  /**
   * Back to what served before: ends a rollout that is under way, or returns from the version that serves to the one before it, or to the
   * one that is named.
   *
   * @throws as `wayBack`
   */
  async rollBack(
    endpointName: string,
    actor: string,
    reason: string,
    { level = 'warning', to, also = async () => {} }: { level?: 'warning' | 'bad'; to?: string; also?: Also } = {},
  ): Promise<{ deployment: DeploymentRecord; serving: string }> {
    const result = await this.metadata.transaction(async (writer) => {
      const { endpoint, last, to: target } = await this.wayBack(writer, endpointName, to)
      const now = this.clock.now()
      const deployment = await writer.update('deployment', last.id, {
        state: 'rolled-back',
        endedAt: now,
        reason: `${last.reason}; rolled back: ${reason}`,
      })
      await writer.update('endpoint', endpointName, { serving: target })
      await also(writer, { deployment: deployment.id, serving: target })
      await this.moveProduction(writer, endpoint.definition.model, target, actor)
      await writer.emit({
        type: 'deployment.rolled-back',
        subject: `endpoint:${endpointName}`,
        actor,
        level,
        message: `${endpointName} is back on ${target}, away from ${last.version}: ${reason}`,
        data: { deployment: last.id, from: last.version, to: target },
      })
      return { deployment, serving: target }
    })
    this.changed(endpointName)
    return result
  }

  private async complete(
    writer: RecordWriter,
    deployment: DeploymentRecord,
    actor: string,
    because = '',
  ): Promise<DeploymentRecord> {
    const endpoint = await this.endpoint(writer, deployment.endpoint)
    const now = this.clock.now()
    for (const serving of await writer.find('deployment', { where: { endpoint: endpoint.id, state: 'serving' } })) {
      await writer.update('deployment', serving.id, { state: 'replaced', endedAt: now })
    }
    const done = await writer.update('deployment', deployment.id, {
      state: 'serving',
      step: deployment.step,
      share: 1,
      stepStartedAt: now,
      endedAt: now,
    })
    const frozen = endpoint.definition.frozen ? (endpoint.frozen ?? deployment.version) : null
    await writer.update('endpoint', endpoint.id, { serving: deployment.version, frozen })
    await this.moveProduction(writer, endpoint.definition.model, deployment.version, actor)
    await writer.emit({
      type: 'deployment.completed',
      subject: `endpoint:${endpoint.id}`,
      actor,
      level: 'good',
      message: `${deployment.version} serves ${endpoint.id}${because ? `: ${because}` : ''}`,
      data: { deployment: deployment.id, version: deployment.version },
    })
    return done
  }

  /** The alias `production` follows what serves. */
  private async moveProduction(writer: RecordWriter, model: string, version: string, actor: string): Promise<void> {
    const id = `${model}/production`
    const before = await writer.get('alias', id)
    if (before?.version === version) return
    await writer.put('alias', { id, model, alias: 'production', version, movedAt: this.clock.now(), movedBy: actor })
    await writer.emit({
      type: 'model.alias-moved',
      subject: `model:${model}`,
      actor,
      message: `Alias production of ${model} moved from ${before?.version ?? 'nothing'} to ${version}`,
      data: { alias: 'production', from: before?.version ?? null, to: version },
    })
  }

  /** @throws `not-found`, `conflict` */
  private async deployable(
    reader: VersionReader,
    endpointName: string,
    versionId: string,
  ): Promise<{ endpoint: EndpointRecord; version: ModelVersionRecord; rolling: DeploymentRecord | undefined }> {
    const endpoint = await this.endpoint(reader, endpointName)
    const version = await reader.get('model_version', versionId)
    // The record of one that was deleted may not be removed yet.
    const isThere = version && (await reader.registry.version(version.model, version.number))
    if (!isThere) throw new MillwrightError('not-found', `there is no model version "${versionId}"`)
    if (version.state !== 'registered')
      throw new MillwrightError(
        'conflict',
        `version ${versionId} is ${version.state}: only a registered version can be deployed`,
      )
    checkServable(version)
    const rolling = await this.rolling(reader, endpointName)
    if (endpoint.serving === versionId && !rolling)
      throw new MillwrightError('conflict', `endpoint ${endpointName} serves ${versionId} already`)
    return { endpoint, version, rolling }
  }

  private async endpoint(reader: RecordReader, name: string): Promise<EndpointRecord> {
    const endpoint = await reader.get('endpoint', name)
    if (!endpoint) throw new MillwrightError('not-found', `there is no endpoint "${name}"`)
    return endpoint
  }

  private async rolling(reader: RecordReader, endpoint: string): Promise<DeploymentRecord | undefined> {
    return (await reader.find('deployment', { where: { endpoint, state: 'rolling' } })).at(-1)
  }

  private async stillRolling(writer: RecordWriter, id: string): Promise<DeploymentRecord | undefined> {
    const deployment = await writer.get('deployment', id)
    return deployment?.state === 'rolling' ? deployment : undefined
  }

  /** The deployment that brought the version that serves now. */
  private async completed(reader: RecordReader, endpoint: EndpointRecord): Promise<DeploymentRecord | undefined> {
    if (endpoint.serving === null) return undefined
    const all = await reader.find('deployment', {
      where: { endpoint: endpoint.id, version: endpoint.serving },
      orderBy: { field: 'startedAt' },
    })
    return all.filter((deployment) => deployment.state === 'serving' || deployment.state === 'replaced').at(-1)
  }
}
