import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { Event } from '../../contract/events.ts'
import type { Answer } from '../api.ts'
import { useProjectTime } from '../clock.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { Ref } from '../components/ref.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { When } from '../components/when.tsx'
import { reading } from '../queries.ts'
import { RunRef } from '../runs/run-words.tsx'
import { triggerText, watchedBy } from './trigger-words.ts'

type Trigger = Answer<'triggers'>['triggers'][number]

function columnsOf(now: number, isOfOne: boolean): Column<Trigger>[] {
  return [
    { id: 'trigger', header: 'Trigger', accessorFn: ({ definition }) => definition.name },
    ...(isOfOne
      ? []
      : [
          {
            id: 'pipeline',
            header: 'Starts',
            accessorFn: ({ definition }: Trigger) => definition.pipeline,
            cell: ({ row }: { row: { original: Trigger } }) => (
              <Ref to={`pipeline:${row.original.definition.pipeline}`} />
            ),
          } satisfies Column<Trigger>,
        ]),
    {
      id: 'on',
      header: 'When',
      accessorFn: ({ definition }) => triggerText(definition),
      cell: ({ row: { original } }) => {
        const watched = watchedBy(original.definition)
        return watched ? <Ref to={watched}>{triggerText(original.definition)}</Ref> : triggerText(original.definition)
      },
    },
    {
      id: 'fired',
      header: 'Fired',
      accessorFn: ({ state }) => state?.fired ?? 0,
      meta: { numeric: true },
    },
    {
      id: 'last',
      header: 'Last',
      accessorFn: ({ state }) => state?.firedAt ?? undefined,
      sortUndefined: 'last',
      cell: ({ row: { original } }) =>
        original.state?.firedAt ? (
          <>
            <When time={original.state.firedAt} now={now} />{' '}
            {original.state.runId && <RunRef id={original.state.runId} />}
          </>
        ) : (
          <span className="muted">never</span>
        ),
    },
    {
      id: 'next',
      header: 'Waits for',
      accessorFn: ({ outlook }) => outlook.says,
      cell: ({ row: { original } }) => (
        <span>
          {original.outlook.says}
          {original.outlook.at !== null && (
            <>
              {' '}
              <When time={original.outlook.at} now={now} />
            </>
          )}
        </span>
      ),
    },
  ]
}

const historyLength = 50

/** Why triggers fired or were held back, newest first. */
function History({ triggers, now }: { triggers: ReadonlySet<string>; now: number }) {
  const fired = useQuery(reading('events', { query: { type: 'trigger.fired', limit: 200 } }))
  const held = useQuery(reading('events', { query: { type: 'trigger.suppressed', limit: 200 } }))
  const events = useMemo(
    () =>
      [...(fired.data?.events ?? []), ...(held.data?.events ?? [])]
        .filter(({ subject }) => triggers.has(subject.slice('trigger:'.length)))
        .sort((a, b) => b.seq - a.seq)
        .slice(0, historyLength),
    [fired.data, held.data, triggers],
  )
  if (!fired.data || !held.data) {
    const error = fired.error ?? held.error
    return error ? (
      <ErrorState error={error} retry={() => void Promise.all([fired.refetch(), held.refetch()])} />
    ) : (
      <Loading what="the history of triggers" />
    )
  }
  if (events.length === 0) return <p className="muted trigger-history">None has fired yet.</p>
  return (
    <ol className="trigger-history" aria-label="When triggers fired, and when they were held back">
      {events.map((event) => (
        <li key={event.id}>
          <Mark name={event.type === 'trigger.fired' ? 'good' : event.level === 'bad' ? 'bad' : 'skipped'} />
          <span className="muted">
            {event.type === 'trigger.fired' ? 'fired' : event.level === 'bad' ? 'failed' : 'held back'}
          </span>
          <When time={event.time} now={now} recordedAt={event.recordedAt} />
          <span>
            {event.message} <StartedRun event={event} />
          </span>
        </li>
      ))}
    </ol>
  )
}

function StartedRun({ event }: { event: Event }) {
  return typeof event.data.run === 'string' ? <RunRef id={event.data.run} /> : null
}

/** What starts pipelines by itself: what each trigger waits for, and why it fired or was held back. @param pipeline only those of this one. */
export function TriggerPanel({ pipeline }: { pipeline?: string }) {
  const { data, error, refetch } = useQuery(reading('triggers'))
  const now = useProjectTime()?.now
  const minute = now === undefined ? undefined : Math.floor(now / 60_000) * 60_000 + 59_999
  const rows = useMemo(
    () => (data?.triggers ?? []).filter(({ definition }) => pipeline === undefined || definition.pipeline === pipeline),
    [data, pipeline],
  )
  const names = useMemo(() => new Set(rows.map(({ definition }) => definition.name)), [rows])
  const columns = useMemo(() => columnsOf(minute ?? 0, pipeline !== undefined), [minute, pipeline])
  return (
    <Panel
      title="Triggers"
      says="What starts pipelines by itself, what each one waits for, and why it fired or was held back, newest first."
      className="triggers"
    >
      {error && !data ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data || minute === undefined ? (
        <Loading what="triggers" />
      ) : rows.length === 0 ? (
        <EmptyState>
          Nothing starts it by itself: state a trigger such as retrain(model).on(newData(days(28))).
        </EmptyState>
      ) : (
        <>
          <DataTable
            rows={rows}
            columns={columns}
            caption="Triggers"
            rowId={({ definition }) => definition.name}
            height={280}
          />
          <History triggers={names} now={minute} />
        </>
      )}
    </Panel>
  )
}
