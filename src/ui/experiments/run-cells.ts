import type { MetricValue, TrackedRunRow } from '../../contract/tracking-view.ts'
import { call } from '../api.ts'
import type { Sight } from '../components/wide-table.tsx'
import type { RunColumn } from './run-columns.ts'

export type Cell = MetricValue | string | null

/** What is known of a run so far; another object when more is. */
export interface KnownRun {
  id: string
  run: TrackedRunRow['run'] | null
  /** By the id of the column; a column that is not there was not read yet. */
  cells: ReadonlyMap<string, Cell>
}

const rowsAtOnce = 50
const columnsAtOnce = 30
/** Whoever flies by needs no cells. */
const restMs = 50
const mostAtOnce = 2
/** Cells that are kept; beyond it those out of sight go. */
const mostCells = 400_000
const unknownCells: ReadonlyMap<string, Cell> = new Map()

interface Block {
  runs: string[]
  columns: RunColumn[]
}

/** Cells of a table of tracked runs: those in sight are read, in blocks, and kept. */
export class RunCells {
  private known = new Map<string, KnownRun>()
  private runs: readonly string[] = []
  private columns: readonly RunColumn[] = []
  private sight: Sight | null = null
  private readonly watchers = new Set<() => void>()
  private version = 0
  private reading = 0
  private timer: ReturnType<typeof setTimeout> | null = null
  /** Blocks that are being read. */
  private readonly underway = new Set<string>()
  private failed: Error | null = null

  readonly snapshot = (): number => this.version
  readonly watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  get error(): Error | null {
    return this.failed
  }

  /** Which runs in which order, and the columns that do not stay. What is known of a run stays. */
  show(runs: readonly string[], columns: readonly RunColumn[]): void {
    if (runs === this.runs && columns === this.columns) return
    this.runs = runs
    this.columns = columns
    this.plan()
  }

  at(index: number): KnownRun {
    const id = this.runs[index]!
    const known = this.known.get(id)
    if (known) return known
    const fresh: KnownRun = { id, run: null, cells: unknownCells }
    this.known.set(id, fresh)
    return fresh
  }

  readonly look = (sight: Sight): void => {
    this.sight = sight
    this.plan()
  }

  /** Reads again what is in sight and still changes. */
  readonly refresh = (): void => {
    for (const id of this.inSight()) if (this.known.get(id)?.run?.status === 'RUNNING') this.forget(id)
    this.plan()
  }

  /** Reads everything again. */
  readonly reread = (): void => {
    for (const id of this.known.keys()) this.forget(id)
    this.failed = null
    this.plan()
  }

  /** Values that a column has among the runs that were read, for completing a filter. */
  valuesOf(columnId: string, most: number): string[] {
    const values = new Set<string>()
    for (const { cells } of this.known.values()) {
      const value = cells.get(columnId)
      if (typeof value === 'string') values.add(value)
      if (values.size >= most) break
    }
    return [...values].sort()
  }

  /** All rows with these columns, block by block. */
  async readAll(columns: readonly RunColumn[], progress: (done: number) => void): Promise<KnownRun[]> {
    const rows: KnownRun[] = []
    for (let from = 0; from < this.runs.length; from += runsPerRequest) {
      rows.push(...(await readRuns(this.runs.slice(from, from + runsPerRequest), columns)))
      progress(rows.length)
    }
    return rows
  }

  private forget(id: string): void {
    const known = this.known.get(id)
    // What was read stays to be seen until it is read again.
    if (known) this.stale.add(id)
  }
  private readonly stale = new Set<string>()

  private inSight(): string[] {
    return this.sight ? this.runs.slice(this.sight.firstRow, this.sight.lastRow + 1) : []
  }

  private plan(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = setTimeout(() => {
      this.timer = null
      this.pump()
    }, restMs)
  }

  private pump(): void {
    if (this.failed) return
    for (const [key, block] of this.missing()) {
      if (this.reading >= mostAtOnce) return
      if (this.underway.has(key)) continue
      this.reading += 1
      this.underway.add(key)
      for (const id of block.runs) this.stale.delete(id)
      readBlock(block)
        .then((rows) => this.take(block, rows))
        .catch((error: Error) => {
          this.failed = error
          this.tell()
        })
        .finally(() => {
          this.reading -= 1
          this.underway.delete(key)
          this.pump()
        })
    }
  }

  /** Blocks of what is in sight of which something is not known. */
  private *missing(): Generator<[string, Block]> {
    if (!this.sight) return
    const { firstRow, lastRow, firstColumn, lastColumn } = this.sight
    const start = (index: number, size: number): number => Math.floor(index / size) * size
    for (let row = start(firstRow, rowsAtOnce); row <= lastRow; row += rowsAtOnce)
      for (let column = start(firstColumn, columnsAtOnce); column <= Math.max(lastColumn, 0); column += columnsAtOnce) {
        const columns = this.columns.slice(column, column + columnsAtOnce).filter(({ kind }) => kind !== 'attribute')
        const runs = this.runs.slice(row, row + rowsAtOnce).filter((id) => {
          const known = this.known.get(id)
          return (
            known === undefined ||
            known.run === null ||
            this.stale.has(id) ||
            columns.some((each) => !known.cells.has(each.id))
          )
        })
        if (runs.length > 0) yield [`${runs[0]} ${runs.length} ${columns[0]?.id} ${columns.length}`, { runs, columns }]
      }
  }

  private take({ runs }: Block, rows: readonly KnownRun[]): void {
    let cells = 0
    for (const known of this.known.values()) cells += known.cells.size
    if (cells > mostCells)
      this.known = new Map(
        this.inSight().flatMap((id) => {
          const known = this.known.get(id)
          return known ? [[id, known] as const] : []
        }),
      )
    const read = new Map(rows.map((row) => [row.id, row]))
    for (const id of runs) {
      const row = read.get(id)
      const before = this.known.get(id)
      // One that is gone meanwhile has nothing; the list will leave it out.
      if (row) this.known.set(id, { ...row, cells: new Map([...(before?.cells ?? []), ...row.cells]) })
    }
    this.tell()
  }

  private tell(): void {
    this.version += 1
    for (const watcher of this.watchers) watcher()
  }
}

/** What the server takes in one request. */
const runsPerRequest = 500
const columnsPerRequest = 200

/** Up to 500 runs with these columns, however many they are, in the order of the ids. */
export async function readRuns(runs: readonly string[], columns: readonly RunColumn[]): Promise<KnownRun[]> {
  const found = new Map<string, KnownRun>()
  for (let at = 0; at === 0 || at < columns.length; at += columnsPerRequest)
    for (const row of await readBlock({ runs: [...runs], columns: columns.slice(at, at + columnsPerRequest) }))
      found.set(row.id, { ...row, cells: new Map([...(found.get(row.id)?.cells ?? []), ...row.cells]) })
  return [...found.values()]
}

async function readBlock({ runs, columns }: Block): Promise<KnownRun[]> {
  const of = (kind: RunColumn['kind']) => columns.filter((column) => column.kind === kind)
  const [metrics, params, tags] = [of('metric'), of('param'), of('tag')]
  const names = (list: readonly RunColumn[]) => list.map(({ name }) => name)
  const { rows } = await call('trackedRunRows', {
    body: { runs, metrics: names(metrics), params: names(params), tags: names(tags) },
  })
  return rows.map((row) => ({
    id: row.run.id,
    run: row.run,
    cells: new Map<string, Cell>([
      ...metrics.map(({ id }, at) => [id, row.metrics[at]!] as const),
      ...params.map(({ id }, at) => [id, row.params[at]!] as const),
      ...tags.map(({ id }, at) => [id, row.tags[at]!] as const),
    ]),
  }))
}
