import type { Event } from '../contract/events.ts'

/** The part of the event log that the page holds: newest first, without gaps, from `events[0]` back to the last one. */
export interface EventFeed {
  readonly events: readonly Event[]
}

export const emptyFeed: EventFeed = { events: [] }

/** Beyond this the oldest are let go: they can be read again. */
const mostEvents = 20_000

/** Events as they come off the stream, in order. Those that the feed holds already are passed over. */
export function withNewer(feed: EventFeed, arrived: readonly Event[]): EventFeed {
  const newest = feed.events[0]?.seq ?? 0
  const fresh = arrived.filter((event) => event.seq > newest).reverse()
  if (fresh.length === 0) return feed
  const events = [...fresh, ...feed.events]
  return { events: events.slice(0, mostEvents) }
}

/** The newest page of the log, newest first, as read after a connection was made. Where it does not join what is held, it replaces it. */
export function withNewestPage(feed: EventFeed, page: readonly Event[]): EventFeed {
  const newest = feed.events[0]
  const last = page.at(-1)
  const whole: EventFeed = { events: page }
  if (!newest || !last) return whole
  const same = page.find((event) => event.seq === newest.seq)
  // Another log at the same address: a new home, or one restored from a backup.
  if (same ? same.hash !== newest.hash : last.seq !== newest.seq + 1) return whole
  return withNewer(feed, [...page].reverse())
}
