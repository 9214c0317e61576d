import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { Answer } from '../api.ts'
import { useProjectTime } from '../clock.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { Screen } from '../components/screen.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { When } from '../components/when.tsx'
import { count } from '../format.ts'
import { reading } from '../queries.ts'
import { findingsOf, Verdict } from './verdict.tsx'

type Row = Answer<'datasets'>['datasets'][number]

const columnsAt = (now: number): Column<Row>[] => [
  {
    id: 'name',
    header: 'Dataset',
    accessorFn: ({ definition }) => definition.name,
    cell: ({ row: { original } }) => (
      <Link to="/data/$dataset" params={{ dataset: original.definition.name }} search={{}}>
        {original.definition.name}
      </Link>
    ),
  },
  {
    id: 'last',
    header: 'Last batch',
    accessorFn: ({ last }) => last?.state ?? '',
    cell: ({ row: { original } }) =>
      original.last === null ? (
        <span className="muted">none yet</span>
      ) : (
        <span title={findingsOf(original.last)[0]?.message}>
          <Verdict batch={original.last} />
        </span>
      ),
  },
  {
    id: 'came',
    header: 'Came',
    accessorFn: ({ last }) => last?.time ?? 0,
    cell: ({ row: { original } }) => (original.last ? <When time={original.last.time} now={now} /> : '–'),
  },
  {
    id: 'until',
    header: 'Rows until',
    accessorFn: ({ version }) => version?.to ?? 0,
    cell: ({ row: { original } }) =>
      original.version?.to ? (
        <When time={original.version.to} now={now} />
      ) : (
        <span className="muted">{original.definition.time ? '–' : 'a list, without time'}</span>
      ),
  },
  {
    id: 'rows',
    header: 'Rows',
    meta: { numeric: true },
    accessorFn: ({ version }) => version?.rows ?? 0,
    cell: ({ row: { original } }) => count(original.version?.rows ?? 0),
  },
  {
    id: 'version',
    header: 'Version',
    meta: { numeric: true },
    accessorFn: ({ version }) => version?.number ?? 0,
    cell: ({ row: { original } }) => (original.version ? `@${original.version.number}` : '–'),
  },
  {
    id: 'aside',
    header: 'Kept out',
    meta: { numeric: true },
    accessorFn: ({ batches }) => (batches.refused ?? 0) + (batches.quarantined ?? 0),
    cell: ({ row: { original } }) => {
      const { refused = 0, quarantined = 0 } = original.batches
      if (refused + quarantined === 0) return <span className="muted">none</span>
      return (
        <Link to="/data/$dataset" params={{ dataset: original.definition.name }} search={{ state: 'out' }}>
          <Mark name="warning" /> {count(refused + quarantined)}
        </Link>
      )
    },
  },
  {
    id: 'columns',
    header: 'Columns',
    meta: { numeric: true },
    accessorFn: ({ definition }) => definition.columns.length,
  },
]

/** Datasets with how fresh they are, and what became of the last batch of each. */
export function Data() {
  const { data, error, refetch } = useQuery(reading('datasets'))
  const navigate = useNavigate()
  const now = useProjectTime()?.now ?? Date.now()
  // To the minute: the table need not be made anew every second.
  const minute = Math.floor(now / 60_000) * 60_000 + 59_999
  const columns = useMemo(() => columnsAt(minute), [minute])
  const rows = data?.datasets ?? []
  return (
    <Screen
      title="Data"
      says="Each dataset: until when it has rows, how many, and whether the last batch passed its checks."
      className="data-screen"
    >
      <Panel title="Datasets" says="Choose one to see its batches, columns and versions.">
        {error && !data ? (
          <ErrorState error={error} retry={() => void refetch()} />
        ) : !data ? (
          <Loading what="datasets" />
        ) : rows.length === 0 ? (
          <EmptyState command="npx millwright apply">
            No dataset is defined yet: state one in millwright.config.ts, and apply it.
          </EmptyState>
        ) : (
          <>
            <DataTable
              rows={rows}
              columns={columns}
              caption="Datasets"
              rowId={({ definition }) => definition.name}
              height={640}
              onOpen={({ definition }) => void navigate({ to: '/data/$dataset', params: { dataset: definition.name } })}
            />
            {rows.every(({ last, version }) => last === null && version === null) && (
              <EmptyState command={`npx millwright ingest ${rows[0]!.definition.name}`}>
                No rows came yet: take in the source of a dataset, or push rows.
              </EmptyState>
            )}
          </>
        )}
      </Panel>
    </Screen>
  )
}
