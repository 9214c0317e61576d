import { day } from '../../base/clock.ts'
import type { Brief, Dataset, Definition, Gate, ModelDefinition } from '../../contract/definition.ts'

/** What a look at a source file says, before anything is taken in. */
export interface SourceFacts {
  rows: number
  /** Range of the column that its batches are cut by, or that says when a row happened; null without one. */
  from: number | null
  to: number | null
}

/** The part of a source that is taken: partitions from `from` up to but without `to`; null is all of it. */
export type SampleRange = { from: number; to: number } | null

/** What continuous integration works on. */
export interface Sample {
  definition: Definition
  ranges: ReadonlyMap<string, SampleRange>
}

const mostRows = 120_000
const mostExamples = 20_000
const leastDays = 8
/** Enough that no gate refuses; it must still have been able to measure. */
const anything = 1e9

/**
 * A definition for a home of its own: it lives in the past of its data, so that their newest row is now, and starts nothing by itself. Unless all is
 * asked for, only the newest days of what is partitioned are taken, splits shrink in proportion, and gates of quality are judged but refuse
 * nothing: so few rows prove nothing.
 */
export function sampleOf(
  definition: Definition,
  facts: ReadonlyMap<string, SourceFacts>,
  { full }: { full: boolean },
): Sample {
  const ranges = new Map<string, SampleRange>()
  const days = new Map<string, number>()
  const until = definition.clock.mode === 'replay' ? definition.clock.start : Number.POSITIVE_INFINITY
  let begins = Number.POSITIVE_INFINITY
  for (const dataset of definition.datasets) {
    const known = facts.get(dataset.name)
    if (!known || known.from === null || known.to === null) {
      ranges.set(dataset.name, null)
      continue
    }
    const range = rangeOf(dataset, { rows: known.rows, from: known.from, to: known.to }, { full, until })
    ranges.set(dataset.name, range)
    const [from, to] = range ? [range.from, range.to] : [known.from, known.to]
    days.set(dataset.name, Math.max(1, (to - from) / day))
    begins = Math.min(begins, from)
  }
  return {
    ranges,
    definition: {
      ...definition,
      // It is moved to the newest row when the rows are in.
      ...(Number.isFinite(begins) ? { clock: { mode: 'replay', start: Math.floor(begins) } } : {}),
      triggers: [],
      // Measured by the check of the load, when nothing else is at work.
      endpoints: definition.endpoints.map(({ budget: _, ...endpoint }) => endpoint),
      ...(definition.brief && !full ? { brief: withoutTargets(definition.brief) } : {}),
      models: full
        ? definition.models
        : definition.models.map((model) => smaller(model, days.get(model.dataset) ?? Number.POSITIVE_INFINITY)),
    },
  }
}

function rangeOf(
  { source }: Dataset,
  { rows, from, to }: { rows: number; from: number; to: number },
  { full, until }: { full: boolean; until: number },
): SampleRange {
  if (!source?.partition) return null
  const unit = source.partition.every === 'day' ? day : 31 * day
  const end = Math.min(to + 1, until)
  const perDay = rows / Math.max(1, (to - from) / day)
  if (full || rows <= mostRows) return end <= to ? { from: Math.floor(from / day) * day, to: end } : null
  const length = Math.max(leastDays * day, Math.floor(mostRows / perDay) * day, unit)
  // Whole partitions: half a one would break what is expected of its number of rows.
  const last = Math.floor(end / day) * day
  return { from: Math.max(Math.floor(from / day) * day, last - length), to: last }
}

function smaller(model: ModelDefinition, days: number): ModelDefinition {
  const { testDays, validationDays, trainingDays } = model.split
  const held = testDays + validationDays
  const whole = held + (trainingDays ?? 2 * held)
  const scale = Math.min(1, days / whole)
  return {
    ...model,
    split: {
      testDays: testDays * scale,
      validationDays: validationDays * scale,
      trainingDays: trainingDays === null ? null : trainingDays * scale,
      maxRows: Math.min(model.split.maxRows, mostExamples),
    },
    gates: model.gates.map(lenient),
    ...(model.brief ? { brief: withoutTargets(model.brief) } : {}),
  }
}

const withoutTargets = ({ targets: _, ...brief }: Brief): Brief => brief

function lenient(gate: Gate): Gate {
  switch (gate.kind) {
    case 'beats-baseline':
      return { ...gate, by: -anything }
    case 'not-worse':
      return { ...gate, within: anything }
    case 'segment':
      return { ...gate, within: anything, minRows: 1 }
    case 'calibration':
      return { ...gate, maxError: anything }
    case 'at-least':
      return { ...gate, value: -anything }
    case 'at-most':
      return { ...gate, value: anything }
    case 'latency':
      return { ...gate, p99Ms: anything }
    case 'signature':
      return gate
  }
}
