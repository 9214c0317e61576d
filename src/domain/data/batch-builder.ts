import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { rowAt, type Table, type TextVector, textsOf } from '../../base/columns.ts'
import type { Anomaly, ColumnSummary } from '../../contract/data.ts'
import type { TableFile, Tables, TableWriter } from '../../ports/tables.ts'
import type { JudgedBatch } from './batch-commit.ts'
import type { DataServices } from './data-services.ts'
import { type DatasetPlan, typed } from './dataset-plan.ts'
import type { EntityTable } from './entity-table.ts'
import { compile } from './expression.ts'
import { tableSource } from './row-source.ts'
import { referenceEdges, summaryQueries } from './schema-inference.ts'
import { validateBatch } from './validation.ts'

export interface BatchContext {
  plan: DatasetPlan
  reference: readonly ColumnSummary[]
  versionsBefore: number
  entity: (name: string) => EntityTable
  isListed: (entity: string) => boolean
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

  /** Writes the file, judges it and takes it into the blob store, whatever the judgement is. */
  async finish(origin: { origin: string; originHash: string; actor: string }): Promise<JudgedBatch> {
    const { plan } = this.context
    const { tables, blobs } = this.services
    try {
      const { bytes } = await this.writer.finish()
      const file: TableFile = { format: 'parquet', path: this.path }
      const summaries = await summarise(tables, file, this.context)
      const anomalies = await validateBatch(tables, {
        ...this.context,
        file,
        rows: this.rows,
        summaries,
        holds: this.holds,
        refs: this.refs,
      })
      const { hash } = await blobs.putFile(this.path)
      const time = summaries.find((summary) => summary.name === plan.time)
      const range = { from: time?.min ?? null, to: time?.max ?? null }
      return { plan, ...origin, contentHash: hash, rows: this.rows, bytes, ...range, anomalies, summaries }
    } finally {
      await rm(this.path, { force: true })
    }
  }

  async abort(): Promise<void> {
    await this.writer.abort()
    await rm(this.path, { force: true })
  }
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
