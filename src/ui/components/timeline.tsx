import { useVirtualizer } from '@tanstack/react-virtual'
import { useLayoutEffect, useRef } from 'react'
import type { Event } from '../../contract/events.ts'
import { stageTitle } from '../stages.ts'
import { Icon } from './icon.tsx'
import { Ref } from './ref.tsx'
import { useNarrow } from './use-narrow.ts'
import { When } from './when.tsx'

const levelWords = { info: 'Information', good: 'Good', warning: 'Warning', bad: 'Bad' } as const

function TimelineRow({
  event,
  now,
  onOpen,
}: {
  event: Event
  now: number
  onOpen?: ((event: Event) => void) | undefined
}) {
  return (
    <>
      <span className={`level level-${event.level}`} title={levelWords[event.level]}>
        <Icon name={event.level} />
        <span className="visually-hidden">{levelWords[event.level]}</span>
      </span>
      {onOpen ? (
        <button type="button" className="message" title={event.message} onClick={() => onOpen(event)}>
          {event.message}
        </button>
      ) : (
        <span className="message" title={event.message}>
          {event.message}
        </span>
      )}
      <span className="about">
        <span className="stage-name">{stageTitle(event.stage)}</span>
        <Ref to={event.subject} title={event.subject}>
          {event.subject}
        </Ref>
      </span>
      <When time={event.time} now={now} recordedAt={event.recordedAt} />
    </>
  )
}

/**
 * Events, newest first. Rows of one height, only those in sight are in the page; who has scrolled down stays where they are as new
 * ones arrive. Calls `readOlder` near the end.
 */
export function Timeline({
  events,
  now,
  complete,
  readOlder,
  onOpen,
  current,
}: {
  events: readonly Event[]
  now: number
  complete: boolean
  readOlder: () => void
  /** Shows one in full. */
  onOpen?: (event: Event) => void
  /** Place of the one that is shown in full. */
  current?: number | undefined
}) {
  const scroller = useRef<HTMLElement>(null)
  const rowHeight = useNarrow() ? 78 : 50
  const rows = useVirtualizer({
    count: events.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    getItemKey: (index) => events[index]!.seq,
    overscan: 6,
  })
  const shown = rows.getVirtualItems()

  // biome-ignore lint/correctness/useExhaustiveDependencies: another row height is another layout
  useLayoutEffect(() => rows.measure(), [rows, rowHeight])

  const top = useRef<number | undefined>(undefined)
  const newest = events[0]?.seq
  useLayoutEffect(() => {
    const before = top.current
    top.current = newest
    const box = scroller.current
    if (before === undefined || newest === undefined || !box || box.scrollTop < rowHeight / 2) return
    const added = events.findIndex((event) => event.seq <= before)
    if (added > 0) box.scrollTop += added * rowHeight
  }, [events, newest, rowHeight])

  const last = shown.at(-1)?.index ?? 0
  useLayoutEffect(() => {
    if (!complete && last >= events.length - 10) readOlder()
  }, [complete, last, events.length, readOlder])

  return (
    // A region that scrolls must be reachable by the keyboard.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
    <section className="timeline" ref={scroller} tabIndex={0} aria-label="Events, newest first">
      <ol style={{ height: rows.getTotalSize() }}>
        {shown.map(({ key, index, start }) => {
          const event = events[index]!
          return (
            <li
              key={key}
              data-seq={event.seq}
              aria-current={event.seq === current ? 'true' : undefined}
              style={{ height: rowHeight, transform: `translateY(${start}px)` }}
            >
              <TimelineRow event={event} now={now} onOpen={onOpen} />
            </li>
          )
        })}
      </ol>
    </section>
  )
}
