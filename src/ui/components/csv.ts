import type { RowData } from '@tanstack/react-table'
import type { Column } from './data-table.tsx'

const cellOf = (value: unknown): string => {
  if (value === null || value === undefined) return ''
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  // A spreadsheet must not take a name for a formula.
  const safe = typeof value !== 'number' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Rows as a CSV file (RFC 4180), by what the columns are sorted by; columns without a head are left out. */
export function csvOf<T extends RowData>(rows: readonly T[], columns: readonly Column<T>[]): string {
  const named = columns.filter(({ header }) => typeof header === 'string' && header !== '')
  const lines = [
    named.map(({ header }) => cellOf(header)),
    ...rows.map((row, index) =>
      named.map((column) => cellOf('accessorFn' in column ? column.accessorFn(row, index) : undefined)),
    ),
  ]
  return lines.map((line) => `${line.join(',')}\r\n`).join('')
}
