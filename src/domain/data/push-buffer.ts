import { createHash } from 'node:crypto'
import { day } from '../../base/clock.ts'
import { concatTables, numbersOf, type Table, takeRows, textAt, textsOf, type Vector } from '../../base/columns.ts'
import { MillwrightError } from '../../base/errors.ts'
import { decodeTable, encodeTable } from '../../base/table-codec.ts'
import type { BatchRecord } from '../../contract/data.ts'
import type { Definition } from '../../contract/definition.ts'
import type { AppendLog, AppendLogs } from '../../ports/append-logs.ts'
import { BatchBuilder } from './batch-builder.ts'
import type { DataServices } from './data-services.ts'
import { type DatasetPlan, datasetNamed, planDataset } from './dataset-plan.ts'
import { derive } from './derivation.ts'
import { EntityTables } from './entity-tables.ts'
import { contextOf, entitiesNeeded } from './ingestion.ts'
import { KnownKeys } from './known-keys.ts'
import { type PushBody, readPushedRows } from './pushed-rows.ts'

/** Rows that were taken in together, with derived columns, and the number of the first among all that were ever pushed to the dataset. */
export interface PushedRows {
  first: number
  rows: Table
}

interface OpenDay {
  log: AppendLog
  parts: PushedRows[]
}

/**
 * Where pushed rows wait until their day is over and they become a batch. A row belongs to the day by whose end everything about it is known, so that
 * a day is complete when it is closed. What was acknowledged survives any crash; a row that is pushed again changes nothing.
 */
export class PushBuffer {
  private readonly days = new Map<number, Promise<OpenDay>>()
  private readonly appending = new Set<Promise<unknown>>()
  /** Days whose log is getting its other name, with the rows that stay in them: none, unless that fails. */
  private readonly sealing = new Map<number, Promise<PushedRows[]>>()
  private next = 1
  private closing: Promise<unknown> = Promise.resolve()

  private constructor(
    private readonly services: DataServices & { logs: AppendLogs },
    private readonly plan: DatasetPlan,
    private readonly entities: EntityTables,
    private readonly keys: KnownKeys | null,
  ) {}

  /** Opens the buffer of a dataset, with the rows that waited when the process ended. */
  static async open(
    services: DataServices & { logs: AppendLogs },
    definition: Pick<Definition, 'datasets' | 'entities'>,
    dataset: string,
  ): Promise<PushBuffer> {
    const plan = planDataset(datasetNamed(definition.datasets, dataset))
    if (plan.time === null) {
      throw new MillwrightError('invalid-request', `dataset "${dataset}" has no time, so rows cannot be added to it`, {
        hint: 'Ingest a whole new list as a file.',
      })
    }
    const keys = plan.key === null ? null : new KnownKeys(services, dataset, plan.key, plan.time)
    const buffer = new PushBuffer(services, plan, new EntityTables(services, definition), keys)
    await buffer.recover()
    return buffer
  }

  private get folder(): string {
    return `push/${this.plan.dataset.name}`
  }

  private nameOf(start: number): string {
    return `${this.folder}/${dateOf(start)}`
  }

  /**
   * Takes rows in; durable when it resolves.
   *
   * @returns the rows that were new, and how many were there already.
   * @throws `invalid-data` naming the first row and field that is wrong; then none is taken.
   */
  async push(body: PushBody): Promise<PushedRows & { duplicates: number }> {
    const scope = await this.scope()
    const known = (entity: string) => (this.entities.isListed(entity) ? scope(entity) : null)
    const sent = readPushedRows(body, { plan: this.plan, known })
    const whole = derive(sent, this.plan, this.plan.derivedOnPush, { entity: scope, rowKey: null })
    const dayOf = settledDays(whole, this.plan)
    const fresh = this.keys === null ? null : await this.keys.claim(whole, dayOf)
    const rows = fresh === null || fresh.length === whole.rows ? whole : takeRows(whole, fresh)
    const days = fresh === null || fresh.length === whole.rows ? dayOf : Float64Array.from(fresh, (row) => dayOf[row]!)
    const first = this.next
    this.next += rows.rows
    try {
      await this.append({ first, rows }, days)
    } catch (error) {
      this.keys?.release(rows, days)
      throw error
    }
    const duplicates = whole.rows - rows.rows
    // The first of two equal rows may still be on its way to the disk.
    if (duplicates > 0) await Promise.all(this.appending)
    return { first, rows, duplicates }
  }

  /** Rows that wait in open days, in the order in which they came. */
  async waiting(): Promise<PushedRows[]> {
    const days = await Promise.all(this.days.values())
    return days.flatMap((open) => open.parts).sort((a, b) => a.first - b.first)
  }

  /** Number of the last row that was ever taken in. */
  get last(): number {
    return this.next - 1
  }

  /** Makes a batch of every day that is over, oldest first. One at a time, however often it is called. */
  closeDue(now: number, actor = 'system'): Promise<BatchRecord[]> {
    const work = this.closing.then(async () => {
      const batches: BatchRecord[] = await this.finishSealed()
      for (const start of [...this.days.keys()].sort((a, b) => a - b)) {
        if (start + day <= now) batches.push(await this.closeDay(start, actor))
      }
      return batches
    })
    this.closing = work.catch(() => undefined)
    return work
  }

  /** Closes the logs; what waits is there at the next opening. */
  async close(): Promise<void> {
    await this.closing
    await Promise.allSettled(this.appending)
    for (const open of await Promise.all(this.days.values())) await open.log.close()
    this.days.clear()
  }

  private scope() {
    return this.entities.scope(entitiesNeeded(this.plan, this.entities))
  }

  private async append(pushed: PushedRows, dayOf: Float64Array): Promise<void> {
    const starts = new Set(dayOf)
    await Promise.all(
      [...starts].map(async (start) => {
        const mine =
          starts.size === 1 ? pushed : { first: pushed.first, rows: takeRows(pushed.rows, rowsWith(dayOf, start)) }
        const open = await this.openDay(start)
        open.parts.push(mine)
        const work = open.log.append(encodeTable(pushedColumns(mine.rows, this.plan), { first: mine.first }))
        this.appending.add(work)
        try {
          await work
        } catch (error) {
          open.parts.splice(open.parts.indexOf(mine), 1)
          throw error
        } finally {
          this.appending.delete(work)
        }
      }),
    )
  }

  /** The day's log, good until the next turn of the event loop: a day that was closed meanwhile is opened anew. */
  private async openDay(start: number): Promise<OpenDay> {
    for (;;) {
      const asked = this.dayOf(start)
      const open = await asked
      if (this.days.get(start) === asked) return open
    }
  }

  private dayOf(start: number): Promise<OpenDay> {
    let open = this.days.get(start)
    if (open === undefined) {
      // Until a day's log has its other name, opening its name would open the log that is being closed.
      const left = this.sealing.get(start) ?? Promise.resolve([])
      open = left.then(async (parts) => ({ log: await this.services.logs.open(this.nameOf(start)), parts }))
      const opening = open
      this.days.set(start, opening)
      // A log that could not be opened (no descriptor, no room) is opened by the next push.
      opening.catch(() => {
        if (this.days.get(start) === opening) this.days.delete(start)
      })
    }
    return open
  }

  private async closeDay(start: number, actor: string): Promise<BatchRecord> {
    const open = await this.days.get(start)!
    // A late row of the same day begins a new log from here on.
    const sealed = `${this.folder}/closing/${dateOf(start)}-${open.parts[0]?.first ?? 0}`
    await this.seal(start, open, sealed)
    const closed = this.keys?.closeDay(start, open.parts)
    let batch: BatchRecord | null = null
    try {
      batch = await this.commit(sealed, open.parts, actor)
      return batch
    } finally {
      closed?.(batch)
    }
  }

  /** Gives the log of a day the name of one that is being made a batch. Where that fails, the day is open as before. */
  private async seal(start: number, open: OpenDay, sealed: string): Promise<void> {
    const { logs } = this.services
    this.days.delete(start)
    const work = (async () => {
      await open.log.close()
      await logs.rename(this.nameOf(start), await this.made(sealed))
    })()
    this.sealing.set(
      start,
      work.then(
        () => [],
        () => open.parts,
      ),
    )
    try {
      await work
    } catch (error) {
      await this.dayOf(start)
      throw error
    } finally {
      this.sealing.delete(start)
    }
  }

  /** A log can only be renamed into a folder that is there. */
  private async made(name: string): Promise<string> {
    await (await this.services.logs.open(name)).close()
    return name
  }

  private async commit(sealed: string, parts: readonly PushedRows[], actor: string): Promise<BatchRecord> {
    const digest = createHash('sha256')
    for await (const { bytes } of this.services.logs.read(sealed)) digest.update(bytes)
    const ordered = [...parts].sort((a, b) => a.first - b.first)
    const last = ordered.at(-1)
    const origin = `push:${ordered[0]?.first ?? 0}-${last === undefined ? 0 : last.first + last.rows.rows - 1}`
    const context = await contextOf(this.services, this.plan, this.entities, { entity: await this.scope() })
    const builder = await BatchBuilder.open(this.services, context)
    try {
      await builder.append(byTime(concatTables(ordered.map((part) => part.rows)), this.plan))
      const { batch } = await builder.commit({ origin, originHash: digest.digest('hex'), actor })
      await this.services.logs.remove(sealed)
      return batch
    } catch (error) {
      await builder.abort()
      throw error
    }
  }

  /** Ends what a crash interrupted, and reads the rows that wait. */
  private async recover(): Promise<void> {
    const { logs, metadata } = this.services
    const batches = await metadata.find('batch', { where: { dataset: this.plan.dataset.name } })
    for (const { origin } of batches) this.sawUpTo(Number(/^push:\d+-(\d+)$/.exec(origin)?.[1] ?? 0))
    await this.finishSealed()
    for (const name of await logs.list(this.folder)) {
      const start = Date.parse(`${name.split('/').at(-1)}T00:00:00Z`)
      const log = await logs.open(name)
      const parts = await this.partsOf(name)
      this.days.set(start, Promise.resolve({ log, parts }))
      for (const { rows } of parts) this.keys?.add(rows, start)
    }
  }

  /** Days whose closing was interrupted. */
  private async finishSealed(): Promise<BatchRecord[]> {
    const { logs } = this.services
    const batches: BatchRecord[] = []
    for (const sealed of await logs.list(`${this.folder}/closing`)) {
      const parts = await this.partsOf(sealed)
      if (parts.length > 0) batches.push(await this.commit(sealed, parts, 'system'))
      else await logs.remove(sealed)
    }
    return batches
  }

  private async partsOf(log: string): Promise<PushedRows[]> {
    const scope = await this.scope()
    const parts: PushedRows[] = []
    for await (const { bytes } of this.services.logs.read(log)) {
      const { table, note } = decodeTable(bytes)
      const { first } = note as { first: number }
      const rows = derive(table, this.plan, this.plan.derivedOnPush, { entity: scope, rowKey: null })
      parts.push({ first, rows })
      this.sawUpTo(first + rows.rows - 1)
    }
    return parts
  }

  private sawUpTo(last: number): void {
    this.next = Math.max(this.next, last + 1)
  }
}

const dateOf = (start: number): string => new Date(start).toISOString().slice(0, 10)

function rowsWith(dayOf: Float64Array, start: number): number[] {
  const rows: number[] = []
  for (let row = 0; row < dayOf.length; row += 1) if (dayOf[row] === start) rows.push(row)
  return rows
}

/** What cannot be computed again. */
function pushedColumns(rows: Table, plan: DatasetPlan): Table {
  const columns = new Map<string, Vector>()
  for (const { name } of plan.pushed) columns.set(name, rows.columns.get(name)!)
  return { rows: rows.rows, columns }
}

/** The start of the day at whose end all of a row is known. @throws `invalid-data` for a row without a time. */
function settledDays(rows: Table, plan: DatasetPlan): Float64Array {
  const times = [...new Set([plan.time!, ...plan.knownAt.values()])].map((name) => numbersOf(rows, name))
  const days = new Float64Array(rows.rows)
  for (let row = 0; row < rows.rows; row += 1) {
    if (Number.isNaN(times[0]![row]!)) {
      throw new MillwrightError('invalid-data', `row ${row}: "${plan.time}" cannot be told`, {
        field: `rows.${row}.${plan.time}`,
      })
    }
    let latest = Number.NEGATIVE_INFINITY
    for (const column of times) if (column[row]! > latest) latest = column[row]!
    days[row] = Math.floor(latest / day) * day
  }
  return days
}

/** In the order of time, then of keys: the same rows make the same file, whatever the order in which they came. */
function byTime(rows: Table, plan: DatasetPlan): Table {
  const times = numbersOf(rows, plan.time!)
  const keys = plan.key === null ? null : textsOf(rows, plan.key)
  const order = Int32Array.from({ length: rows.rows }, (_, row) => row)
  order.sort((a, b) => {
    if (times[a]! !== times[b]!) return times[a]! - times[b]!
    if (keys === null) return a - b
    const [x, y] = [textAt(keys, a) ?? '', textAt(keys, b) ?? '']
    return x < y ? -1 : x > y ? 1 : a - b
  })
  return takeRows(rows, order)
}
