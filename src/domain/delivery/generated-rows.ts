import { type Table, TextBuilder, takeRows, type Vector } from '../../base/columns.ts'
import { MillwrightError } from '../../base/errors.ts'
import { seededRandom } from '../../base/random.ts'
import type { ColumnSummary } from '../../contract/data.ts'
import type { Column, Definition } from '../../contract/definition.ts'
import { type DatasetPlan, datasetNamed, planDataset } from '../data/dataset-plan.ts'
import { derive } from '../data/derivation.ts'
import { EntityTable } from '../data/entity-table.ts'
import { compile, type ExpressionScope } from '../data/expression.ts'
import { isTextColumn, tableSource } from '../data/row-source.ts'

const dayMs = 86_400_000
const spanMs = 20 * dayMs
const entityRows = 8
/** A value that no training has seen. */
export const unseen = 'never seen before'

export interface GenerationOptions {
  seed: number
  rows: number
  /** Dataset → what a sample of its source looks like: where no expectation says what is legal, what was seen is. */
  seen: ReadonlyMap<string, readonly ColumnSummary[]>
  /** With values missing where they may, and categories that nobody has seen. */
  odd: boolean
}

/**
 * Rows of every dataset of a definition, as its schemas and expectations allow them, the ends of every range among them. Datasets that list entities
 * are made first, and references point at what they list.
 */
export class GeneratedRows {
  private readonly tables = new Map<string, Table>()
  private readonly entities = new Map<string, EntityTable>()
  private readonly random: () => number
  readonly scope: ExpressionScope & Required<Pick<ExpressionScope, 'entity'>>

  constructor(
    private readonly definition: Pick<Definition, 'datasets' | 'entities'>,
    private readonly options: GenerationOptions,
  ) {
    this.random = seededRandom(options.seed)
    this.scope = { entity: (name) => this.entity(name), rowKey: { prefix: 'generated', at: (row) => row } }
  }

  /** All columns of a dataset, raw and derived ones too. */
  table(name: string): Table {
    const known = this.tables.get(name)
    if (known) return known
    const plan = planDataset(datasetNamed(this.definition.datasets, name))
    const source = this.sourceRows(plan, this.rowsOf(name))
    const whole = derive(source, plan, plan.derived, this.scope)
    const table = takeRows(whole, legalRows(plan, whole, this.scope))
    this.tables.set(name, table)
    return table
  }

  private rowsOf(dataset: string): number {
    return this.definition.entities.some((entity) => entity.dataset === dataset) ? entityRows : this.options.rows
  }

  private entity(name: string): EntityTable {
    const known = this.entities.get(name)
    if (known) return known
    const stated = this.definition.entities.find((each) => each.name === name)
    if (!stated?.dataset)
      throw new MillwrightError('invalid-definition', `entity "${name}" has no dataset that lists it`, {
        field: `entities.${name}`,
      })
    const table = new EntityTable(name, stated.key, this.table(stated.dataset))
    this.entities.set(name, table)
    return table
  }

  private sourceRows(plan: DatasetPlan, rows: number): Table {
    const columns = new Map<string, Vector>()
    const times = this.eventTimes(plan, rows)
    const summaries = this.options.seen.get(plan.dataset.name) ?? []
    // What says when the row happened first: what becomes known follows it.
    for (const column of plan.source) {
      const summary = summaries.find((each) => each.name === column.name)
      columns.set(column.name, this.column(plan, column, summary, rows, times))
    }
    return { rows, columns }
  }

  private eventTimes(plan: DatasetPlan, rows: number): Float64Array {
    const summaries = this.options.seen.get(plan.dataset.name) ?? []
    const newest = summaries.find((each) => each.name === plan.time)?.max ?? Date.UTC(2025, 5, 1)
    return Float64Array.from({ length: rows }, () => Math.floor(newest - this.random() * spanMs))
  }

  private column(
    plan: DatasetPlan,
    column: Column,
    summary: ColumnSummary | undefined,
    rows: number,
    times: Float64Array,
  ): Vector {
    const { random } = this
    const isMissing = (): boolean => this.options.odd && column.optional && random() < 0.25
    if (isTextColumn(column.type)) {
      const texts = this.texts(plan, column, summary)
      const builder = new TextBuilder(rows)
      for (let row = 0; row < rows; row += 1) {
        if (isMissing()) builder.push(null)
        else if (column.type === 'key') builder.push(`${column.name}-${row}`)
        else builder.push(texts[Math.floor(random() * texts.length)]!)
      }
      return builder.finish()
    }
    const isLater = plan.dataset.columns.some((each) => each.knownAt === column.name)
    const range = rangeOf(plan, column, summary)
    const value = (row: number): number => {
      if (isMissing()) return Number.NaN
      if (column.type === 'boolean') return random() < 0.5 ? 1 : 0
      if (column.type === 'time' || column.type === 'local-time')
        return isLater ? times[row]! + Math.floor(random() * 3 * dayMs) : times[row]!
      return numberIn(range, random)
    }
    return { kind: 'number', values: Float64Array.from({ length: rows }, (_, row) => value(row)) }
  }

  /** What a column of texts may hold. */
  private texts(plan: DatasetPlan, column: Column, summary: ColumnSummary | undefined): string[] {
    const seen = summary?.top?.map(({ value }) => value) ?? []
    const odd = this.options.odd ? [unseen, ''] : []
    if (column.type === 'ref') {
      const entity = this.definition.entities.find((each) => each.name === column.entity)
      if (entity?.dataset) return [...this.entity(entity.name).keys, ...odd]
      return [...(seen.length > 0 ? seen : ['a', 'b', 'c']), ...odd]
    }
    const stated = plan.dataset.expectations.find((each) => each.kind === 'in' && each.column === column.name)
    if (stated?.kind === 'in') return [...stated.values, ...odd]
    return [...(seen.length > 0 ? seen : ['a', 'b', 'c']), ...odd]
  }
}

interface Range {
  least: number
  greatest: number
  /** Every value seen was a whole number. */
  whole: boolean
}

/** By the expectations; where they leave an end open, as far as a sample went. */
function rangeOf({ dataset }: DatasetPlan, column: Column, summary: ColumnSummary | undefined): Range {
  let [least, greatest] = [summary?.min ?? -1000, summary?.max ?? 1000]
  for (const each of dataset.expectations) {
    if (each.kind !== 'between' || each.column !== column.name) continue
    least = each.min ?? Math.min(least, each.max ?? least)
    greatest = each.max ?? Math.max(greatest, each.min ?? greatest)
  }
  const quantiles = summary?.quantiles ?? []
  const whole = quantiles.length > 0 && [...quantiles, least, greatest].every(Number.isInteger)
  return { least, greatest, whole }
}

/** Within the range; its ends, and 0 and 1 where they are legal, more often than chance would have them. */
function numberIn({ least, greatest, whole }: Range, random: () => number): number {
  const chance = random()
  if (chance < 0.04) return least
  if (chance < 0.08) return greatest
  if (chance < 0.14 && least <= 0 && greatest >= 0) return 0
  if (chance < 0.16 && least <= 1 && greatest >= 1) return 1
  const value = least + random() * (greatest - least)
  return whole ? Math.round(value) : value
}

/** Rows that no expectation about single rows speaks against. */
function legalRows({ dataset, types }: DatasetPlan, table: Table, scope: ExpressionScope): number[] {
  const source = tableSource(table, types)
  const rules = dataset.expectations.flatMap((each): ((row: number) => boolean)[] => {
    if (each.kind === 'holds') {
      const rule = compile(each.rule, source, scope)
      return [(row) => rule.at(row) !== 0]
    }
    if (each.kind === 'between') {
      const { at } = source.column(each.column)
      return [
        (row) => {
          const value = Number(at(row))
          return !(value < (each.min ?? value)) && !(value > (each.max ?? value))
        },
      ]
    }
    return []
  })
  return Array.from({ length: table.rows }, (_, row) => row).filter((row) => rules.every((holds) => holds(row)))
}
