import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback, useMemo } from 'react'
import type { Event } from '../../contract/events.ts'
import { ApiError } from '../api.ts'
import { useProjectTime } from '../clock.ts'
import { Choice } from '../components/choice.tsx'
import { JsonTree } from '../components/code.tsx'
import { download } from '../components/download.ts'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { Hash, Ref } from '../components/ref.tsx'
import { SavedViews } from '../components/saved-views.tsx'
import { Facts, Screen, Tabs } from '../components/screen.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { Timeline } from '../components/timeline.tsx'
import { count } from '../format.ts'
import { reading } from '../queries.ts'
import { stageTitle, stageViews } from '../stages.ts'
import { absoluteTime } from '../time.ts'
import type { EventFilter } from './event-filter.ts'
import { useEvents } from './use-events.ts'
import { useTyped } from './use-typed.ts'
import { WebhooksPanel } from './webhooks-panel.tsx'

const route = getRouteApi('/events')
const stageChoices = ['', ...stageViews.map(({ stage }) => stage), 'training', 'delivery', 'project']
const levelChoices = ['', 'info', 'good', 'warning', 'bad']
const levelWords: Record<string, string> = {
  '': 'All levels',
  info: 'Information',
  good: 'Good',
  warning: 'Warning',
  bad: 'Bad',
}

/** Whether nobody has changed, dropped or inserted an event. */
function Chain() {
  const verified = useQuery({ ...reading('verifyEvents'), enabled: false, gcTime: 0 })
  const { data, error, isFetching, refetch } = verified
  const disagrees = data?.witnesses.filter(({ agrees }) => !agrees) ?? []
  return (
    <div className="chain">
      <button type="button" disabled={isFetching} onClick={() => void refetch()}>
        {isFetching ? 'Reading the chain…' : 'Verify the chain'}
      </button>
      <p role="status">
        {error ? (
          <span className="bad">{error.message}</span>
        ) : !data ? (
          <span className="muted">Each event holds the hash of the one before it.</span>
        ) : data.broken ? (
          <>
            <Mark name="bad" /> Broken at event {count(data.broken.seq)}: {data.broken.why}.
          </>
        ) : disagrees.length > 0 ? (
          <>
            <Mark name="bad" /> Whole, but not the chain that {disagrees.map(({ predictor }) => predictor).join(', ')}{' '}
            saw.
          </>
        ) : (
          <>
            <Mark name="good" /> Whole: {count(data.events)} events, head <Hash value={data.head.hash} />
            {data.witnesses.length > 0 && `, witnessed by ${count(data.witnesses.length)}`}.
          </>
        )}
      </p>
    </div>
  )
}

function OneEvent({ event, onClose }: { event: Event; onClose: () => void }) {
  return (
    <Panel
      title={`Event ${count(event.seq)}`}
      says={event.message}
      className="one-event"
      actions={
        <button type="button" onClick={onClose}>
          Close
        </button>
      }
    >
      <Facts
        facts={[
          ['Type', <code key="type">{event.type}</code>],
          ['Stage', stageTitle(event.stage)],
          [
            'About',
            <Ref key="subject" to={event.subject}>
              {event.subject}
            </Ref>,
          ],
          ['By', event.actor],
          ['Project time', `${absoluteTime(event.time)} UTC`],
          ['Written down', `${absoluteTime(event.recordedAt)} UTC`],
          ['Hash', <Hash key="hash" value={event.hash} />],
          ['Of the one before', <Hash key="before" value={event.previousHash || null} />],
        ]}
      />
      {Object.keys(event.data).length > 0 && <JsonTree value={event.data} name="data" />}
    </Panel>
  )
}

/** The one that the address names, wherever in the log it lies. */
function useNamed(named: string | undefined, events: readonly Event[]): { open: Event | undefined; waits: boolean } {
  const seq = named === undefined ? Number.NaN : Number(named)
  const held = events.find((event) => event.seq === seq)
  const { data, isLoading } = useQuery({
    ...reading('events', { query: { after: seq - 1, limit: 1 } }),
    enabled: Number.isInteger(seq) && seq > 0 && held === undefined,
    staleTime: Number.POSITIVE_INFINITY,
  })
  return { open: held ?? data?.events.find((event) => event.seq === seq), waits: isLoading && held === undefined }
}

/** Everything that happened, in a verified chain. */
export function Events() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const now = useProjectTime()?.now ?? Date.now()
  const { event: named, tab, ...rest } = search
  const keep = useCallback(
    (change: Partial<typeof search>) =>
      void navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false }),
    [navigate],
  )
  const [text, type] = useTyped(
    search.text,
    useCallback((text) => keep({ text }), [keep]),
  )
  const key = JSON.stringify(rest)
  // The object is new with every render; what it says is not.
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for `rest`
  const filter = useMemo(() => rest, [key])
  const { events, readOlder, past } = useEvents(filter)
  const { open, waits } = useNamed(named, events)
  const screen = {
    title: 'Events',
    says: 'Everything that changed the state of the project, newest first, in a chain that shows whether somebody changed it.',
    className: 'events-screen',
    actions: <Chain />,
  }
  const tabs = (
    <Tabs
      label="Parts"
      tabs={[
        { id: 'log', title: 'Log' },
        { id: 'webhooks', title: 'Webhooks' },
      ]}
      current={tab ?? 'log'}
      onPick={(picked) => keep({ tab: picked === 'webhooks' ? 'webhooks' : undefined })}
    />
  )
  if (tab === 'webhooks')
    return (
      <Screen {...screen}>
        {tabs}
        <WebhooksPanel />
      </Screen>
    )
  // On a phone the one that is open stands above the log, and would push it down.
  if (waits)
    return (
      <Screen {...screen}>
        {tabs}
        <Panel title="Log">
          <Loading what="events" />
        </Panel>
      </Screen>
    )
  const chips = (['type', 'subject', 'actor'] as const).flatMap((field) =>
    filter[field] === undefined ? [] : [[field, filter[field]] as const],
  )
  return (
    <Screen {...screen}>
      {tabs}
      <div className={open ? 'with-one' : ''}>
        <Panel title="Log" says="Choose one to see all that it says.">
          <div className="table-tools">
            <input
              type="search"
              placeholder="Filter (/)"
              aria-label="Only events that hold"
              value={text}
              onChange={({ target }) => type(target.value)}
            />
            <Choice
              label="Stage"
              value={filter.stage ?? ''}
              values={stageChoices}
              words={(stage) => (stage === '' ? 'All stages' : stage === 'training' ? 'Training' : stageTitle(stage))}
              choose={(stage) => keep({ stage: stage || undefined })}
            />
            <Choice
              label="Level"
              value={filter.level ?? ''}
              values={levelChoices}
              words={(level) => levelWords[level]!}
              choose={(level) => keep({ level: (level || undefined) as EventFilter['level'] })}
            />
            {chips.map(([field, value]) => (
              <button key={field} type="button" className="chip-on" onClick={() => keep({ [field]: undefined })}>
                {value} <span aria-hidden="true">×</span>
                <span className="visually-hidden">: any {field}</span>
              </button>
            ))}
            <SavedViews />
            <span className="count">
              {past.data && count(events.length)}
              {past.hasNextPage ? ' read, and older ones' : ''}
            </span>
            <button
              type="button"
              disabled={events.length === 0}
              title="The events that were read, a line of JSON each"
              onClick={() =>
                download(
                  'events.jsonl',
                  'application/x-ndjson',
                  events.map((event) => `${JSON.stringify(event)}\n`).join(''),
                )
              }
            >
              JSON
            </button>
          </div>
          {past.error && events.length === 0 ? (
            <ErrorState
              error={past.error instanceof Error ? past.error : new ApiError('internal', String(past.error))}
              retry={() => void past.refetch()}
            />
          ) : !past.data ? (
            <Loading what="events" />
          ) : events.length === 0 ? (
            Object.values(rest).some((chosen) => chosen !== undefined) ? (
              <EmptyState>No event is like that: take a part of the filter away to see the others.</EmptyState>
            ) : (
              <EmptyState command="npx millwright apply">
                Nothing has happened yet: apply a project to begin.
              </EmptyState>
            )
          ) : (
            <Timeline
              events={events}
              now={now}
              complete={!past.hasNextPage}
              readOlder={readOlder}
              onOpen={({ seq }) => keep({ event: String(seq) })}
              current={open?.seq}
            />
          )}
        </Panel>
        {open && <OneEvent event={open} onClose={() => keep({ event: undefined })} />}
      </div>
    </Screen>
  )
}
