import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { rowAt, type Table, type TextVector, takeRows, textAt, textsOf } from '../../base/columns.ts'
import type { Anomaly, BatchRecord, ColumnSummary } from '../../contract/data.ts'
import type { TableFile, Tables, TableWriter } from '../../ports/tables.ts'
import { commitBatch, type JudgedBatch, outcomeOf } from './batch-commit.ts'
import type { DataServices } from './data-services.ts'
import { type DatasetPlan, typed } from './dataset-plan.ts'
import type { EntityTable } from './entity-table.ts'
import { compile } from './expression.ts'
import { findRepeatedKeys, mayRepeat, repeatedKeyAnomalies, type TimeSpan } from './repeated-keys.ts'
import { tableSource } from './row-source.ts'
import { referenceEdges, summaryQueries } from './schema-inference.ts'
import { validateBatch } from './validation.ts'

export interface BatchContext {
  plan: DatasetPlan
  reference: readonly ColumnSummary[]
  versionsBefore: number
  entity: (name: string) => EntityTable
  isListed: (entity: string) => boolean
  /** Rows that were taken in and are in no batch yet. */
  waiting: () => Promise<readonly Table[]>
}

/** Where a batch came from, and who brought it. */
export interface BatchOrigin {
  origin: string
  originHash: string
  actor: string
}

/** Takes the rows of a batch as they come, with all stored columns, and ends with a file of them that is judged. */
export class BatchBuilder {
  private rows = 0
  private readonly refs = new Map<string, Set<string>>()
  private readonly holds = new Map<number, { failing: number; samples: Anomaly['samples'] }>()

  private constructor(
    private readonly services: DataServices,
    private readonly context: BatchContext,
    private readonly path: string,
    private readonly writer: TableWriter,
  ) {}

  static async open(services: DataServices, context: BatchContext): Promise<BatchBuilder> {
    const path = join(services.workDir, `batch-${randomBytes(8).toString('hex')}.parquet`)
    return new BatchBuilder(services, context, path, await services.tables.write(path, typed(context.plan.stored)))
  }

  async append(table: Table): Promise<void> {
    const { plan, entity } = this.context
    for (const [index, expectation] of plan.dataset.expectations.entries()) {
      if (expectation.kind !== 'holds') continue
      const rule = compile(expectation.rule, tableSource(table, plan.types), { entity })
      const known = this.holds.get(index) ?? { failing: 0, samples: [] }
      for (let row = 0; row < table.rows; row += 1) {
        if (rule.at(row) !== 0) continue
        known.failing += 1
        if (known.samples.length < 5) known.samples.push(rowAt(table, row))
      }
      this.holds.set(index, known)
    }
    for (const { name, type } of plan.stored) if (type === 'ref') this.collect(name, textsOf(table, name))
    await this.writer.append(table)
    this.rows += table.rows
  }

  private collect(name: string, { codes, dictionary }: TextVector): void {
    const values = this.refs.get(name) ?? new Set<string>()
    this.refs.set(name, values)
    const seen = new Uint8Array(dictionary.length)
    for (const code of codes) {
      if (code < 0 || seen[code] === 1) continue
      seen[code] = 1
      values.add(dictionary[code]!)
    }
  }

  /**
   * Writes the file, judges it, and makes it part of a new version or sets it aside; it is kept in the blob store, whatever the judgement is. Rows that the
   * dataset has already are left out of it.
   */
  async commit(origin: BatchOrigin): Promise<{ batch: BatchRecord; isNew: boolean }> {
    try {
      await this.writer.finish()
      for (;;) {
        const committed = await commitBatch(this.services, await this.judge(origin))
        if (committed !== null) return committed
      }
    } finally {
      await rm(this.path, { force: true })
    }
  }

  private async judge(origin: BatchOrigin): Promise<JudgedBatch> {
    const { plan } = this.context
    const { tables, metadata } = this.services
    const file: TableFile = { format: 'parquet', path: this.path }
    const judgedAt = (await metadata.get('dataset', plan.dataset.name))?.version ?? 0
    const summaries = await summarise(tables, file, this.context)
    const anomalies = await validateBatch(tables, {
      ...this.context,
      file,
      rows: this.rows,
      summaries,
      holds: this.holds,
      refs: this.refs,
    })
    const span = spanOf(plan, summaries)
    const { known, ...others } =
      span !== null && mayRepeat(plan)
        ? await findRepeatedKeys(this.services, plan, file, span, await this.context.waiting())
        : { known: new Set<string>(), conflicts: 0, samples: [] }
    // What moved because of them is told after them.
    anomalies.unshift(...repeatedKeyAnomalies(plan, { known, ...others }, this.rows))
    const stored =
      known.size === 0 || outcomeOf(anomalies) !== 'accepted'
        ? { ...(await this.keep(this.path)), rows: this.rows, summaries }
        : await this.keepWithout(known, summaries)
    const { from = null, to = null } = spanOf(plan, stored.summaries) ?? {}
    return { plan, ...origin, ...stored, from, to, anomalies, judgedAt, span }
  }

  private async keep(path: string): Promise<{ contentHash: string; bytes: number }> {
    const { hash, size } = await this.services.blobs.putFile(path)
    return { contentHash: hash, bytes: size }
  }

  /** The same file without the rows of these keys. */
  private async keepWithout(known: ReadonlySet<string>, all: readonly ColumnSummary[]) {
    const { plan } = this.context
    const { tables } = this.services
    const path = `${this.path}.rest`
    try {
      const writer = await tables.write(path, typed(plan.stored))
      for await (const rows of tables.scan([{ format: 'parquet', path: this.path }], { columns: typed(plan.stored) })) {
        const keys = textsOf(rows, plan.key!)
        const fresh = Array.from({ length: rows.rows }, (_, row) => row).filter((row) => {
          const key = textAt(keys, row)
          return key === null || !known.has(key)
        })
        await writer.append(takeRows(rows, fresh))
      }
      const { rows } = await writer.finish()
      // Histograms on the same edges as those by which the whole was judged.
      const summaries = await tables.summarise([{ format: 'parquet', path }], summaryQueries(plan, all))
      return { ...(await this.keep(path)), rows, summaries }
    } finally {
      await rm(path, { force: true })
    }
  }

  async abort(): Promise<void> {
    await this.writer.abort()
    await rm(this.path, { force: true })
  }
}

/** Times of the first and the last event; null without one. */
function spanOf(plan: DatasetPlan, summaries: readonly ColumnSummary[]): TimeSpan | null {
  const time = summaries.find((summary) => summary.name === plan.time)
  return time === undefined || time.min === null || time.max === null ? null : { from: time.min, to: time.max }
}

async function summarise(tables: Tables, file: TableFile, { plan, reference }: BatchContext): Promise<ColumnSummary[]> {
  const summaries = await tables.summarise([file], summaryQueries(plan, reference))
  const edgesOf = new Map<string, number[]>()
  for (const summary of summaries) {
    if (summary.type !== 'number' || summary.histogram !== null) continue
    const edges = referenceEdges(summary)
    if (edges.length > 1) edgesOf.set(summary.name, edges)
  }
  if (edgesOf.size === 0) return summaries
  // The first batch sets the edges, so its own histograms take a second look.
  const again = await tables.summarise(
    [file],
    [...edgesOf].map(([name, edges]) => ({ name, type: 'number', edges })),
  )
  return summaries.map((summary) => again.find((each) => each.name === summary.name) ?? summary)
}
