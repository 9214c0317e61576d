import { useMemo } from 'react'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { When } from '../components/when.tsx'
import type { DeliveryState } from './delivery.tsx'
import { PackageActions } from './package-actions.tsx'
import { shortHash } from './short-hash.ts'

type Row = DeliveryState['packages'][number]
type Environment = DeliveryState['environments'][number]

const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`

function Checks({ checks }: { checks: Row['package']['provenance']['checks'] }) {
  const failed = checks.filter(({ outcome }) => outcome === 'failed')
  if (checks.length === 0) return <span className="muted">none made</span>
  return (
    <span title={checks.map(({ check, outcome }) => `${check}: ${outcome}`).join('\n')}>
      <Mark name={failed.length > 0 ? 'bad' : 'good'} />{' '}
      {failed.length > 0
        ? `${failed.map(({ check }) => check).join(', ')} failed`
        : `${checks.filter(({ outcome }) => outcome === 'passed').length} passed`}
    </span>
  )
}

/** What a package went through in an environment, and whether it is in force there. */
function Standing({ row, environment }: { row: Row; environment: Environment }) {
  if (environment.unreachable !== null)
    return (
      <span className="muted" title={environment.unreachable}>
        <Mark name="offline" /> no answer
      </span>
    )
  const known = environment.packages[row.package.id]
  const runs = Object.values(known?.green ?? {}).reduce((sum, count) => sum + count, 0)
  const said = [
    ...(runs > 0 ? [counted(runs, 'green run', 'green runs')] : []),
    ...(known && known.approvals.length > 0 ? [`approved by ${known.approvals.join(', ')}`] : []),
  ]
  if (environment.inForce === row.package.id)
    return (
      <span>
        <Mark name="good" /> in force {environment.since !== null && <When time={environment.since} now={Date.now()} />}
        {said.length > 0 && <span className="muted">, {said.join(', ')}</span>}
      </span>
    )
  if (!known) return <span className="muted">–</span>
  if (said.length === 0) return <span className="muted">{known.deployed > 0 ? 'was in force' : 'is there'}</span>
  return <span>{said.join(', ')}</span>
}

function columnsFor({ environments, history }: DeliveryState): Column<Row>[] {
  const here = environments.find((environment) => environment.here)?.environment ?? 'development'
  const wereInForce = new Set(history.map((delivery) => delivery.package))
  return [
    {
      id: 'package',
      header: 'Package',
      accessorFn: ({ package: { id } }) => id,
      cell: ({ row }) => <code title={row.original.package.id}>{shortHash(row.original.package.id)}</code>,
    },
    {
      id: 'commit',
      header: 'Commit',
      accessorFn: ({ package: { provenance } }) => provenance.commit ?? '',
      cell: ({ row }) => {
        const { commit, branch, dirty } = row.original.package.provenance
        if (commit === null) return <span className="muted">no repository</span>
        return (
          <span>
            <code title={commit}>{shortHash(commit)}</code> {branch ?? ''}
            {dirty && <span className="muted"> with changes</span>}
          </span>
        )
      },
    },
    {
      id: 'checks',
      header: 'Checks',
      accessorFn: ({ package: { provenance } }) =>
        provenance.checks.filter(({ outcome }) => outcome === 'failed').length,
      cell: ({ row }) => <Checks checks={row.original.package.provenance.checks} />,
    },
    {
      id: 'received',
      header: 'Came',
      accessorFn: ({ package: { receivedAt } }) => receivedAt,
      cell: ({ row }) => <When time={row.original.package.receivedAt} now={Date.now()} />,
    },
    ...environments.map(
      (environment): Column<Row> => ({
        id: `environment ${environment.environment}`,
        header: environment.here ? `${environment.environment} (here)` : environment.environment,
        accessorFn: ({ package: { id } }) => (environment.inForce === id ? 0 : environment.packages[id] ? 1 : 2),
        cell: ({ row }) => <Standing row={row.original} environment={environment} />,
      }),
    ),
    {
      id: 'actions',
      header: () => <span className="visually-hidden">What may be done</span>,
      accessorFn: () => '',
      enableSorting: false,
      cell: ({ row }) => (
        <PackageActions row={row.original} here={here} wasInForce={wereInForce.has(row.original.package.id)} />
      ),
    },
  ]
}

/** Packages as rows, environments as columns. */
export function PackagesPanel({ delivery }: { delivery: DeliveryState }) {
  const columns = useMemo(() => columnsFor(delivery), [delivery])
  return (
    <Panel
      title="Packages"
      says="Each package is the project at one commit, named by its hash; an environment runs one of them."
      className="packages"
    >
      <DataTable
        rows={delivery.packages}
        columns={columns}
        caption="Packages by environment"
        rowId={({ package: { id } }) => id}
        height={420}
      />
    </Panel>
  )
}
