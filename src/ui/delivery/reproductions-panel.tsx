import type { UseQueryResult } from '@tanstack/react-query'
import type { Answer } from '../api.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { When } from '../components/when.tsx'

type Row = Answer<'reproductions'>['reproductions'][number]

const columns: Column<Row>[] = [
  { id: 'run', header: 'Run', accessorFn: ({ runId }) => runId, cell: ({ row }) => <code>{row.original.runId}</code> },
  { id: 'pipeline', header: 'Pipeline', accessorFn: ({ report }) => report.pipeline },
  {
    id: 'verdict',
    header: 'Verdict',
    accessorFn: ({ verdict }) => verdict,
    cell: ({ row: { original } }) => (
      <span title={original.report.message}>
        <Mark name={original.verdict === 'identical' ? 'good' : 'bad'} /> {original.report.message}
      </span>
    ),
  },
  {
    id: 'at',
    header: 'Made again',
    accessorFn: ({ at }) => at,
    cell: ({ row }) => <When time={row.original.at} now={Date.now()} />,
  },
  { id: 'by', header: 'By', accessorFn: ({ by }) => by },
  {
    id: 'machine',
    header: 'On',
    accessorFn: ({ machine }) => machine?.name ?? '',
    cell: ({ row: { original } }) => <span title={original.machine?.address}>{original.machine?.name ?? '–'}</span>,
  },
]
const none: Row[] = []

/** Runs that were made again, and whether the same came of it. */
export function ReproductionsPanel({
  reproductions: { data, error, refetch },
}: {
  reproductions: UseQueryResult<Answer<'reproductions'>>
}) {
  const rows = data?.reproductions ?? none
  return (
    <Panel title="Reproduced runs" says="Runs made again in isolation, compared hash by hash.">
      {error && !data ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Loading what="reproductions" />
      ) : rows.length === 0 ? (
        <EmptyState command="npx millwright reproduce RUN">No run was made again yet: name one.</EmptyState>
      ) : (
        <DataTable rows={rows} columns={columns} caption="Reproduced runs" rowId={({ id }) => id} height={320} />
      )}
    </Panel>
  )
}
