import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { numbersOf, sliceTable, type Table } from '../../base/columns.ts'
import { MillwrightError } from '../../base/errors.ts'
import type { BatchRecord } from '../../contract/data.ts'
import type { Dataset, Definition } from '../../contract/definition.ts'
import type { ScanQuery, TableFile } from '../../ports/tables.ts'
import { BatchBuilder, type BatchContext } from './batch-builder.ts'
import { commitBatch, sameOrigin } from './batch-commit.ts'
import type { DataServices } from './data-services.ts'
import { type DatasetPlan, datasetNamed, planDataset, typed } from './dataset-plan.ts'
import { derive } from './derivation.ts'
import { EntityTables } from './entity-tables.ts'
import { entitiesOf } from './expression-columns.ts'
import { schemaSkew } from './schema-skew.ts'
import { withWholeTimes } from './whole-times.ts'

export interface IngestOptions {
  actor: string
  /** Only the parts of a partitioned file that begin in this range, by the partition's own column: from inclusive, below exclusive. */
  from?: number
  below?: number
  /** Rows that were pushed and are in no batch yet: those that the file holds too count once. */
  waiting?: () => Promise<readonly Table[]>
  onBatch?: (batch: BatchRecord, isNew: boolean) => void
}

/**
 * Takes a source file into a dataset, as one batch or one for each day or month of it. Each batch becomes a version, or is refused, or
 * is quarantined, by itself. The same file again changes nothing.
 *
 * @returns the batches of the file, in order, those from an earlier time included.
 * @throws `not-found` for a file or dataset that is not there, `invalid-data` for a file that cannot be read.
 */
export async function ingestFile(
  services: DataServices,
  definition: Pick<Definition, 'datasets' | 'entities'>,
  datasetName: string,
  path: string,
  options: IngestOptions,
): Promise<BatchRecord[]> {
  const dataset = datasetNamed(definition.datasets, datasetName)
  const plan = planDataset(dataset)
  const file: TableFile = { format: formatOf(dataset, path), path }
  const originHash = await hashFile(path)
  await refuseTooManyRows(services, file)
  const skew = schemaSkew(plan, await services.tables.schema(file))
  const batches: BatchRecord[] = []
  const done = (result: { batch: BatchRecord; isNew: boolean }) => {
    batches.push(result.batch)
    options.onBatch?.(result.batch, result.isNew)
  }
  if (skew.length > 0) {
    // Its rows cannot be read as this dataset's, so the file itself is what is kept for people to look at.
    const { hash, size } = await services.blobs.putFile(path)
    const rows = await services.tables.count([file])
    const origin = { origin: `file:${basename(path)}`, originHash, actor: options.actor }
    const facts = { contentHash: hash, bytes: size, rows, from: null, to: null, summaries: [] }
    const judged = { plan, ...origin, ...facts, anomalies: skew, judgedAt: 0, span: null }
    done((await commitBatch(services, judged))!)
    return batches
  }
  const entities = new EntityTables(services, definition)
  const scope = { entity: await entities.scope(entitiesNeeded(plan, entities)) }
  const rowKeyPrefix = originHash.slice(0, 12)
  let current: { label: string | null; builder: BatchBuilder } | null = null
  const close = async () => {
    if (current === null) return
    const { label, builder } = current
    current = null
    done(await builder.commit({ origin: originOf(path, label), originHash, actor: options.actor }))
  }
  let skipped: string | null | undefined
  try {
    for await (const chunk of services.tables.scan([file], scanOf(plan, options))) {
      const rowNumbers = numbersOf(chunk, rowNumberColumn)
      for (const part of partsOf(dataset, chunk)) {
        if (part.label === skipped) continue
        if (current !== null && part.label !== (current as { label: string | null }).label) await close()
        if (current === null) {
          const before = await sameOrigin(services.metadata, dataset.name, originOf(path, part.label), originHash)
          if (before !== undefined) {
            done({ batch: before, isNew: false })
            skipped = part.label
            continue
          }
          skipped = undefined
          current = {
            label: part.label,
            builder: await BatchBuilder.open(
              services,
              await contextOf(services, plan, entities, { ...scope, waiting: options.waiting }),
            ),
          }
        }
        const rows = withWholeTimes(sliceTable(chunk, part.from, part.to), plan.source)
        const rowKey = { prefix: rowKeyPrefix, at: (row: number) => rowNumbers[part.from + row]! }
        await current.builder.append(derive(rows, plan, plan.derived, { ...scope, rowKey }))
      }
    }
    await close()
  } catch (error) {
    await (current as { builder: BatchBuilder } | null)?.builder.abort()
    throw error
  }
  return batches
}

/** The state of the dataset by which its next batch is judged. */
export async function contextOf(
  services: Pick<DataServices, 'metadata'>,
  plan: DatasetPlan,
  entities: EntityTables,
  { entity, waiting }: { entity: BatchContext['entity']; waiting?: BatchContext['waiting'] },
): Promise<BatchContext> {
  const known = await services.metadata.get('dataset', plan.dataset.name)
  return {
    plan,
    reference: known?.inferred ?? [],
    versionsBefore: known?.version ?? 0,
    entity,
    isListed: (entity) => entities.isListed(entity),
    waiting: waiting ?? (async () => []),
  }
}

/** The entities that derivation and validation of a dataset ask for. */
export function entitiesNeeded(plan: DatasetPlan, entities: EntityTables): Set<string> {
  const names = new Set<string>()
  const { dataset } = plan
  for (const column of dataset.columns) {
    if (column.derived !== undefined) for (const name of entitiesOf(column.derived)) names.add(name)
    if (column.entity !== undefined && entities.isListed(column.entity)) names.add(column.entity)
  }
  for (const expectation of dataset.expectations) {
    if (expectation.kind === 'in-entity') names.add(expectation.entity)
    if (expectation.kind === 'holds') for (const name of entitiesOf(expectation.rule)) names.add(name)
  }
  return names
}

/** Rows and texts that a file may have: its size says nothing of what it unfolds to, and neither does what it says of itself. */
const mostRows = 100_000_000
const mostTextBytes = 64 << 10

/** @throws `invalid-data` for a file that promises more rows than any day or month has. */
async function refuseTooManyRows({ tables }: DataServices, file: TableFile): Promise<void> {
  // Those of a text file take up its bytes.
  if (file.format !== 'parquet') return
  const rows = await tables.count([file])
  if (rows <= mostRows) return
  const [has, may] = [rows, mostRows].map((count) => count.toLocaleString('en-US'))
  throw new MillwrightError('invalid-data', `${basename(file.path)} has ${has} rows; a file may have ${may}`, {
    field: 'path',
    hint: 'Bring it in parts, such as one for each month.',
  })
}

const rowNumberColumn = '\u0000row number'

function scanOf(plan: DatasetPlan, { from, below }: IngestOptions): ScanQuery {
  const query: ScanQuery = { columns: typed(plan.source), rowNumber: rowNumberColumn, mostTextBytes }
  const partition = plan.dataset.source?.partition
  if (partition === undefined) return query
  const by = { name: partition.by, type: plan.types.get(partition.by)! }
  if (from !== undefined || below !== undefined) query.where = [{ ...by, atLeast: from, below }]
  query.orderBy = [by]
  return query
}

/** Runs of rows that belong to one batch; the rows are ordered by the partition's column. */
function* partsOf(dataset: Dataset, chunk: Table): Generator<{ label: string | null; from: number; to: number }> {
  const partition = dataset.source?.partition
  if (partition === undefined) {
    yield { label: null, from: 0, to: chunk.rows }
    return
  }
  const times = numbersOf(chunk, partition.by)
  let from = 0
  while (from < chunk.rows) {
    const { label, until } = periodOf(times[from]!, partition.every)
    let to = from + 1
    while (to < chunk.rows && (times[to]! < until || Number.isNaN(until))) to += 1
    yield { label, from, to }
    from = to
  }
}

/** Rows without a time come last, as a batch of their own, and there they are refused. */
function periodOf(time: number, every: 'day' | 'month'): { label: string; until: number } {
  if (Number.isNaN(time)) return { label: 'without time', until: Number.NaN }
  const date = new Date(time)
  if (every === 'day') {
    return { label: date.toISOString().slice(0, 10), until: (Math.floor(time / 86_400_000) + 1) * 86_400_000 }
  }
  return { label: date.toISOString().slice(0, 7), until: Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) }
}

function originOf(path: string, label: string | null): string {
  return label === null ? `file:${basename(path)}` : `file:${basename(path)} (${label})`
}

function formatOf(dataset: Dataset, path: string): TableFile['format'] {
  return dataset.source?.format ?? (path.endsWith('.csv') ? 'csv' : 'parquet')
}

async function hashFile(path: string): Promise<string> {
  if (!(await stat(path).catch(() => null))?.isFile())
    throw new MillwrightError('not-found', `there is no file ${path}`)
  const digest = createHash('sha256')
  for await (const part of createReadStream(path, { highWaterMark: 1 << 20 })) digest.update(part)
  return digest.digest('hex')
}
