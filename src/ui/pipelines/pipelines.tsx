import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { PipelineDefinition } from '../../contract/pipeline.ts'
import type { Answer } from '../api.ts'
import { useProjectTime } from '../clock.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Panel } from '../components/panel.tsx'
import { Ref } from '../components/ref.tsx'
import { Screen } from '../components/screen.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { When } from '../components/when.tsx'
import { count, duration } from '../format.ts'
import { reading } from '../queries.ts'
import { ranFor } from '../runs/run-words.tsx'
import { RunStateWord } from '../runs/states.tsx'
import { RunStrip } from './run-strip.tsx'
import { StartRun } from './start-run.tsx'
import { TriggerPanel } from './trigger-panel.tsx'

type Activity = Answer<'pipelineRuns'>['pipelines'][number]
type Trigger = Answer<'triggers'>['triggers'][number]

interface Row {
  definition: PipelineDefinition
  activity: Activity
  triggers: readonly Trigger[]
}

/** The middle one of what its runs took, those that succeeded alone; null without one. */
function usually({ rows }: Activity): number | null {
  const took = rows
    .filter(({ state }) => state === 'succeeded')
    .flatMap((row) => ranFor(row) ?? [])
    .sort((a, b) => a - b)
  return took[Math.floor(took.length / 2)] ?? null
}

function columnsOf(now: number, onStarted: (run: string) => void): Column<Row>[] {
  return [
    {
      id: 'pipeline',
      header: 'Pipeline',
      accessorFn: ({ definition }) => definition.name,
      cell: ({ row }) => <Ref to={`pipeline:${row.original.definition.name}`} />,
    },
    {
      id: 'last',
      header: 'Last run',
      accessorFn: ({ activity }) => activity.rows[0]?.time,
      sortUndefined: 'last',
      cell: ({ row }) => {
        const last = row.original.activity.rows[0]
        return last ? (
          <>
            <RunStateWord state={last.state} /> <When time={last.time} now={now} recordedAt={last.queuedAt} />
          </>
        ) : (
          <span className="muted">–</span>
        )
      },
    },
    {
      id: 'runs',
      header: 'Runs',
      accessorFn: ({ activity }) => activity.total,
      cell: ({ row }) => <RunStrip rows={row.original.activity.rows} />,
    },
    {
      id: 'total',
      header: 'In all',
      accessorFn: ({ activity }) => activity.total,
      cell: ({ row }) => count(row.original.activity.total),
      meta: { numeric: true },
    },
    {
      id: 'takes',
      header: 'Usually takes',
      accessorFn: ({ activity }) => usually(activity) ?? undefined,
      sortUndefined: 'last',
      cell: ({ row }) => duration(usually(row.original.activity)),
      meta: { numeric: true },
    },
    {
      id: 'steps',
      header: 'Steps',
      accessorFn: ({ definition }) => definition.steps.length,
      meta: { numeric: true },
    },
    {
      id: 'triggers',
      header: 'Triggers',
      accessorFn: ({ triggers }) => triggers.length,
      meta: { numeric: true },
    },
    {
      id: 'start',
      header: '',
      enableSorting: false,
      accessorFn: () => '',
      cell: ({ row }) => <StartRun pipeline={row.original.definition} label="Start" onStarted={onStarted} />,
    },
  ]
}

/** What runs by itself or on demand, how it went lately, and what starts it next. */
export function Pipelines() {
  const navigate = useNavigate()
  const defined = useQuery(reading('pipelines'))
  const ran = useQuery(reading('pipelineRuns', { query: { last: 30 } }))
  const set = useQuery(reading('triggers'))
  const now = useProjectTime()?.now
  const minute = now === undefined ? undefined : Math.floor(now / 60_000) * 60_000 + 59_999
  const rows = useMemo(
    () =>
      (defined.data?.pipelines ?? []).map((definition): Row => {
        const activity = ran.data?.pipelines.find(({ pipeline }) => pipeline === definition.name)
        return {
          definition,
          activity: activity ?? { pipeline: definition.name, total: 0, rows: [] },
          triggers: (set.data?.triggers ?? []).filter(({ definition: { pipeline } }) => pipeline === definition.name),
        }
      }),
    [defined.data, ran.data, set.data],
  )
  const columns = useMemo(
    () => columnsOf(minute ?? 0, (run) => void navigate({ to: '/runs/$run', params: { run } })),
    [minute, navigate],
  )
  const error = defined.error ?? ran.error
  const isThere = defined.data && ran.data && minute !== undefined
  return (
    <Screen
      title="Pipelines"
      says="What runs by itself or on demand, how it went lately, and what starts it next."
      className="pipelines"
    >
      <Panel
        title="Pipelines"
        says="A row for each pipeline of the definition in force; the marks are its last runs, the newest to the right."
      >
        {error && !isThere ? (
          <ErrorState error={error} retry={() => void Promise.all([defined.refetch(), ran.refetch()])} />
        ) : !isThere ? (
          <Loading what="pipelines" />
        ) : rows.length === 0 ? (
          <EmptyState command="npx millwright apply">
            The definition in force has no pipeline: state a model or a pipeline, and apply it.
          </EmptyState>
        ) : (
          <DataTable
            rows={rows}
            columns={columns}
            caption="Pipelines"
            rowId={({ definition }) => definition.name}
            height={480}
            onOpen={({ definition }) =>
              void navigate({ to: '/pipelines/$pipeline', params: { pipeline: definition.name } })
            }
          />
        )}
      </Panel>
      <TriggerPanel />
    </Screen>
  )
}
