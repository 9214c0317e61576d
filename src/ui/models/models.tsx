import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { Answer } from '../api.ts'
import { useProjectTime } from '../clock.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { Ref } from '../components/ref.tsx'
import { Screen } from '../components/screen.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { When } from '../components/when.tsx'
import { count } from '../format.ts'
import { reading } from '../queries.ts'
import { GateTicks, WhyRefused } from './gate-ticks.tsx'
import { stateIcons } from './state-icons.ts'

type Row = Answer<'models'>['models'][number]

const columnsAt = (now: number): Column<Row>[] => [
  {
    id: 'model',
    header: 'Model',
    accessorFn: ({ name }) => name,
    cell: ({ row: { original } }) => <Ref to={`model:${original.model}`}>{original.name}</Ref>,
  },
  {
    id: 'production',
    header: 'In production',
    accessorFn: ({ aliases }) => aliases.find(({ alias }) => alias === 'production')?.version ?? '',
    cell: ({ getValue }) =>
      getValue() === '' ? <span className="muted">nothing</span> : <Ref to={`model-version:${getValue()}`} />,
  },
  {
    id: 'versions',
    header: 'Versions',
    meta: { numeric: true },
    accessorFn: ({ versions }) => versions,
    cell: ({ row }) => count(row.original.versions),
  },
  {
    id: 'newest',
    header: 'Newest',
    accessorFn: ({ newest }) => newest?.number,
    cell: ({ row: { original } }) =>
      original.newest ? (
        <span>
          <Mark name={stateIcons[original.newest.state]} /> <Ref to={`model-version:${original.newest.id}`} />{' '}
          <When time={original.newest.time} now={now} />
        </span>
      ) : (
        <span className="muted">none yet</span>
      ),
  },
  {
    id: 'gates',
    header: 'Its gates',
    accessorFn: ({ newest }) => newest?.verdicts.filter(({ passed }) => passed).length,
    cell: ({ row }) => <GateTicks verdicts={row.original.newest?.verdicts ?? []} />,
  },
  {
    id: 'why',
    header: 'Why it was refused',
    accessorFn: ({ newest }) => newest?.verdicts.find(({ passed }) => !passed)?.message ?? '',
    cell: ({ row }) => <WhyRefused verdicts={row.original.newest?.verdicts ?? []} />,
  },
  { id: 'objective', header: 'Made for', accessorFn: ({ brief }) => brief?.objective ?? '' },
]

/** Which models there are, what of each is in production, and whether the newest version passed its gates. */
export function Models() {
  const { data, error, refetch } = useQuery(reading('models'))
  const now = useProjectTime()?.now ?? Date.now()
  // By the minute: a table of other columns forgets where its reader was.
  const minute = Math.floor(now / 60_000) * 60_000
  const columns = useMemo(() => columnsAt(minute), [minute])
  const navigate = useNavigate()
  const defined = data?.models.find(({ isDefined }) => isDefined)
  return (
    <Screen title="Models" says="What of each model is in production, and whether its newest version passed its gates.">
      <Panel title="Models" says="Each with its newest version; open one to see all of them." className="models">
        {error && !data ? (
          <ErrorState error={error} retry={() => void refetch()} />
        ) : !data ? (
          <Loading what="models" />
        ) : data.models.length === 0 ? (
          <EmptyState command="npx millwright add model.onnx">
            There is no model yet: state one in millwright.config.ts, add a file, or register one with a client of
            MLflow.
          </EmptyState>
        ) : (
          <>
            <DataTable
              rows={data.models}
              columns={columns}
              caption="Models"
              rowId={({ model }) => model}
              height={640}
              onOpen={({ model }) => void navigate({ to: '/models/$model', params: { model }, search: {} })}
            />
            {defined && data.models.every(({ versions }) => versions === 0) && (
              <EmptyState command={`npx millwright run train-${defined.model}`}>
                No version was made yet: run the pipeline that trains one.
              </EmptyState>
            )}
          </>
        )}
      </Panel>
    </Screen>
  )
}
