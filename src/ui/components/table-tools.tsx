import type { RowData } from '@tanstack/react-table'
import type { ReactNode } from 'react'
import { csvOf } from './csv.ts'
import type { Column } from './data-table.tsx'
import { download } from './download.ts'

/**
 * What stands above a table: a filter, what else narrows it, how many rows there are, and the rows as a file.
 *
 * @param rows those that are shown, after the filter. @param name of the file, without its ending.
 */
export function TableTools<T extends RowData>({
  filter,
  onFilter,
  rows,
  total,
  columns,
  name,
  children,
}: {
  filter?: string
  onFilter?: (filter: string) => void
  rows: readonly T[]
  total: number
  columns: readonly Column<T>[]
  name: string
  children?: ReactNode
}) {
  return (
    <div className="table-tools">
      {onFilter && (
        <input
          type="search"
          placeholder="Filter (/)"
          aria-label="Filter the table"
          value={filter ?? ''}
          onChange={({ target }) => onFilter(target.value)}
        />
      )}
      {children}
      <span className="count">
        {rows.length === total
          ? total.toLocaleString('en')
          : `${rows.length.toLocaleString('en')} of ${total.toLocaleString('en')}`}
      </span>
      <button
        type="button"
        disabled={rows.length === 0}
        title="These rows as a CSV file"
        onClick={() => download(`${name}.csv`, 'text/csv', csvOf(rows, columns))}
      >
        CSV
      </button>
    </div>
  )
}
