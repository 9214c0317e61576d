import { useMemo } from 'react'
import type { PredictionRecord } from '../../contract/serving.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import { TableTools } from '../components/table-tools.tsx'
import { figure } from '../format.ts'

interface Row {
  name: string
  value: string | number | boolean | null
  /** Whether it was sent, or looked up and computed. */
  from: 'request' | 'computed'
}

const columns: Column<Row>[] = [
  { id: 'name', header: 'Input', accessorFn: ({ name }) => name },
  {
    id: 'value',
    header: 'Value',
    meta: { numeric: true },
    accessorFn: ({ value }) => value,
    cell: ({ row: { original } }) =>
      original.value === null ? (
        <span className="muted">missing</span>
      ) : typeof original.value === 'number' ? (
        <span title={String(original.value)}>{figure(original.value)}</span>
      ) : (
        String(original.value)
      ),
  },
  {
    id: 'from',
    header: 'From',
    accessorFn: ({ from }) => from,
    cell: ({ row }) => (row.original.from === 'request' ? 'the request' : 'features and derivations'),
  },
]

/**
 * What the model read, and what of it was sent with the request.
 *
 * @param isAsSent of a model whose request is its input.
 */
export function InputsTable({ record, isAsSent }: { record: PredictionRecord; isAsSent: boolean }) {
  const rows = useMemo(
    () =>
      Object.entries(record.inputs).map(
        ([name, value]): Row => ({ name, value, from: isAsSent || name in record.request ? 'request' : 'computed' }),
      ),
    [record, isAsSent],
  )
  return (
    <div>
      <TableTools rows={rows} total={rows.length} columns={columns} name={`inputs-of-${record.id}`}>
        <span className="muted">What the model read</span>
      </TableTools>
      <DataTable rows={rows} columns={columns} caption="Inputs of the model" rowId={({ name }) => name} height={320} />
    </div>
  )
}
