import type { RunRow } from '../../contract/run-row.ts'
import type { Column } from '../components/data-table.tsx'
import { Mark } from '../components/mark.tsx'
import { Ref } from '../components/ref.tsx'
import { When } from '../components/when.tsx'
import { duration, figure } from '../format.ts'
import { RunRef, ranFor, Starter } from './run-words.tsx'
import { RunStateWord } from './states.tsx'

const fates = { candidate: 'idle', registered: 'good', refused: 'bad' } as const

/** A model version with what became of it. */
function Made({ model }: { model: NonNullable<RunRow['model']> }) {
  return (
    <span title={`${model.passed} of ${model.gates} gates passed`}>
      <Mark name={fates[model.state]} /> <Ref to={`model-version:${model.version}`} /> {model.state}
      {model.gates > 0 && (
        <span className="muted">
          {' '}
          {model.passed}/{model.gates}
        </span>
      )}
    </span>
  )
}

/** Metrics that runs have, by how many have them; then by name. */
export function metricsOf(rows: readonly RunRow[]): string[] {
  const counts = new Map<string, number>()
  for (const { model } of rows)
    for (const name of Object.keys(model?.metrics ?? {})) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].sort(([a, m], [b, n]) => n - m || a.localeCompare(b)).map(([name]) => name)
}

/** @param now project time. @param pick null where runs are not chosen. */
export function runColumns({
  metrics,
  now,
  pick,
}: {
  metrics: readonly string[]
  now: number
  pick: { chosen: ReadonlySet<string>; toggle: (id: string) => void } | null
}): Column<RunRow>[] {
  return [
    ...(pick
      ? [
          {
            id: 'pick',
            header: '',
            enableSorting: false,
            accessorFn: () => '',
            meta: { width: '36px' },
            cell: ({ row }: { row: { original: RunRow } }) => (
              <label className="pick">
                <input
                  type="checkbox"
                  aria-label={`Compare ${row.original.id}`}
                  checked={pick.chosen.has(row.original.id)}
                  onChange={() => pick.toggle(row.original.id)}
                />
              </label>
            ),
          } satisfies Column<RunRow>,
        ]
      : []),
    {
      id: 'state',
      header: 'State',
      accessorFn: ({ state }) => state,
      cell: ({ row }) => <RunStateWord state={row.original.state} />,
      meta: { width: '116px' },
    },
    {
      id: 'run',
      header: 'Run',
      accessorFn: ({ id }) => id,
      // Words that hold numbers are slow to compare, and ids are none of them.
      sortFn: 'basic',
      cell: ({ row }) => <RunRef id={row.original.id} />,
      meta: { width: '130px' },
    },
    {
      id: 'pipeline',
      header: 'Pipeline',
      accessorFn: ({ pipeline }) => pipeline,
      cell: ({ row }) => <Ref to={`pipeline:${row.original.pipeline}`} />,
    },
    {
      id: 'began',
      header: 'Began',
      accessorFn: ({ time }) => time,
      cell: ({ row }) => <When time={row.original.time} now={now} recordedAt={row.original.queuedAt} />,
      meta: { numeric: true, width: '110px' },
    },
    {
      id: 'took',
      header: 'Took',
      accessorFn: (row) => ranFor(row) ?? undefined,
      sortUndefined: 'last',
      cell: ({ row }) => duration(ranFor(row.original)),
      meta: { numeric: true, width: '110px' },
    },
    {
      id: 'model',
      header: 'Model',
      accessorFn: ({ model }) => model?.version ?? '',
      cell: ({ row }) => (row.original.model ? <Made model={row.original.model} /> : <span className="muted">–</span>),
    },
    {
      id: 'why',
      header: 'Because',
      accessorFn: ({ startedBy, reason, error }) => error ?? `${startedBy}: ${reason}`,
      cell: ({ row: { original } }) =>
        original.error === null ? (
          <span className="clip" title={`${original.startedBy}: ${original.reason}`}>
            <Starter by={original.startedBy} />: {original.reason}
          </span>
        ) : (
          <span className="clip bad" title={original.error}>
            {original.error}
          </span>
        ),
    },
    ...metrics.map(
      (name): Column<RunRow> => ({
        id: name,
        header: name,
        accessorFn: ({ model }) => model?.metrics[name],
        sortUndefined: 'last',
        cell: ({ row }) => figure(row.original.model?.metrics[name]),
        meta: { numeric: true },
      }),
    ),
  ]
}
