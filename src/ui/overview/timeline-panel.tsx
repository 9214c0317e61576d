import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback, useMemo, useState } from 'react'
import type { Event } from '../../contract/events.ts'
import { Panel } from '../components/panel.tsx'
import { EmptyState, Loading } from '../components/states.tsx'
import { Timeline } from '../components/timeline.tsx'
import { live, useLive } from '../live.ts'
import { reading } from '../queries.ts'
import { shownStage, stageViews } from '../stages.ts'

const route = getRouteApi('/')

const wanted = (event: Event, stage: string | undefined, subject: string | undefined): boolean =>
  (stage === undefined || shownStage(event.stage) === stage) && (subject === undefined || event.subject === subject)

function StageFilter({ stage, choose }: { stage: string | undefined; choose: (stage: string | undefined) => void }) {
  const choices = [{ stage: undefined, title: 'All' }, ...stageViews, { stage: 'project', title: 'Project' }]
  return (
    <fieldset className="chips">
      <legend className="visually-hidden">Events of which stage</legend>
      {choices.map((choice) => (
        <button
          key={choice.title}
          type="button"
          aria-pressed={choice.stage === stage}
          onClick={() => choose(choice.stage)}
        >
          {choice.title}
        </button>
      ))}
    </fieldset>
  )
}

/**
 * Events of a filter: what the feed holds of them, and behind that what the server finds further back, so that a rare one is seen
 * without reading the whole log.
 */
function useEvents(stage: string | undefined, subject: string | undefined) {
  const { feed, heardAt } = useLive()
  const filtered = stage !== undefined || subject !== undefined
  const oldestHeld = feed.events.at(-1)?.seq
  const [limit, setLimit] = useState(200)
  const { data } = useQuery({
    ...reading('events', { limit, before: oldestHeld, ...(stage ? { stage } : {}), ...(subject ? { subject } : {}) }),
    enabled: filtered && oldestHeld !== undefined && !feed.complete,
    placeholderData: (before) => before,
    // The past does not change.
    staleTime: Number.POSITIVE_INFINITY,
  })
  const events = useMemo(() => {
    if (!filtered) return feed.events
    const held = feed.events.filter((event) => wanted(event, stage, subject))
    const older = (data?.events ?? []).filter((event) => event.seq < (oldestHeld ?? 0) && wanted(event, stage, subject))
    return [...held, ...older]
  }, [feed, data, filtered, stage, subject, oldestHeld])
  const readOlder = useCallback(() => {
    if (!filtered) void live.readOlder()
    else setLimit((before) => Math.min(1_000, before + 200))
  }, [filtered])
  const complete = feed.complete || (filtered && (data === undefined || data.events.length < limit || limit === 1_000))
  return { events, complete, readOlder, heard: heardAt !== null }
}

export function TimelinePanel({ now }: { now: number }) {
  const { stage, subject } = route.useSearch()
  const navigate = route.useNavigate()
  const { events, complete, readOlder, heard } = useEvents(stage, subject)
  const filter = (change: { stage?: string | undefined; subject?: string | undefined }) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false })
  return (
    <Panel title="Events" says="Everything that changed the state of the project, newest first." className="events">
      <div className="filters">
        <StageFilter stage={stage} choose={(to) => filter({ stage: to })} />
        {subject && (
          <button type="button" className="chip-on" onClick={() => filter({ subject: undefined })}>
            {subject} <span aria-hidden="true">×</span>
            <span className="visually-hidden">: show all subjects</span>
          </button>
        )}
      </div>
      {events.length > 0 ? (
        <Timeline events={events} now={now} complete={complete} readOlder={readOlder} />
      ) : !heard ? (
        <Loading what="events" />
      ) : stage || subject ? (
        <EmptyState>No event of this kind yet: choose All to see the others.</EmptyState>
      ) : (
        <EmptyState command="npx millwright apply">Nothing has happened yet: apply a project to begin.</EmptyState>
      )}
    </Panel>
  )
}
