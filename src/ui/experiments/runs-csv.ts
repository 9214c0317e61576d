import { csvOf } from '../components/csv.ts'
import type { Column } from '../components/data-table.tsx'
import type { KnownRun } from './run-cells.ts'
import type { RunColumn } from './run-columns.ts'

const timeOf = (at: number | null | undefined): string | undefined => (at ? new Date(at).toISOString() : undefined)

/** What is written of a run where the table shows an attribute. */
function attributeOf({ run }: KnownRun, id: string, names: ReadonlyMap<string, string>): string | number | undefined {
  if (run === null) return undefined
  switch (id) {
    case 'status':
      return run.status
    case 'started':
      return timeOf(run.startedAt)
    case 'took':
      return run.endedAt === null ? undefined : (run.endedAt - run.startedAt) / 1000
    case 'user':
      return run.user
    default:
      return names.get(run.experimentId) ?? run.experimentId
  }
}

/** Runs as a CSV file: their ids and names, and the columns of the table; times in UTC, what a run took in seconds. */
export function runsCsv(
  rows: readonly KnownRun[],
  columns: readonly RunColumn[],
  names: ReadonlyMap<string, string>,
): string {
  return csvOf<KnownRun>(rows, [
    { id: 'id', header: 'run_id', accessorFn: ({ id }) => id },
    { id: 'name', header: 'run_name', accessorFn: ({ run }) => run?.name },
    ...columns.map(
      (column): Column<KnownRun> => ({
        id: column.id,
        header: column.id === 'took' ? 'took_seconds' : column.id,
        accessorFn: (row) =>
          column.kind === 'attribute' ? attributeOf(row, column.id, names) : (row.cells.get(column.id) ?? undefined),
      }),
    ),
  ])
}
