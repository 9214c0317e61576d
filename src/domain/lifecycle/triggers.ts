import { Cron } from 'croner'
import type { Clock } from '../../base/clock.ts'
import { day, isoTime } from '../../base/clock.ts'
import { messageOf } from '../../base/errors.ts'
import type { TriggerDefinition } from '../../contract/definition.ts'
import type { RunRecord } from '../../contract/run.ts'
import { isRunOver, runStates } from '../../contract/states.ts'
import type { Metadata, RecordWriter } from '../../ports/metadata.ts'
import type { Projects } from './project.ts'

/** What starts a pipeline for a trigger. */
export type StartRun = (request: {
  pipeline: string
  startedBy: string
  reason: string
  params?: Record<string, never>
  /** Written in the transaction that makes the run. */
  also: (writer: RecordWriter, run: RunRecord) => Promise<void>
}) => Promise<RunRecord>

/** Runs that are under way, wait, or go on after the next start. */
const underWay = runStates.filter((state) => !isRunOver(state))
/** A trigger's own last run is looked for among that many of its pipeline. */
const recentRuns = 100

const duration = (ms: number): string =>
  ms >= 2 * day ? `${Math.round(ms / day)} days` : `${Number((ms / 3_600_000).toPrecision(2))} hours`

interface Cause {
  trigger: TriggerDefinition
  reason: string
  data: Record<string, unknown>
}

/** Starts pipelines by themselves: on a schedule, on new data, on an alert, on value skew. */
export class Triggers {
  /** Firings that were held back or failed, told once each. */
  private readonly told = new Set<string>()
  private considering: Promise<RunRecord[]> = Promise.resolve([])

  constructor(
    private readonly metadata: Metadata,
    private readonly clock: Clock,
    private readonly projects: Projects,
    private readonly start: StartRun,
  ) {}

  /** Looks at every trigger once. One look at a time, so that two of them cannot start the same pipeline for the same reason. @returns runs that were started. */
  consider(): Promise<RunRecord[]> {
    this.considering = this.considering.catch(() => []).then(() => this.look())
    return this.considering
  }

  /** Runs that triggers started and that are not over. */
  async underWay(): Promise<RunRecord[]> {
    const runs = await this.metadata.find('run', { where: { state: underWay } })
    return runs.filter((run) => run.startedBy.startsWith('trigger:'))
  }

  private async look(): Promise<RunRecord[]> {
    const definition = this.projects.current?.definition
    if (!definition) return []
    const started: RunRecord[] = []
    const busy = new Set<string>()
    for (const trigger of definition.triggers) {
      if (busy.has(trigger.pipeline)) continue
      const [last] = await this.metadata.find('run', {
        where: { pipeline: trigger.pipeline },
        orderBy: { field: 'queuedAt', direction: 'desc' },
        limit: 1,
      })
      const cause = await this.causeOf(trigger, last)
      if (!cause) continue
      if ((await this.metadata.count('run', { pipeline: trigger.pipeline, state: underWay })) > 0) continue
      if (await this.heldBack(cause, last)) continue
      const run = await this.fire(cause)
      if (run) {
        started.push(run)
        busy.add(trigger.pipeline)
      }
    }
    return started
  }

  private async causeOf(trigger: TriggerDefinition, last: RunRecord | undefined): Promise<Cause | null> {
    const { on } = trigger
    const now = this.clock.now()
    const since = last?.time ?? Number.NEGATIVE_INFINITY
    switch (on.kind) {
      case 'schedule': {
        const fired = await this.lastFired(trigger)
        const next = new Cron(on.cron, { timezone: 'UTC' }).nextRun(new Date(fired))
        // However many firings were missed, one run makes up for all of them.
        return next && next.getTime() <= now
          ? { trigger, reason: `its schedule (${on.cron})`, data: { due: next.getTime() } }
          : null
      }
      case 'new-data': {
        // Without a first run there is no model to renew; the first one is somebody's decision.
        if (!last) return null
        const state = await this.metadata.get('dataset', on.dataset)
        const version =
          state && state.version > 0
            ? await this.metadata.get('dataset_version', `${on.dataset}@${state.version}`)
            : undefined
        if (!version || version.to === null || version.to - since < on.everyMs) return null
        return {
          trigger,
          reason: `${Math.floor((version.to - since) / day)} days of new data in ${version.id}`,
          data: { dataset: version.id, since: isoTime(since) },
        }
      }
      case 'alert': {
        const alerts = await this.metadata.find('alert', {
          where: { monitor: on.monitor, state: 'open', raisedAt: { above: Number.isFinite(since) ? since : 0 } },
        })
        const [first] = alerts
        return first ? { trigger, reason: `alert: ${first.message}`, data: { alert: first.id } } : null
      }
      case 'value-skew': {
        const [event] = await this.metadata.latestEvents({
          type: 'dataset.value-skew',
          subject: `dataset:${on.dataset}`,
          limit: 1,
        })
        return event && event.time > since ? { trigger, reason: event.message, data: { event: event.seq } } : null
      }
    }
  }

  /** A run that was started before a crash could be noted down counts all the same. */
  private async lastFired(trigger: TriggerDefinition): Promise<number> {
    const noted = (await this.metadata.get('trigger', trigger.name))?.firedAt ?? this.projects.applied.appliedAt
    const runs = await this.metadata.find('run', {
      where: { pipeline: trigger.pipeline },
      orderBy: { field: 'queuedAt', direction: 'desc' },
      limit: recentRuns,
    })
    const own = runs.find((run) => run.startedBy === `trigger:${trigger.name}`)
    return Math.max(noted, own?.time ?? Number.NEGATIVE_INFINITY)
  }

  private async heldBack({ trigger, reason }: Cause, last: RunRecord | undefined): Promise<boolean> {
    const why = await this.whyHeldBack(trigger, last)
    if (why === null) return false
    await this.tellOnce(trigger, `${trigger.pipeline} was not started (${reason}): ${why}`, 'info')
    return true
  }

  private async tellOnce(trigger: TriggerDefinition, message: string, level: 'info' | 'bad'): Promise<void> {
    const key = `${trigger.name}/${message}`
    if (this.told.has(key)) return
    this.told.add(key)
    await this.metadata.transaction((writer) =>
      writer.emit({
        type: 'trigger.suppressed',
        subject: `trigger:${trigger.name}`,
        actor: 'system',
        level,
        message,
        data: { pipeline: trigger.pipeline },
      }),
    )
  }

  private async whyHeldBack(trigger: TriggerDefinition, last: RunRecord | undefined): Promise<string | null> {
    const now = this.clock.now()
    if (last && now - last.time < trigger.cooldownMs)
      return `the last run began on ${isoTime(last.time).slice(0, 10)}, and ${duration(trigger.cooldownMs)} must lie between two`
    if (trigger.atMost !== null) {
      const runs = await this.metadata.find('run', { where: { pipeline: trigger.pipeline } })
      if (runs.filter((run) => run.startedBy.startsWith('trigger:')).length >= trigger.atMost)
        return `triggers have started it ${trigger.atMost} times, which is all they may`
    }
    return null
  }

  private async fire({ trigger, reason, data }: Cause): Promise<RunRecord | null> {
    const known = await this.metadata.get('trigger', trigger.name)
    try {
      return await this.start({
        pipeline: trigger.pipeline,
        startedBy: `trigger:${trigger.name}`,
        reason,
        also: async (writer, run) => {
          await writer.put('trigger', {
            id: trigger.name,
            firedAt: this.clock.now(),
            fired: (known?.fired ?? 0) + 1,
            runId: run.id,
          })
          await writer.emit({
            type: 'trigger.fired',
            subject: `trigger:${trigger.name}`,
            actor: `trigger:${trigger.name}`,
            message: `${trigger.pipeline} starts by itself: ${reason}`,
            data: { ...data, run: run.id, pipeline: trigger.pipeline },
          })
        },
      })
    } catch (error) {
      await this.tellOnce(trigger, `${trigger.pipeline} could not be started: ${messageOf(error)}`, 'bad')
      return null
    }
  }
}
