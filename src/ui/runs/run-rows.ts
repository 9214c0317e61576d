import { useEffect, useSyncExternalStore } from 'react'
import type { Event } from '../../contract/events.ts'
import type { RunRow } from '../../contract/run-row.ts'
import { ApiError, call } from '../api.ts'
import { live } from '../live.ts'
import { isRunOver } from './over.ts'

interface RunRows {
  /** Newest first. */
  rows: readonly RunRow[]
  /** Runs that the server has. */
  total: number | null
  error: ApiError | null
}

/** The first page is there at once; the further ones are larger. */
const firstPage = 200
const pageSize = 2000
/** Named runs that one request asks for. */
const mostNamed = 150
const leastMsBetween = 1_000

/** Runs that an event is about. */
const runOf = ({ subject, data }: Event): string | null => {
  if (subject.startsWith('run:')) return subject.slice(4)
  return typeof data.run === 'string' ? data.run : null
}

/**
 * All runs in short, for a table that filters and sorts them without asking again: the newest first, the older ones page by page behind
 * them, and what events name read again.
 */
class RunRowStore {
  private state: RunRows = { rows: [], total: null, error: null }
  private readonly byId = new Map<string, RunRow>()
  private readonly watchers = new Set<() => void>()
  private readonly changed = new Set<string>()
  private reading: Promise<void> | null = null
  private isComplete = false
  /** Counts beginnings: what an earlier one still reads is of no use. */
  private beginning = 0
  private published = 0
  private timer: ReturnType<typeof setTimeout> | null = null
  private ends: (() => void)[] = []

  readonly snapshot = (): RunRows => this.state
  readonly watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  /** Follows the runs for as long as somebody looks. @returns a function that ends it. */
  follow(): () => void {
    void this.read()
    this.ends = [
      live.onEvents((events) => {
        // Runs are taken away by the garbage collection alone.
        if (events.some(({ type }) => type === 'gc.finished')) this.beginAnew()
        for (const event of events) {
          const run = runOf(event)
          if (run !== null) this.changed.add(run)
        }
        this.plan()
      }),
      live.onReconnect(() => this.beginAnew()),
    ]
    return () => {
      for (const end of this.ends) end()
      if (this.timer !== null) clearTimeout(this.timer)
      this.timer = null
      // What happens meanwhile is not heard: the next look begins with the newest.
      this.isComplete = false
    }
  }

  readonly beginAnew = (): void => {
    this.byId.clear()
    this.beginning += 1
    this.published = 0
    this.isComplete = false
    void this.read()
  }

  private read(): Promise<void> {
    const { beginning } = this
    this.reading ??= this.readPages(beginning)
      .catch((error: unknown) => {
        if (!(error instanceof ApiError)) throw error
        this.set({ error })
      })
      .finally(() => {
        this.reading = null
        if (beginning !== this.beginning) void this.read()
      })
    return this.reading
  }

  private async readPages(beginning: number): Promise<void> {
    if (this.isComplete) return
    const unfinished = [...this.byId.values()].filter(({ state }) => !isRunOver(state)).map(({ id }) => id)
    for (const id of unfinished) this.changed.add(id)
    this.plan()
    let before: string | undefined
    for (;;) {
      const query = { limit: before === undefined ? firstPage : pageSize, ...(before === undefined ? {} : { before }) }
      const { rows, total } = await call('runRows', { query })
      if (beginning !== this.beginning) return
      const oldest = rows.at(-1)
      // Everything behind a page that was known as a whole is known, too.
      const known = rows.length > 0 && rows.every(({ id }) => this.byId.has(id))
      for (const row of rows) this.byId.set(row.id, row)
      this.isComplete = oldest === undefined || rows.length < query.limit || (known && this.byId.size >= total)
      // Sorting a hundred thousand rows for every page of them would be most of the work.
      if (this.isComplete || this.byId.size >= 2 * this.published) this.publish(total)
      if (this.isComplete || oldest === undefined) return
      before = oldest.id
    }
  }

  private plan(): void {
    if (this.changed.size === 0 || this.timer !== null) return
    this.timer = setTimeout(() => {
      this.timer = null
      const runs = [...this.changed].slice(0, mostNamed)
      for (const run of runs) this.changed.delete(run)
      call('runRows', { query: { runs: runs.join(','), limit: mostNamed } })
        .then(({ rows, total }) => {
          for (const row of rows) this.byId.set(row.id, row)
          this.publish(total)
          this.plan()
        })
        // The connection's own sign says that nobody answers; everything is read again afterwards.
        .catch(() => undefined)
    }, leastMsBetween)
  }

  private publish(total: number): void {
    this.published = this.byId.size
    const rows = [...this.byId.values()].sort((a, b) => (a.id < b.id ? 1 : -1))
    this.set({ rows, total, error: null })
  }

  private set(change: Partial<RunRows>): void {
    this.state = { ...this.state, ...change }
    for (const watcher of this.watchers) watcher()
  }
}

const store = new RunRowStore()

/** All runs in short, and how to read them again after an error. */
export function useRunRows(): RunRows & { retry: () => void } {
  const state = useSyncExternalStore(store.watch, store.snapshot)
  useEffect(() => store.follow(), [])
  return { ...state, retry: store.beginAnew }
}
