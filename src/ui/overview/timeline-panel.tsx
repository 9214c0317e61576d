import { getRouteApi, Link } from '@tanstack/react-router'
import { useMemo } from 'react'
import { Panel } from '../components/panel.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { Timeline } from '../components/timeline.tsx'
import { useEvents } from '../events/use-events.ts'
import { stageViews } from '../stages.ts'

const route = getRouteApi('/')

function StageFilter({ stage, choose }: { stage: string | undefined; choose: (stage: string | undefined) => void }) {
  const choices = [
    { stage: undefined, title: 'All' },
    ...stageViews,
    { stage: 'delivery', title: 'Delivery' },
    { stage: 'project', title: 'Project' },
  ]
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

/** The newest events, of one stage where one is chosen; each leads to what it is about. */
export function TimelinePanel({ now }: { now: number }) {
  const { stage } = route.useSearch()
  const navigate = route.useNavigate()
  const filter = useMemo(() => ({ stage }), [stage])
  const { events, readOlder, past } = useEvents(filter)
  const choose = (to: string | undefined) =>
    void navigate({ search: (before) => ({ ...before, stage: to }), replace: true, resetScroll: false })
  return (
    <Panel
      title="Events"
      says="Everything that changed the state of the project, newest first."
      className="events"
      actions={
        <Link to="/events" search={filter}>
          All, with filters
        </Link>
      }
    >
      <div className="filters">
        <StageFilter stage={stage} choose={choose} />
      </div>
      {events.length > 0 ? (
        <Timeline events={events} now={now} complete={!past.hasNextPage} readOlder={readOlder} />
      ) : past.error ? (
        <ErrorState error={past.error} retry={() => void past.refetch()} />
      ) : !past.data ? (
        <Loading what="events" />
      ) : stage ? (
        <EmptyState>No event of this kind yet: choose All to see the others.</EmptyState>
      ) : (
        <EmptyState command="npx millwright apply">Nothing has happened yet: apply a project to begin.</EmptyState>
      )}
    </Panel>
  )
}
