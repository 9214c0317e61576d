import { numberVector, textAt, textVector } from '../base/columns.ts'
import { compareValues } from '../base/value-order.ts'
import type { FeatureBatch, Reach } from './feature-batch.ts'

export interface Event {
  view: string
  entity: string
  time: number
  values: number[]
}

const reaches: Record<string, Reach> = {
  bounded: { windowMs: 4000, last: false },
  last: { windowMs: 0, last: true },
  both: { windowMs: 8000, last: true },
}

export function eventBatch(seq: number, view: string, events: readonly Event[]): FeatureBatch {
  return {
    seq,
    view,
    viewHash: view,
    reach: reaches[view]!,
    through: { version: null, pushed: seq },
    entities: textVector(events.map(({ entity }) => entity)),
    times: numberVector(events.map(({ time }) => time)).values,
    values: [0, 1].map((column) => numberVector(events.map(({ values }) => values[column]!)).values),
  }
}

type Told = readonly FeatureBatch[] | readonly Event[]

function eventsOf(told: Told): Event[] {
  return told.flatMap((each): Event[] => {
    if (!('seq' in each)) return [each]
    return Array.from(each.times, (time, i) => ({
      view: each.view,
      entity: textAt(each.entities, i)!,
      time,
      values: each.values.map((column) => column[i]!),
    }))
  })
}

const texts = (events: readonly Event[]): string[] =>
  events.map(({ view, entity, time, values }) => `${view} ${entity} ${time} ${values}`).sort()

/** The newest event of each entity in views that look back without a bound: the plain reading of the rule. */
export function newestEvents(told: Told): string[] {
  const newest = new Map<string, Event>()
  for (const event of eventsOf(told)) {
    if (!reaches[event.view]!.last) continue
    const key = `${event.view} ${event.entity}`
    const before = newest.get(key)
    if (before === undefined || compareEvents(event, before) > 0) newest.set(key, event)
  }
  return texts([...newest.values()])
}

/** The events that a window may reach which begins at `before` or later, as often as they are there. */
export function liveEvents(told: Told, before: number): string[] {
  return texts(eventsOf(told).filter(({ view, time }) => time + reaches[view]!.windowMs > before))
}

function compareEvents(a: Event, b: Event): number {
  if (a.time !== b.time) return a.time - b.time
  return compareValues(a.values[0]!, b.values[0]!) || compareValues(a.values[1]!, b.values[1]!)
}
