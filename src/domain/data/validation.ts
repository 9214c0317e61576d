import type { Anomaly, ColumnSummary } from '../../contract/data.ts'
import type { Column, Expectation, Severity } from '../../contract/definition.ts'
import type { RowCheck, TableFile, Tables } from '../../ports/tables.ts'
import { type DatasetPlan, typed } from './dataset-plan.ts'
import type { EntityTable } from './entity-table.ts'
import { domainOf, referenceBatches } from './schema-inference.ts'
import { summaryDistance } from './summary-distance.ts'

/** A batch to be judged, as written, with what was counted while it was written. */
export interface BatchUnderTest {
  plan: DatasetPlan
  file: TableFile
  rows: number
  summaries: readonly ColumnSummary[]
  /** Failing rows of the `holds` expectations, by their place among all expectations. */
  holds: ReadonlyMap<number, { failing: number; samples: Anomaly['samples'] }>
  /** Every distinct value of the columns that refer to entities. */
  refs: ReadonlyMap<string, ReadonlySet<string>>
  reference: readonly ColumnSummary[]
  /** Versions accepted before it. */
  versionsBefore: number
  entity: (name: string) => EntityTable
  /** Whether the entity's keys are listed. */
  isListed: (entity: string) => boolean
}

/** The distance from the reference above which a batch is told to have moved, where no `shift` is stated for the column. */
export const toldShift = 0.35

type RowExpectation = { check: RowCheck; mostly: number; severity: Severity; message: (failing: string) => string }

/**
 * Judges a batch by the expectations that are stated, by those that the columns imply (keys are unique, what is not optional is present,
 * references are known), and by what was learnt from the batches before: the domains of categories, and the shape of every column.
 */
export async function validateBatch(tables: Tables, batch: BatchUnderTest): Promise<Anomaly[]> {
  const anomalies: Anomaly[] = []
  const rowExpectations = [...impliedBy(batch), ...learnt(batch)]
  const { expectations } = batch.plan.dataset
  for (const [index, expectation] of expectations.entries()) {
    if (expectation.kind === 'row-count') anomalies.push(...rowCount(batch, expectation))
    else if (expectation.kind === 'statistic') anomalies.push(...statistic(batch, expectation))
    else if (expectation.kind === 'shift') anomalies.push(...shift(batch, expectation))
    else if (expectation.kind === 'holds') anomalies.push(...holds(batch, expectation, index))
    else rowExpectations.push(stated(batch, expectation))
  }
  anomalies.push(...untoldShifts(batch))
  const doubtful = rowExpectations.filter(({ check }) => !clearlyHolds(batch, check))
  const show = typed(batch.plan.stored)
  const results = await tables.check(
    [batch.file],
    doubtful.map(({ check }) => check),
    show,
  )
  for (const [i, { check, mostly, severity, message }] of doubtful.entries()) {
    const { rows, failing, samples } = results[i]!
    if (failing === 0) continue
    const column = check.kind === 'unique' ? check.columns.map((each) => each.name).join(', ') : check.column.name
    // Failures within what `mostly` allows are told, so that nobody has to wonder where they went.
    const allowed = failing <= (1 - mostly) * rows + 1e-9
    const text = message(`${failing} of ${rows} rows`)
    anomalies.push({
      kind: 'expectation',
      column,
      severity: allowed ? 'warn' : severity,
      message: allowed && mostly < 1 ? `${text} (within the ${percent(1 - mostly)} that may)` : text,
      failing,
      rows,
      samples,
    })
  }
  // What is wrong with a derived column follows from its operands: the cause is told first.
  const derived = new Set(batch.plan.stored.flatMap((column) => (column.derived === undefined ? [] : [column.name])))
  const follows = (anomaly: Anomaly): number => Number(anomaly.column !== null && derived.has(anomaly.column))
  return anomalies.toSorted((a, b) => follows(a) - follows(b))
}

const percent = (share: number): string => `${Number((share * 100).toPrecision(3))} %`

function impliedBy({ plan, entity, isListed }: BatchUnderTest): RowExpectation[] {
  const always = { mostly: 1, severity: 'stop' as const }
  return plan.stored.flatMap((column): RowExpectation[] => {
    const of = { name: column.name, type: column.type }
    const implied: RowExpectation[] = []
    if (!column.optional) {
      implied.push({
        ...always,
        check: { kind: 'present', column: of },
        message: (failing) => `"${column.name}" is missing in ${failing}; fill it in, or make the column optional`,
      })
    }
    if (column.type === 'key') {
      implied.push({
        ...always,
        check: { kind: 'unique', columns: [of] },
        message: (failing) => `"${column.name}" repeats a key in ${failing}; keep one row a key`,
      })
    }
    if (column.type === 'ref' && column.entity !== undefined && isListed(column.entity)) {
      if (!statesEntity(plan, column)) implied.push({ ...always, ...knownEntity(of, column.entity, entity) })
    }
    return implied
  })
}

const statesEntity = (plan: DatasetPlan, column: Column): boolean =>
  plan.dataset.expectations.some((each) => each.kind === 'in-entity' && each.column === column.name)

function knownEntity(column: RowCheckColumn, name: string, entity: BatchUnderTest['entity']) {
  return {
    check: { kind: 'in' as const, column, values: entity(name).keys },
    message: (failing: string) =>
      `"${column.name}" names no known ${name} in ${failing}; add it to the ${name} list first, or mend the rows`,
  }
}
type RowCheckColumn = Extract<RowCheck, { kind: 'in' }>['column']

/** Categories keep to the values they had, once enough batches were seen. */
function learnt({ plan, reference, versionsBefore }: BatchUnderTest): RowExpectation[] {
  if (versionsBefore < referenceBatches(plan.dataset)) return []
  return plan.stored.flatMap((column): RowExpectation[] => {
    const domain = domainOf(reference.find((summary) => summary.name === column.name))
    // A derived column takes what its operands give: a new month is no mistake.
    if (
      domain === null ||
      column.derived !== undefined ||
      plan.dataset.expectations.some((e) => e.kind === 'in' && e.column === column.name)
    )
      return []
    return [
      {
        mostly: 1,
        severity: 'stop',
        check: { kind: 'in', column: { name: column.name, type: column.type }, values: domain },
        message: (failing) =>
          `"${column.name}" has a value it never had before in ${failing}; state the values with an expectation if it is right`,
      },
    ]
  })
}

type StatedRow = Extract<Expectation, { kind: 'between' | 'in' | 'in-entity' | 'matches' | 'unique' | 'present' }>

function stated({ plan, entity }: BatchUnderTest, expectation: StatedRow): RowExpectation {
  const { mostly, severity } = expectation
  const column = (name: string) => ({ name, type: plan.types.get(name)! })
  switch (expectation.kind) {
    case 'between': {
      const { min, max } = expectation
      const range = min === null ? `at most ${max}` : max === null ? `at least ${min}` : `between ${min} and ${max}`
      const check: RowCheck = { kind: 'between', column: column(expectation.column), min, max }
      return {
        mostly,
        severity,
        check,
        message: (failing) => `"${expectation.column}" is not ${range} in ${failing}; check its unit`,
      }
    }
    case 'in': {
      const check: RowCheck = { kind: 'in', column: column(expectation.column), values: new Set(expectation.values) }
      const some = expectation.values.slice(0, 5).join(', ')
      return {
        mostly,
        severity,
        check,
        message: (failing) => `"${expectation.column}" is none of ${some}… in ${failing}`,
      }
    }
    case 'in-entity':
      return { mostly, severity, ...knownEntity(column(expectation.column), expectation.entity, entity) }
    case 'matches': {
      const { pattern } = expectation
      const check: RowCheck = { kind: 'matches', column: column(expectation.column), pattern }
      return {
        mostly,
        severity,
        check,
        message: (failing) => `"${expectation.column}" does not match ${pattern} in ${failing}`,
      }
    }
    case 'unique': {
      const names = expectation.columns.join(', ')
      const check: RowCheck = { kind: 'unique', columns: expectation.columns.map(column) }
      return { mostly, severity, check, message: (failing) => `"${names}" repeats an earlier row in ${failing}` }
    }
    case 'present': {
      const check: RowCheck = { kind: 'present', column: column(expectation.column) }
      return { mostly, severity, check, message: (failing) => `"${expectation.column}" is missing in ${failing}` }
    }
  }
}

/** What the summary alone shows to hold needs no query. */
function clearlyHolds({ summaries, refs }: BatchUnderTest, check: RowCheck): boolean {
  if (check.kind === 'unique' && check.columns.length > 1) return false
  const name = check.kind === 'unique' ? check.columns[0]!.name : check.column.name
  const summary = summaries.find((each) => each.name === name)
  if (summary === undefined) return false
  if (check.kind === 'present') return summary.nulls === 0
  if (check.kind === 'unique') return summary.distinct === summary.rows - summary.nulls
  if (check.kind === 'between') {
    if (summary.min === null || summary.max === null) return summary.rows === summary.nulls
    return (check.min === null || summary.min >= check.min) && (check.max === null || summary.max <= check.max)
  }
  const values = refs.get(name)
  if (check.kind === 'in' && values !== undefined) {
    for (const value of values) if (!check.values.has(value)) return false
    return true
  }
  if (check.kind === 'in' && summary.top !== null && summary.top.length === summary.distinct) {
    return summary.top.every((entry) => check.values.has(entry.value))
  }
  return false
}

function holds(batch: BatchUnderTest, expectation: Extract<Expectation, { kind: 'holds' }>, index: number): Anomaly[] {
  const { failing = 0, samples = [] } = batch.holds.get(index) ?? {}
  if (failing === 0) return []
  const allowed = failing <= (1 - expectation.mostly) * batch.rows + 1e-9
  const message = `"${expectation.what}" does not hold in ${failing} of ${batch.rows} rows`
  const severity = allowed ? 'warn' : expectation.severity
  return [{ kind: 'expectation', column: null, severity, message, failing, rows: batch.rows, samples }]
}

function rowCount(
  { rows }: BatchUnderTest,
  { min, max, severity }: Extract<Expectation, { kind: 'row-count' }>,
): Anomaly[] {
  if ((min === null || rows >= min) && (max === null || rows <= max)) return []
  const bound = min !== null && rows < min ? `at least ${min}` : `at most ${max}`
  const message = `the batch has ${rows} rows where ${bound} are expected; look whether the file is whole`
  return [{ kind: 'expectation', column: null, severity, message, failing: rows, rows, samples: [] }]
}

function statistic(batch: BatchUnderTest, expectation: Extract<Expectation, { kind: 'statistic' }>): Anomaly[] {
  const { column, min, max, severity } = expectation
  const summary = batch.summaries.find((each) => each.name === column)
  const value = summary === undefined ? null : statisticOf(summary, expectation.statistic)
  if (value !== null && (min === null || value >= min) && (max === null || value <= max)) return []
  const bound = min === null ? `at most ${max}` : max === null ? `at least ${min}` : `between ${min} and ${max}`
  const found = value === null ? 'cannot be computed' : `is ${Number(value.toPrecision(5))}`
  const message = `the ${expectation.statistic} of "${column}" ${found} where ${bound} is expected; look whether its unit changed`
  return [{ kind: 'expectation', column, severity, message, failing: batch.rows, rows: batch.rows, samples: [] }]
}

function statisticOf(summary: ColumnSummary, statistic: Extract<Expectation, { kind: 'statistic' }>['statistic']) {
  if (statistic === 'mean') return summary.mean
  if (statistic === 'median') return summary.quantiles?.[3] ?? null
  if (statistic === 'std') return summary.std
  if (statistic === 'distinct') return summary.distinct
  return summary.rows === 0 ? null : summary.nulls / summary.rows
}

function shift(batch: BatchUnderTest, { column, max, severity }: Extract<Expectation, { kind: 'shift' }>): Anomaly[] {
  const distance = distanceOf(batch, column)
  if (distance === null || distance <= max) return []
  return [shiftAnomaly(batch, column, distance, max, severity)]
}

/** A column that moved far, and for which nobody stated how far it may: told, and let in. */
function untoldShifts(batch: BatchUnderTest): Anomaly[] {
  const { dataset } = batch.plan
  const statedFor = new Set(dataset.expectations.map((each) => (each.kind === 'shift' ? each.column : null)))
  return batch.plan.stored.flatMap(({ name, derived }) => {
    // What follows from other columns moves with them; parts of the calendar move by themselves.
    const distance = statedFor.has(name) || derived !== undefined ? null : distanceOf(batch, name)
    return distance === null || distance <= toldShift ? [] : [shiftAnomaly(batch, name, distance, toldShift, 'warn')]
  })
}

function distanceOf({ plan, reference, summaries, versionsBefore }: BatchUnderTest, column: string): number | null {
  if (versionsBefore < referenceBatches(plan.dataset)) return null
  const [before, now] = [reference, summaries].map((list) => list.find((each) => each.name === column))
  return before === undefined || now === undefined ? null : summaryDistance(before, now)
}

function shiftAnomaly(
  batch: BatchUnderTest,
  column: string,
  distance: number,
  max: number,
  severity: Severity,
): Anomaly {
  const message = `the values of "${column}" moved: distance ${distance.toFixed(3)} from the reference, ${max} may be`
  return { kind: 'shift', column, severity, message, failing: batch.rows, rows: batch.rows, samples: [] }
}
