import { useVirtualizer, type VirtualItem } from '@tanstack/react-virtual'
import { type KeyboardEvent, memo, type ReactNode, useEffect, useMemo, useRef, useState } from 'react'

export interface WideColumn {
  id: string
  title: string
  /** Pixels. */
  width: number
  isNumeric?: boolean
  isSortable?: boolean
}

/** What is in sight, both ends with it. Columns are counted without those that stay. */
export interface Sight {
  firstRow: number
  lastRow: number
  firstColumn: number
  lastColumn: number
}

const rowHeight = 32
const arrows: Record<string, number> = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 10, PageUp: -10 }

interface RowProps<R> {
  index: number
  row: R
  isActive: boolean
  isChosen: boolean
  fixed: readonly WideColumn[]
  columns: readonly WideColumn[]
  /** Columns in sight, and the room of those beside them. */
  shown: readonly number[]
  before: number
  after: number
  cell: (row: R, column: WideColumn, index: number) => ReactNode
}

function PlainRow<R>({ index, row, isActive, isChosen, fixed, columns, shown, before, after, cell }: RowProps<R>) {
  let left = 0
  return (
    <tr
      data-row={index}
      aria-rowindex={index + 2}
      tabIndex={isActive ? 0 : -1}
      aria-selected={isChosen}
      className="opens"
    >
      {fixed.map((column, at) => {
        const style = { left }
        left += column.width
        return (
          <td key={column.id} aria-colindex={at + 1} className="stays" style={style}>
            {cell(row, column, index)}
          </td>
        )
      })}
      {before > 0 && <td aria-hidden="true" />}
      {shown.map((at) => {
        const column = columns[at]!
        return (
          <td key={column.id} aria-colindex={fixed.length + at + 1} className={column.isNumeric ? 'numeric' : ''}>
            {cell(row, column, index)}
          </td>
        )
      })}
      {after > 0 && <td aria-hidden="true" />}
    </tr>
  )
}
const Row = memo(PlainRow) as typeof PlainRow

const indexesOf = (items: readonly VirtualItem[]): string => `${items[0]?.index ?? 0} ${items.at(-1)?.index ?? -1}`

/**
 * A table of very many rows and columns, of which only those in sight are in the page; the first columns stay where they are. Arrow keys, j and
 * k, Page Up and Down, Home and End move from row to row, left and right from column to column, Enter opens a row, the space bar chooses it.
 *
 * @param fixed columns that stay. @param columns the others; both stable between renders.
 * @param rowOf what a row has so far: another object when that changes. @param cell stable between renders.
 * @param onSight is told what is in sight, so that its cells can be read.
 */
export function WideTable<R>({
  count,
  fixed,
  columns,
  rowOf,
  cell,
  caption,
  height,
  sort,
  onSort,
  onOpen,
  onChoose,
  isChosen,
  onSight,
  headCell,
}: {
  count: number
  fixed: readonly WideColumn[]
  columns: readonly WideColumn[]
  rowOf: (index: number) => R
  cell: (row: R, column: WideColumn, index: number) => ReactNode
  caption: string
  height: number
  /** `-loss` is by that column, falling. */
  sort: string | undefined
  onSort: (sort: string | undefined) => void
  onOpen: (index: number) => void
  onChoose: (index: number) => void
  isChosen: (index: number) => boolean
  onSight: (sight: Sight) => void
  /** In place of the title of a column. */
  headCell?: (column: WideColumn) => ReactNode
}) {
  const scroller = useRef<HTMLDivElement>(null)
  const [active, setActive] = useState(0)
  const fixedWidth = fixed.reduce((sum, { width }) => sum + width, 0)
  const rows = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 6,
    // Its head stays in sight.
    scrollPaddingStart: rowHeight,
  })
  const sideways = useVirtualizer({
    horizontal: true,
    count: columns.length,
    getScrollElement: () => scroller.current,
    estimateSize: (at) => columns[at]!.width,
    overscan: 2,
    paddingStart: fixedWidth,
    scrollPaddingStart: fixedWidth,
  })
  // Sizes are those of the columns, which may be others now.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useEffect(() => sideways.measure(), [columns, sideways])
  const rowItems = rows.getVirtualItems()
  const columnItems = sideways.getVirtualItems()
  const columnKey = indexesOf(columnItems)
  // The virtualizer makes its list anew with each scroll; rows are the same until another column comes into sight.
  const shown = useMemo(() => {
    const [first, last] = columnKey.split(' ').map(Number) as [number, number]
    return Array.from({ length: Math.min(last, columns.length - 1) - first + 1 }, (_, place) => first + place)
  }, [columnKey, columns])
  const before = Math.max(0, (columnItems[0]?.start ?? fixedWidth) - fixedWidth)
  const shownWidth = shown.reduce((sum, at) => sum + columns[at]!.width, 0)
  const width = fixedWidth + columns.reduce((sum, column) => sum + column.width, 0)
  const after = Math.max(0, width - fixedWidth - before - shownWidth)
  const above = rowItems[0]?.start ?? 0
  const below = rows.getTotalSize() - above - rowItems.length * rowHeight

  const rowKey = indexesOf(rowItems)
  useEffect(() => {
    const [firstRow, lastRow] = rowKey.split(' ').map(Number) as [number, number]
    const [firstColumn, lastColumn] = columnKey.split(' ').map(Number) as [number, number]
    if (lastRow >= firstRow) onSight({ firstRow, lastRow, firstColumn, lastColumn })
  }, [rowKey, columnKey, onSight])

  const indexOf = (target: EventTarget): number | null => {
    const row = (target as HTMLElement).closest<HTMLElement>('tr[data-row]')
    return row ? Number(row.dataset.row) : null
  }
  const press = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement
    const index = indexOf(target)
    if (target.tagName === 'TR' && index !== null && (event.key === 'Enter' || event.key === ' ')) {
      event.preventDefault()
      if (event.key === 'Enter') onOpen(index)
      else onChoose(index)
      return
    }
    if (target.tagName === 'INPUT') return
    const aside = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (aside !== undefined) {
      event.preventDefault()
      scroller.current?.scrollBy({ left: aside * 120 })
      return
    }
    const step = arrows[event.key]
    const wanted = event.key === 'Home' ? 0 : event.key === 'End' ? count - 1 : step ? active + step : null
    if (wanted === null || count === 0) return
    event.preventDefault()
    const next = Math.max(0, Math.min(count - 1, wanted))
    setActive(next)
    rows.scrollToIndex(next)
    requestAnimationFrame(() =>
      scroller.current?.querySelector<HTMLElement>(`[data-row="${next}"]`)?.focus({ preventScroll: true }),
    )
  }
  const [sorted, isFalling] = [sort?.replace(/^-/, ''), sort?.startsWith('-') ?? false]
  const head = (column: WideColumn, at: number, left?: number): ReactNode => (
    <th
      key={column.id}
      scope="col"
      aria-colindex={at + 1}
      className={`${left === undefined ? '' : 'stays'}${column.isNumeric ? ' numeric' : ''}`}
      style={{ width: column.width, ...(left === undefined ? {} : { left }) }}
      title={column.title}
      {...(column.isSortable
        ? { 'aria-sort': column.id !== sorted ? 'none' : isFalling ? 'descending' : 'ascending' }
        : {})}
    >
      {column.isSortable ? (
        <button
          type="button"
          onClick={() => onSort(column.id !== sorted ? `-${column.id}` : isFalling ? column.id : undefined)}
        >
          <span className="head-text">{column.title}</span>
          <span aria-hidden="true">{column.id !== sorted ? '' : isFalling ? '↓' : '↑'}</span>
        </button>
      ) : (
        (headCell?.(column) ?? <span className="head-text">{column.title}</span>)
      )}
    </th>
  )
  let left = 0
  return (
    <div className="table wide-table" ref={scroller} style={{ height }}>
      <table
        aria-rowcount={count + 1}
        aria-colcount={fixed.length + columns.length}
        aria-multiselectable="true"
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: rows of it are chosen and opened by keyboard
        role="grid"
        style={{ width }}
      >
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {fixed.map((column, at) => {
              const made = head(column, at, left)
              left += column.width
              return made
            })}
            {before > 0 && <td aria-hidden="true" style={{ width: before }} />}
            {shown.map((at) => head(columns[at]!, fixed.length + at))}
            {after > 0 && <td aria-hidden="true" style={{ width: after }} />}
          </tr>
        </thead>
        <tbody
          onKeyDown={press}
          onFocus={(event) => {
            const index = indexOf(event.target)
            if (index !== null) setActive(index)
          }}
          // A link or a box in the row does what it says.
          onClick={(event) => {
            const index = indexOf(event.target)
            if (index !== null && !(event.target as HTMLElement).closest('a, button, input, label')) onOpen(index)
          }}
        >
          {above > 0 && <tr style={{ height: above }} />}
          {rowItems.map(({ index }) => (
            <Row
              key={index}
              index={index}
              row={rowOf(index)}
              isActive={index === Math.min(active, count - 1)}
              isChosen={isChosen(index)}
              fixed={fixed}
              columns={columns}
              shown={shown}
              before={before}
              after={after}
              cell={cell}
            />
          ))}
          {below > 0 && <tr style={{ height: below }} />}
        </tbody>
      </table>
    </div>
  )
}
