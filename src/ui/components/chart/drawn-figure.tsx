import type { RowData } from '@tanstack/react-table'
import { type ReactNode, useLayoutEffect, useRef, useState } from 'react'
import { csvOf } from '../csv.ts'
import { type Column, DataTable } from '../data-table.tsx'
import { Figure } from './figure.tsx'
import { Legend, type Series } from './legend.tsx'
import { token } from './token.ts'

const head = 64

/** The drawing as a file of its own: colours as they are now, title and sentence above it. */
function fileOf(drawing: SVGSVGElement, title: string, says: string): string {
  const own = drawing.cloneNode(true) as SVGSVGElement
  const [width, height] = [drawing.clientWidth, drawing.clientHeight]
  const text = (content: string, y: number, size: number, color: string): SVGTextElement => {
    const element = document.createElementNS('http://www.w3.org/2000/svg', 'text')
    for (const [name, value] of Object.entries({ x: 0, y, 'font-size': size, fill: `var(${color})` }))
      element.setAttribute(name, String(value))
    element.textContent = content
    return element
  }
  own.prepend(text(title, -36, 16, '--text'), text(says, -16, 12, '--text-muted'))
  own.setAttribute('xmlns', 'http://www.w3.org/2000/svg')
  own.setAttribute('width', String(width + 32))
  own.setAttribute('height', String(height + head + 16))
  own.setAttribute('viewBox', `-16 ${-head} ${width + 32} ${height + head + 16}`)
  own.setAttribute('font-family', 'system-ui, sans-serif')
  own.setAttribute('font-size', '12')
  own.setAttribute('style', `background: ${token('--surface')}`)
  return `${new XMLSerializer().serializeToString(own).replace(/var\((--[\w-]+)\)/g, (_, name: string) => token(name))}\n`
}

/**
 * A panel with a drawing of few parts (bars, dots with their intervals): the same figures can be had as a table, and both as files.
 *
 * @param rows and columns of the table; stable between renders.
 * @param height of the drawing, pixels. @param children draws into an SVG of that width.
 * @param empty stands in its place while there is nothing to draw.
 */
export function DrawnFigure<T extends RowData>({
  title,
  says,
  rows,
  columns,
  rowId,
  height,
  series = [],
  actions,
  empty,
  className = '',
  hasControls = false,
  children,
}: {
  title: string
  says: string
  rows: readonly T[]
  columns: Column<T>[]
  rowId: (row: T) => string
  height: number
  series?: readonly Series[]
  actions?: ReactNode
  empty: ReactNode
  className?: string
  /** Parts of the drawing take the keyboard: then it is no mere picture. */
  hasControls?: boolean
  children: (width: number) => ReactNode
}) {
  const box = useRef<HTMLDivElement>(null)
  const drawing = useRef<SVGSVGElement>(null)
  const [width, setWidth] = useState(0)
  const [asTable, setAsTable] = useState(false)
  const isEmpty = rows.length === 0
  useLayoutEffect(() => {
    const element = box.current!
    setWidth(element.clientWidth)
    const observer = new ResizeObserver(() => setWidth(element.clientWidth))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return (
    <Figure
      title={title}
      says={says}
      className={className}
      files={
        isEmpty || asTable
          ? null
          : { csv: () => csvOf(rows, columns), svg: () => fileOf(drawing.current!, title, says) }
      }
      actions={
        <>
          {actions}
          <button type="button" aria-pressed={asTable} disabled={isEmpty} onClick={() => setAsTable(!asTable)}>
            Table
          </button>
        </>
      }
    >
      {series.length > 0 && <Legend series={series} />}
      <div ref={box} style={{ minHeight: height }}>
        {isEmpty ? (
          empty
        ) : asTable ? (
          <DataTable rows={rows} columns={columns} caption={says} rowId={rowId} height={Math.max(height, 160)} />
        ) : (
          <svg
            ref={drawing}
            className="drawn"
            role={hasControls ? 'group' : 'img'}
            aria-label={says}
            width={width}
            height={height}
          >
            {width > 0 && children(width)}
          </svg>
        )}
      </div>
    </Figure>
  )
}
