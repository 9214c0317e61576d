import { useEffect, useSyncExternalStore } from 'react'
import type { Event } from '../contract/events.ts'
import { type Answer, ApiError, call } from './api.ts'
import { type EventFeed, emptyFeed, withNewer, withNewestPage } from './event-feed.ts'

/** `signed-out` where the control plane wants to know who reads. */
type Connection = 'connecting' | 'live' | 'offline' | 'signed-out'

export interface LiveState {
  connection: Connection
  /** Why nothing is heard, where nothing is. */
  trouble: Error | null
  /** Wall-clock time of the last word from the server. */
  heardAt: number | null
  feed: EventFeed
}

type Listener = (events: readonly Event[]) => void

const pageSize = 200
/** Events that arrive within this many milliseconds reach the page together: a replay sends hundreds a second. */
const gatherMs = 100
const firstRetryMs = 500
const longestRetryMs = 5_000

/** The one connection to the event stream. It goes on after the last event it saw, however often it is cut. */
class Live {
  private state: LiveState = { connection: 'connecting', trouble: null, heardAt: null, feed: emptyFeed }
  private readonly watchers = new Set<() => void>()
  private readonly listeners = new Set<Listener>()
  private readonly reconnected = new Set<() => void>()
  private source: EventSource | null = null
  private gathered: Event[] = []
  private gathering: ReturnType<typeof setTimeout> | null = null
  private retryMs = firstRetryMs
  private started = false
  private connecting = false

  start(): void {
    if (this.started) return
    this.started = true
    void this.connect()
    // A machine that wakes up should not wait out the pause.
    addEventListener('online', () => void this.connect())
  }

  readonly snapshot = (): LiveState => this.state
  readonly watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  /** Calls back with events as they arrive, oldest first; not with those of the past. */
  onEvents(listener: Listener): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** Calls back when the server is back after it was gone: what the page knows may be old. */
  onReconnect(listener: () => void): () => void {
    this.reconnected.add(listener)
    return () => this.reconnected.delete(listener)
  }

  /** Begins anew, as somebody who may see other things. */
  reconnect(): void {
    this.source?.close()
    this.source = null
    void this.connect()
  }

  private set(change: Partial<LiveState>): void {
    this.state = { ...this.state, ...change }
    for (const watcher of this.watchers) watcher()
  }

  private async connect(): Promise<void> {
    if (this.connecting || this.source) return
    this.connecting = true
    try {
      this.follow(await call('events', { query: { limit: pageSize } }))
    } catch (error) {
      const isRefused = error instanceof ApiError && error.code === 'unauthorized'
      this.set({ connection: isRefused ? 'signed-out' : 'offline', trouble: error as Error })
      this.retry()
    } finally {
      this.connecting = false
    }
  }

  private follow(page: Answer<'events'>): void {
    // What was asked for meanwhile was refused, or nobody answered.
    const wasGone = this.state.heardAt !== null || this.state.trouble !== null
    this.set({ feed: withNewestPage(this.state.feed, page.events), heardAt: Date.now(), trouble: null })
    if (wasGone) for (const listener of this.reconnected) listener()
    // Its own way of going on would ask for `after` of the first time again.
    const source = new EventSource(`/api/events/stream?after=${this.state.feed.events[0]?.seq ?? 0}`)
    this.source = source
    source.onopen = () => {
      this.retryMs = firstRetryMs
      this.set({ connection: 'live', heardAt: Date.now() })
    }
    source.addEventListener('event', ({ data }: MessageEvent<string>) => this.gather(JSON.parse(data) as Event))
    source.onerror = () => {
      source.close()
      this.source = null
      this.set({ connection: 'connecting' })
      this.retry()
    }
  }

  private retry(): void {
    setTimeout(() => void this.connect(), this.retryMs)
    this.retryMs = Math.min(this.retryMs * 2, longestRetryMs)
  }

  private gather(event: Event): void {
    this.gathered.push(event)
    this.gathering ??= setTimeout(() => {
      const events = this.gathered
      this.gathered = []
      this.gathering = null
      this.set({ feed: withNewer(this.state.feed, events), heardAt: Date.now() })
      for (const listener of this.listeners) listener(events)
    }, gatherMs)
  }
}

export const live = new Live()

export const useLive = (): LiveState => useSyncExternalStore(live.watch, live.snapshot)

/** Calls back with events as they arrive, for as long as the component is shown. `listener` must be stable. */
export function useArrivals(listener: Listener): void {
  useEffect(() => live.onEvents(listener), [listener])
}
