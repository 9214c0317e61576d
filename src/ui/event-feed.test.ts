import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Event } from '../contract/events.ts'
import { emptyFeed, withNewer, withNewestPage } from './event-feed.ts'

const event = (seq: number, log = 'a'): Event => ({
  seq,
  id: `evt_${seq}`,
  type: 'run.started',
  stage: 'pipelines',
  subject: `run:${seq}`,
  actor: 'system',
  message: `run ${seq}`,
  level: 'info',
  time: seq,
  recordedAt: seq,
  data: {},
  previousHash: `${log}${seq - 1}`,
  hash: `${log}${seq}`,
})
const down = (from: number, to: number, log?: string): Event[] =>
  Array.from({ length: from - to + 1 }, (_, index) => event(from - index, log))
const seqs = (feed: { events: readonly Event[] }): number[] => feed.events.map(({ seq }) => seq)

test('pages and streams that repeat themselves join without a gap or a double', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 12 }),
      (start, pageSize, steps) => {
        let head = start
        let feed = withNewestPage(emptyFeed, down(head, Math.max(1, head - pageSize + 1)))
        for (const step of steps) {
          if (step < 5) {
            const repeat = Math.max(1, head - step)
            head += step
            feed = withNewer(feed, down(head, repeat).reverse())
          } else {
            head += 1
            feed = withNewestPage(feed, down(head, Math.max(1, head - pageSize)))
          }
          const held = seqs(feed)
          expect(held).toEqual(held.map((_, index) => head - index))
        }
      },
    ),
  )
})

test('after a long absence the newest page replaces what was held', () => {
  const feed = withNewestPage(withNewestPage(emptyFeed, down(5, 1)), down(40, 30))
  expect(seqs(feed)).toEqual(seqs({ events: down(40, 30) }))
})

test('another log at the same address replaces what was held, also when it is shorter', () => {
  const held = withNewestPage(emptyFeed, down(5, 1))
  expect(withNewestPage(held, down(9, 1, 'b')).events.at(-1)!.hash).toBe('b1')
  expect(seqs(withNewestPage(held, down(2, 1, 'b')))).toEqual([2, 1])
  expect(seqs(withNewestPage(held, []))).toEqual([])
})
