import {
  type ColumnDef,
  createSortedRowModel,
  type RowData,
  rowSortingFeature,
  sortFn_alphanumeric,
  sortFn_basic,
  tableFeatures,
  useTable,
} from '@tanstack/react-table'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type KeyboardEvent, useMemo, useRef, useState } from 'react'

const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { alphanumeric: sortFn_alphanumeric, basic: sortFn_basic },
})

/** A column of the one table. `numeric` ones are aligned to the right, digit under digit. */
export type Column<T extends RowData> = ColumnDef<typeof features, T> & { meta?: { numeric?: boolean; width?: string } }

const rowHeight = 32
/** Below this many rows all of them are in the page, where the browser's own search finds them. */
const fewRows = 60
const arrows: Record<string, number> = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 10, PageUp: -10 }

/** `-auc` as the table takes it: by that column, falling. */
const sortingOf = (sort: string | undefined): { id: string; desc: boolean }[] =>
  sort ? [{ id: sort.replace(/^-/, ''), desc: sort.startsWith('-') }] : []

/**
 * Rows under sortable heads; of many rows only those in sight are in the page. Arrow keys, j and k, Page Up and Down, Home and End move
 * from row to row, Enter opens one.
 *
 * @param rows and columns must be stable between renders.
 * @param caption what the table holds, for those who do not see it.
 * @param sort which column it is sorted by, `-` before it for falling, where the address holds that; `onSort` is told another one.
 * @param onOpen what Enter or a click on a row does.
 * @param current id of the row that is open beside the table.
 */
export function DataTable<T extends RowData>({
  rows,
  columns,
  caption,
  rowId,
  height = 320,
  sort,
  onSort,
  onOpen,
  current,
}: {
  rows: readonly T[]
  columns: Column<T>[]
  caption: string
  rowId: (row: T) => string
  height?: number
  sort?: string | undefined
  onSort?: (sort: string | undefined) => void
  onOpen?: (row: T) => void
  current?: string | undefined
}) {
  const scroller = useRef<HTMLDivElement>(null)
  const [active, setActive] = useState(0)
  const sorting = useMemo(() => sortingOf(sort), [sort])
  // Numbers are compared as numbers, which is many times faster than as words that may hold some.
  const sortable = useMemo(
    () =>
      columns.map((column) =>
        column.meta?.numeric && !column.sortFn ? { ...column, sortFn: 'basic' as const } : column,
      ),
    [columns],
  )
  const table = useTable({
    features,
    columns: sortable,
    data: rows as T[],
    getRowId: rowId,
    ...(onSort
      ? {
          state: { sorting },
          onSortingChange: (change: unknown) => {
            const next = typeof change === 'function' ? (change(sorting) as typeof sorting) : (change as typeof sorting)
            const [first] = next
            onSort(first && `${first.desc ? '-' : ''}${first.id}`)
          },
        }
      : {}),
  })
  const model = table.getRowModel().rows
  const many = model.length > fewRows
  const virtual = useVirtualizer({
    count: model.length,
    enabled: many,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8,
  })
  const items = many ? virtual.getVirtualItems() : model.map((_, index) => ({ index, start: index * rowHeight }))
  const before = items[0]?.start ?? 0
  const after = many ? virtual.getTotalSize() - (items.at(-1)?.start ?? 0) - rowHeight : 0

  const move = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement
    if (event.key === 'Enter' && onOpen && target.tagName === 'TR') {
      event.preventDefault()
      onOpen(model[active]!.original)
      return
    }
    if (target.tagName === 'INPUT') return
    const step = arrows[event.key]
    const wanted = event.key === 'Home' ? 0 : event.key === 'End' ? model.length - 1 : step ? active + step : null
    if (wanted === null || model.length === 0) return
    event.preventDefault()
    const index = Math.max(0, Math.min(model.length - 1, wanted))
    setActive(index)
    if (many) virtual.scrollToIndex(index)
    // The row may come into the page only with the scrolling.
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`[data-row="${index}"]`)?.focus({ preventScroll: many }),
    )
  }

  return (
    <div className="table" ref={scroller} style={{ maxHeight: height }}>
      <table aria-rowcount={model.length + 1}>
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id}>
              {group.headers.map((header) => {
                const sorted = header.column.getIsSorted()
                const { numeric, width } = (header.column.columnDef as Column<T>).meta ?? {}
                return (
                  <th
                    key={header.id}
                    scope="col"
                    className={numeric ? 'numeric' : ''}
                    style={width ? { width } : undefined}
                    {...(header.column.getCanSort()
                      ? { 'aria-sort': sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : 'none' }
                      : {})}
                  >
                    {header.column.getCanSort() ? (
                      <button type="button" onClick={header.column.getToggleSortingHandler()}>
                        <table.FlexRender header={header} />
                        <span aria-hidden="true">{sorted === 'asc' ? '↑' : sorted === 'desc' ? '↓' : ''}</span>
                      </button>
                    ) : (
                      <table.FlexRender header={header} />
                    )}
                  </th>
                )
              })}
            </tr>
          ))}
        </thead>
        <tbody onKeyDown={move}>
          {before > 0 && <tr style={{ height: before }} />}
          {items.map(({ index }) => {
            const row = model[index]!
            return (
              <tr
                key={row.id}
                data-row={index}
                aria-rowindex={index + 2}
                tabIndex={index === Math.min(active, model.length - 1) ? 0 : -1}
                onFocus={() => setActive(index)}
                aria-current={row.id === current ? 'true' : undefined}
                className={onOpen ? 'opens' : ''}
                onClick={(event) => {
                  // A link or a button in the row does what it says.
                  if (onOpen && !(event.target as HTMLElement).closest('a, button, input, label')) onOpen(row.original)
                }}
              >
                {row.getAllCells().map((cell) => (
                  <td key={cell.id} className={(cell.column.columnDef as Column<T>).meta?.numeric ? 'numeric' : ''}>
                    <table.FlexRender cell={cell} />
                  </td>
                ))}
              </tr>
            )
          })}
          {after > 0 && <tr style={{ height: after }} />}
        </tbody>
      </table>
    </div>
  )
}
