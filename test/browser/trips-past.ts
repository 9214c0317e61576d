import type { NewEvent } from '../../src/contract/events.ts'
import type { MeasurementRecord } from '../../src/contract/monitoring.ts'
import type { Metadata } from '../../src/ports/metadata.ts'
import { tripsStart } from './trips.ts'

const day = 86_400_000
const system = { actor: 'system' }
const about = { endpoint: { subject: 'endpoint:trips', ...system }, model: { ...system, level: 'good' as const } }

function measurement(index: number, version: string, role: string, value: number): MeasurementRecord {
  const from = tripsStart + index * day
  const figure = (at: number, half: number) => ({ value: at, low: at - half, high: at + half, rows: 1_100 })
  return {
    id: `trips_quality/${from}/${role}/${version}`,
    monitor: 'trips_quality',
    endpoint: 'trips',
    kind: 'quality',
    from,
    to: from + day,
    version,
    role,
    predictions: 1_130,
    labelled: 1_100,
    figures: { auc: figure(value, 0.014), log_loss: figure(1.21 - value, 0.011) },
    broken: {},
  }
}

const newsOf: Record<number, NewEvent[]> = {
  28: [
    { type: 'trigger.fired', subject: 'trigger:new_data', ...system, message: '28 days of new trips: training again' },
    {
      type: 'model.registered',
      subject: 'model:late@2',
      ...about.model,
      message: 'late@2 passed all of its 4 gates and is registered',
    },
    {
      type: 'deployment.completed',
      ...about.endpoint,
      level: 'good',
      message: 'late@2 serves trips: 2,000 answers on each step, no worse than late@1',
      data: { version: 'late@2' },
    },
  ],
  41: [
    {
      type: 'dataset.batch-quarantined',
      subject: 'dataset:trips',
      actor: 'user:ada',
      level: 'warning',
      message: 'A batch of 14,212 rows was set aside: the mean of distance is 1,176.4, and may be at most 1,000',
    },
  ],
  56: [
    {
      type: 'model.refused',
      subject: 'model:late@3',
      ...system,
      level: 'bad',
      message:
        'late@3 was refused: its log_loss is worse than that of late@2 by 0.042 (0.038 to 0.046), and may not be worse',
      data: { version: 'late@3' },
    },
  ],
  84: [
    {
      type: 'deployment.completed',
      ...about.endpoint,
      level: 'good',
      message: 'late@4 serves trips',
      data: { version: 'late@4' },
    },
  ],
  97: [
    {
      type: 'alert.raised',
      subject: 'monitor:trips_drift',
      ...system,
      level: 'bad',
      message: 'The distribution of distance moved: distance 0.31, alert level 0.25',
    },
    {
      type: 'deployment.rolled-back',
      ...about.endpoint,
      level: 'warning',
      message: 'trips is back on late@2, away from late@4: asked for by the operator',
      data: { from: 'late@4', to: 'late@2' },
    },
  ],
}

const committed = (index: number): NewEvent => ({
  type: 'dataset.version-committed',
  subject: 'dataset:trips',
  actor: 'user:ada',
  message: `trips has 8,214 rows more, up to ${new Date(tripsStart + index * day).toISOString().slice(0, 10)}`,
})

/** A wavy line that sinks with the age of the model: enough to see whether a chart tells lines and intervals apart. */
const aucOn = (index: number, age: number): number =>
  0.755 + 0.018 * Math.sin(index / 5) - 0.0006 * age + 0.004 * Math.sin(index * 2.3)

/**
 * Writes into the store what a control plane writes in months of a replay, so that a full screen can be looked at without waiting
 * for one.
 *
 * @param advance moves the project's clock.
 */
export async function writePast(metadata: Metadata, advance: (to: number) => Promise<unknown>): Promise<void> {
  for (let index = 0; index < 110; index += 1) {
    await advance(tripsStart + (index + 1) * day)
    const [version, since] = index < 28 ? ['late@1', 0] : index >= 84 && index < 97 ? ['late@4', 84] : ['late@2', 28]
    await metadata.transaction(async (writer) => {
      await writer.put(
        'measurement',
        measurement(index, version as string, 'primary', aucOn(index, index - Number(since))),
      )
      if (index >= 28)
        await writer.put('measurement', measurement(index, 'late@1', 'shadow', aucOn(index, index) - 0.006))
      for (const event of newsOf[index] ?? [committed(index)]) await writer.emit(event)
    })
  }
  await metadata.transaction(async (writer) => {
    const at = tripsStart + 29 * day
    await writer.update('endpoint', 'trips', { serving: 'late@2', frozen: 'late@1' })
    await writer.put('deployment', {
      id: 'dep_past',
      endpoint: 'trips',
      version: 'late@2',
      state: 'serving',
      step: 1,
      share: 1,
      previous: 'late@1',
      startedAt: at,
      stepStartedAt: at,
      endedAt: at,
      reason: 'new data',
      startedBy: 'system',
    })
  })
  await metadata.sealed()
}
