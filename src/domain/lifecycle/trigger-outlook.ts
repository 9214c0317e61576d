import { Cron } from 'croner'
import { isoTime } from '../../base/clock.ts'
import type { TriggerDefinition } from '../../contract/definition.ts'
import type { TriggerOutlook } from '../../contract/monitoring.ts'
import type { RecordReader } from '../../ports/metadata.ts'

const dateOf = (time: number): string => isoTime(time).slice(0, 10)

/**
 * What a trigger waits for, by the rules that `Triggers` follows.
 *
 * @param all those of the definition, which share what one pipeline may be started. @param now project time. @param appliedAt a schedule that has not fired counts from there.
 */
export async function triggerOutlook(
  records: RecordReader,
  trigger: TriggerDefinition,
  all: readonly TriggerDefinition[],
  now: number,
  appliedAt: number,
): Promise<TriggerOutlook> {
  if (trigger.atMost !== null && (await firings(records, trigger.pipeline, all)) >= trigger.atMost)
    return { at: null, says: `nothing: triggers have started it ${trigger.atMost} times, which is all they may` }
  const [last] = await records.find('run', {
    where: { pipeline: trigger.pipeline },
    orderBy: { field: 'queuedAt', direction: 'desc' },
    limit: 1,
  })
  const free = last ? last.time + trigger.cooldownMs : now
  const { at, says } = await cause(records, trigger, last?.time, Math.max(free, now), appliedAt)
  return { at, says: free > now ? `${says}, not before ${dateOf(free)}` : says }
}

async function firings(records: RecordReader, pipeline: string, all: readonly TriggerDefinition[]): Promise<number> {
  const names = all.filter((trigger) => trigger.pipeline === pipeline).map(({ name }) => name)
  const states = await records.find('trigger', { where: { id: names } })
  return states.reduce((sum, { fired }) => sum + fired, 0)
}

async function cause(
  records: RecordReader,
  { name, on, pipeline }: TriggerDefinition,
  since: number | undefined,
  free: number,
  appliedAt: number,
): Promise<TriggerOutlook> {
  switch (on.kind) {
    case 'schedule': {
      const fired = (await records.get('trigger', name))?.firedAt ?? appliedAt
      const next = new Cron(on.cron, { timezone: 'UTC' }).nextRun(new Date(fired))
      if (!next) return { at: null, says: `its schedule (${on.cron}) names no time any more` }
      return { at: Math.max(next.getTime(), free), says: `its schedule (${on.cron}, UTC)` }
    }
    case 'new-data': {
      if (since === undefined) return { at: null, says: `the first run of ${pipeline}, which somebody starts` }
      const state = await records.get('dataset', on.dataset)
      const version =
        state && state.version > 0 ? await records.get('dataset_version', `${on.dataset}@${state.version}`) : undefined
      const has = version?.to ? `; it reaches ${dateOf(version.to)}` : ''
      return { at: null, says: `data of ${on.dataset} up to ${dateOf(since + on.everyMs)}${has}` }
    }
    case 'alert':
      return { at: null, says: `an alert of ${on.monitor}` }
    case 'value-skew':
      return { at: null, says: `values of ${on.dataset} that moved` }
  }
}
