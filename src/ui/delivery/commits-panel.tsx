import type { UseQueryResult } from '@tanstack/react-query'
import type { Answer } from '../api.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { When } from '../components/when.tsx'
import { shortHash } from './short-hash.ts'

type Row = Answer<'ciRuns'>['runs'][number]

const icons = { running: 'working', passed: 'good', failed: 'bad' } as const

function Outcome({ run }: { run: Row }) {
  const failed = run.checks.filter(({ outcome }) => outcome === 'failed')
  if (run.state === 'running') return <span className="muted">being tested</span>
  if (failed.length > 0)
    return (
      <span title={failed.map(({ check, summary }) => `${check}: ${summary}`).join('\n')}>
        {failed.map(({ check }) => check).join(', ')} failed
      </span>
    )
  if (run.error !== null) return <span title={run.error}>{run.error}</span>
  if (run.deployed) return <span>in force</span>
  if (run.missing.length > 0) return <span title={run.missing.join('\n')}>{run.missing.join('; ')}</span>
  return <span>{run.package === null ? '–' : `package ${shortHash(run.package)}`}</span>
}

const columns: Column<Row>[] = [
  {
    id: 'state',
    header: 'State',
    accessorFn: ({ state }) => state,
    cell: ({ row }) => (
      <span>
        <Mark name={icons[row.original.state]} /> {row.original.state}
      </span>
    ),
  },
  {
    id: 'commit',
    header: 'Commit',
    accessorFn: ({ commit }) => commit,
    cell: ({ row }) => <code title={row.original.commit}>{shortHash(row.original.commit)}</code>,
  },
  { id: 'branch', header: 'Branch', accessorFn: ({ branch }) => branch },
  {
    id: 'started',
    header: 'Found',
    accessorFn: ({ startedAt }) => startedAt,
    cell: ({ row }) => <When time={row.original.startedAt} now={Date.now()} />,
  },
  {
    id: 'took',
    header: 'Took',
    meta: { numeric: true },
    accessorFn: ({ startedAt, endedAt }) => (endedAt === null ? -1 : endedAt - startedAt),
    cell: ({ row: { original } }) =>
      original.endedAt === null ? '–' : `${Math.round((original.endedAt - original.startedAt) / 1000)} s`,
  },
  {
    id: 'outcome',
    header: 'What became of it',
    accessorFn: ({ deployed, missing }) => (deployed ? 'in force' : missing.join('; ')),
    cell: ({ row }) => <Outcome run={row.original} />,
  },
]
const none: Row[] = []

/** Commits of the watched repository, tested by themselves. */
export function CommitsPanel({ commits: { data, error, refetch } }: { commits: UseQueryResult<Answer<'ciRuns'>> }) {
  const rows = data?.runs ?? none
  return (
    <Panel title="Tested commits" says="Commits on the branches that this environment takes, tested by themselves.">
      {error && !data ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Loading what="tested commits" />
      ) : rows.length === 0 ? (
        <EmptyState command="npx millwright server --environment test --repository .">
          No repository is watched here, or nothing new was found: name one when the control plane starts.
        </EmptyState>
      ) : (
        <DataTable rows={rows} columns={columns} caption="Tested commits" rowId={({ id }) => id} height={320} />
      )}
    </Panel>
  )
}
