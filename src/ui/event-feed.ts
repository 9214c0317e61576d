import type { Event } from '../contract/events.ts'

/**
 * The part of the event log that the page holds: newest first, without gaps, from `events[0]` back to the last one. What is older
 * can be read on from there.
 */
export interface EventFeed {
  readonly events: readonly Event[]
  /** Nothing is older than the last one held. */
  readonly complete: boolean
}

export const emptyFeed: EventFeed = { events: [], complete: false }

/** Beyond this the oldest are let go: they can be read again. */
const mostEvents = 20_000

/** Events as they come off the stream, in order. Those that the feed holds already are passed over. */
export function withNewer(feed: EventFeed, arrived: readonly Event[]): EventFeed {
  const newest = feed.events[0]?.seq ?? 0
  const fresh = arrived.filter((event) => event.seq > newest).reverse()
  if (fresh.length === 0) return feed
  const events = [...fresh, ...feed.events]
  if (events.length <= mostEvents) return { ...feed, events }
  return { events: events.slice(0, mostEvents), complete: false }
}

/** The newest page of the log, newest first, as read after a connection was made. Where it does not join what is held, it replaces it. */
export function withNewestPage(feed: EventFeed, page: readonly Event[]): EventFeed {
  const newest = feed.events[0]
  const last = page.at(-1)
  const whole: EventFeed = { events: page, complete: last === undefined || last.seq === 1 }
  if (!newest || !last) return whole
  const same = page.find((event) => event.seq === newest.seq)
  // Another log at the same address: a new home, or one restored from a backup.
  if (same ? same.hash !== newest.hash : last.seq !== newest.seq + 1) return whole
  return withNewer(feed, [...page].reverse())
}

/** The page before the oldest one held, newest first. */
export function withOlder(feed: EventFeed, page: readonly Event[]): EventFeed {
  const oldest = feed.events.at(-1)?.seq ?? Number.POSITIVE_INFINITY
  const fresh = page.filter((event) => event.seq < oldest)
  const last = fresh.at(-1)
  return { events: [...feed.events, ...fresh], complete: last === undefined || last.seq === 1 }
}
