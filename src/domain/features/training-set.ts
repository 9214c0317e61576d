import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { day } from '../../base/clock.ts'
import { numbersOf, type Table, takeRows, type Vector } from '../../base/columns.ts'
import { MillwrightError } from '../../base/errors.ts'
import { type Definition, type ModelDefinition, tasks } from '../../contract/definition.ts'
import type { RangeFilter, RowQuery } from '../../ports/tables.ts'
import type { DataServices } from '../data/data-services.ts'
import { type DatasetVersion, datasetVersion, filesOf } from '../data/dataset-reader.ts'
import { EntityTables } from '../data/entity-tables.ts'
import { compile, type ExpressionScope, evaluate } from '../data/expression.ts'
import { tableSource } from '../data/row-source.ts'
import { type Examples, exampleColumns, examplesOf, storedExampleColumns } from './example-columns.ts'
import { type LookUp, openLookups } from './feature-lookups.ts'
import { expressionsOf, planTraining, type TrainingPlan } from './training-plan.ts'

/** About 400 MB of them, where a view aggregates two columns. */
const eventsInMemory = 10_000_000

const splitParts = ['train', 'validation', 'test'] as const
export type SplitPart = (typeof splitParts)[number]

const partSchema = z.object({
  /** The Parquet file with the examples. */
  hash: z.string(),
  bytes: z.number().int(),
  rows: z.number().int(),
  /** Examples that there were before rows were drawn. */
  eligible: z.number().int(),
  /** Event times after `from`, up to `to`. */
  from: z.number(),
  to: z.number(),
})

/** A training set: what it was made of, and where its parts are. */
export const trainingSetSchema = z.object({
  model: z.string(),
  task: z.enum(tasks),
  /** `<dataset>@<number>` and the hash that names its content. */
  datasetVersion: z.string(),
  datasetHash: z.string(),
  /** Labels known at that time or before. */
  cutOff: z.number(),
  inputs: z.array(z.object({ name: z.string(), kind: z.enum(['numeric', 'categorical']) })),
  segments: z.array(z.string()),
  parts: z.object({ train: partSchema, validation: partSchema, test: partSchema }),
})
export type TrainingSet = z.infer<typeof trainingSetSchema>

export interface TrainingSetOptions {
  /** Number of the dataset's version; null for the newest. */
  version?: number | null
  /** The same of the other datasets that are read, by name: events of feature views and reference data; the newest where nothing is said. */
  versions?: Readonly<Record<string, number>>
  /** A row is an example only when its label is known by then. */
  cutOff: number
  /** Events of the feature views that are in memory at once; of more, the entities are worked on part by part, with the same result. */
  maxEvents?: number
  onProgress?: (done: number, message: string) => void
}

/**
 * Makes the examples of a model: inputs as they were known at each row's event time, the target, the segments. Split by time from the newest back,
 * the last part sealed.
 *
 * @throws `not-found` when the dataset has no such version; `conflict` when a part has no rows.
 */
export async function buildTrainingSet(
  services: DataServices,
  definition: Pick<Definition, 'datasets' | 'entities' | 'featureViews'>,
  model: ModelDefinition,
  { version: number = null, versions = {}, cutOff, maxEvents = eventsInMemory, onProgress }: TrainingSetOptions,
): Promise<TrainingSet> {
  const plan = planTraining(definition, model)
  const version = await datasetVersion(services.metadata, model.dataset, number)
  const entities = new EntityTables(services, definition, versions)
  const scope: ExpressionScope = { entity: await entities.scopeFor(expressionsOf(plan)) }
  const ranges = await splitRanges(services, plan, version, cutOff)
  onProgress?.(0, 'reading the history of the features')
  // The tables are read while this thread still works on what was read before.
  const reading = splitParts.map((name) => readPart(services, plan, version, cutOff, ranges[name]))
  for (const part of reading) part.catch(() => {})
  const range = { from: ranges.train.from, to: ranges.test.to }
  const tables = async () => (await Promise.all(reading)).map(({ rows }) => rows)
  const lookUp = await openLookups(services, plan, version, range, scope, tables, {
    maxEvents,
    versions,
    onPart: (index, of) => onProgress?.(0, `reading the history of the features, part ${index + 1} of ${of}`),
  })
  const parts = {} as TrainingSet['parts']
  for (const [i, name] of splitParts.entries()) {
    onProgress?.((i + 1) / (splitParts.length + 1), `making the ${name} part`)
    const { rows, eligible } = await reading[i]!
    const examples = dropUnlabelled(inputsOf(plan, rows, scope, lookUp))
    parts[name] = { ...(await keepPart(services, plan, examples)), eligible, ...ranges[name] }
  }
  const { train, validation } = parts
  if (train.rows === 0 || validation.rows === 0) {
    throw new MillwrightError(
      'conflict',
      `model "${model.name}" has ${train.rows} examples to train on and ${validation.rows} to validate with`,
      {
        hint: 'Ingest more data, or make the splits of the model shorter.',
      },
    )
  }
  return {
    model: model.name,
    task: model.task,
    datasetVersion: version.record.id,
    datasetHash: version.record.hash,
    cutOff,
    inputs: model.inputs.map((input) => ({ name: input.name, kind: input.kind })),
    segments: Object.keys(model.segments),
    parts,
  }
}

/**
 * Reads a part of a training set.
 *
 * @throws `sealed-data` when training asks for the test part: it is for the evaluation alone.
 */
export async function readTrainingSet(
  services: Pick<DataServices, 'blobs' | 'tables'>,
  set: TrainingSet,
  part: SplitPart,
  purpose: 'training' | 'evaluation',
): Promise<Examples> {
  if (part === 'test' && purpose !== 'evaluation') {
    throw new MillwrightError('sealed-data', `the test part of the training set of "${set.model}" is sealed`, {
      field: 'part',
      hint: 'Train on "train", stop by "validation"; the evaluation reads "test" once, at the end.',
    })
  }
  const path = await services.blobs.pathOf(set.parts[part].hash)
  const found = await services.tables.schema({ format: 'parquet', path })
  const categories = new Set(
    set.inputs.filter((input) => input.kind === 'categorical').map((input) => exampleColumns.input(input.name)),
  )
  const columns = found.map(({ name }) => {
    if (name === exampleColumns.key) return { name, type: 'key' as const }
    if (name === exampleColumns.time) return { name, type: 'time' as const }
    const isText =
      categories.has(name) ||
      name.startsWith('segment:') ||
      (name === exampleColumns.target && set.task === 'multiclass')
    return { name, type: isText ? ('category' as const) : ('number' as const) }
  })
  const table = await services.tables.read([{ format: 'parquet', path }], { columns })
  return examplesOf(
    table,
    set.inputs.map((input) => input.name),
    set.segments,
  )
}

interface TimeRange {
  from: number
  to: number
}

/** From the newest example back. */
async function splitRanges(
  services: DataServices,
  plan: TrainingPlan,
  version: DatasetVersion,
  cutOff: number,
): Promise<Record<SplitPart, TimeRange>> {
  const { split } = plan.model
  const time = { name: plan.time, type: 'time' as const }
  // Only the newest batches can hold the newest example; going back until one is found reads little.
  let newest = Number.NEGATIVE_INFINITY
  const batches = [...version.batches].sort((a, b) => (b.to ?? 0) - (a.to ?? 0))
  for (const batch of batches) {
    if ((batch.to ?? 0) < newest) break
    const files = await filesOf(services, { ...version, batches: [batch] })
    const rows = await services.tables.read(files, { columns: [time], where: labelKnown(plan, cutOff) })
    for (const at of numbersOf(rows, plan.time)) if (at > newest && at <= cutOff) newest = at
  }
  if (newest === Number.NEGATIVE_INFINITY) {
    throw new MillwrightError(
      'conflict',
      `dataset "${plan.model.dataset}" has no row whose label is known by ${new Date(cutOff).toISOString()}`,
    )
  }
  // Times are whole milliseconds, and days may be parts of days.
  const test = Math.round(newest - split.testDays * day)
  const validation = Math.round(test - split.validationDays * day)
  const oldest =
    split.trainingDays === null ? (version.record.from ?? 0) - 1 : Math.round(validation - split.trainingDays * day)
  return {
    train: { from: oldest, to: validation },
    validation: { from: validation, to: test },
    test: { from: test, to: newest },
  }
}

function labelKnown(plan: TrainingPlan, cutOff: number): RangeFilter[] {
  return plan.labelKnownAt.map((name) => ({ name, type: 'time', atMost: cutOff }))
}

async function readPart(
  services: DataServices,
  plan: TrainingPlan,
  version: DatasetVersion,
  cutOff: number,
  range: TimeRange,
): Promise<{ rows: Table; eligible: number }> {
  const { tables } = services
  const files = await filesOf(services, version, range)
  const query: RowQuery = {
    where: [{ name: plan.time, type: 'time', above: range.from, atMost: range.to }, ...labelKnown(plan, cutOff)],
  }
  const eligible = await tables.count(files, query)
  const { maxRows } = plan.model.split
  if (eligible > maxRows && plan.dataset.key !== null)
    query.sample = { key: plan.dataset.key, share: maxRows / eligible }
  return { rows: await tables.read(files, { columns: plan.columns, ...query }), eligible }
}

async function keepPart(
  services: DataServices,
  plan: TrainingPlan,
  examples: Table,
): Promise<{ hash: string; bytes: number; rows: number }> {
  const path = join(services.workDir, `examples-${randomBytes(8).toString('hex')}.parquet`)
  try {
    const writer = await services.tables.write(path, storedExampleColumns(plan))
    await writer.append(examples)
    const { bytes } = await writer.finish()
    const { hash } = await services.blobs.putFile(path)
    return { hash, bytes, rows: examples.rows }
  } finally {
    await rm(path, { force: true })
  }
}

function inputsOf(plan: TrainingPlan, rows: Table, scope: ExpressionScope, lookUp: LookUp): Table {
  const { model, dataset } = plan
  const columns = new Map<string, Vector>()
  const source = tableSource(rows, dataset.types)
  const computed = (expression: Parameters<typeof compile>[0]) =>
    evaluate(compile(expression, source, scope), rows.rows)
  if (dataset.key !== null) columns.set(exampleColumns.key, rows.columns.get(dataset.key)!)
  columns.set(exampleColumns.time, rows.columns.get(plan.time)!)
  columns.set(exampleColumns.target, computed(model.target))
  for (const [name, expression] of plan.expressions) columns.set(exampleColumns.input(name), computed(expression))
  for (const [name, expression] of Object.entries(model.segments))
    columns.set(exampleColumns.segment(name), computed(expression))
  for (const lookup of plan.lookups) {
    const found = lookUp(rows, lookup)
    for (const [i, { input }] of lookup.features.entries())
      columns.set(exampleColumns.input(input), { kind: 'number', values: found[i]! })
  }
  return { rows: rows.rows, columns }
}

/** A row whose target is missing teaches nothing. */
function dropUnlabelled(table: Table): Table {
  const target = table.columns.get(exampleColumns.target)!
  const kept: number[] = []
  for (let row = 0; row < table.rows; row += 1) {
    if (target.kind === 'text' ? target.codes[row]! >= 0 : !Number.isNaN(target.values[row]!)) kept.push(row)
  }
  return kept.length === table.rows ? table : takeRows(table, kept)
}
