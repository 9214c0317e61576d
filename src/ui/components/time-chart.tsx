import { type ReactNode, useEffect, useLayoutEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import uPlot from 'uplot'
import { dateOf } from '../time.ts'
import { type ChartLine, type ChartMark, type ChartPoint, chartData, plotOptions } from './chart-plot.ts'
import { type Column, DataTable } from './data-table.tsx'
import { Panel } from './panel.tsx'

const plotHeight = 236

const darkQuery = matchMedia('(prefers-color-scheme: dark)')
const watchDark = (changed: () => void): (() => void) => {
  darkQuery.addEventListener('change', changed)
  return () => darkQuery.removeEventListener('change', changed)
}

const said = (point: ChartPoint | null | undefined, format: (value: number) => string): string => {
  if (!point) return '–'
  const interval = point.low === null || point.high === null ? '' : ` (${format(point.low)}–${format(point.high)})`
  return `${format(point.value)}${interval}`
}

interface Row {
  time: number
  points: (ChartPoint | null)[]
}

function figureColumns(lines: readonly ChartLine[], format: (value: number) => string): Column<Row>[] {
  return [
    { id: 'time', header: 'Day', accessorFn: (row) => row.time, cell: ({ row }) => dateOf(row.original.time) },
    ...lines.map(
      (line, index): Column<Row> => ({
        id: line.name,
        header: line.name,
        accessorFn: (row) => row.points[index]?.value,
        cell: ({ row }) => said(row.original.points[index], format),
        sortUndefined: 'last',
        meta: { numeric: true },
      }),
    ),
  ]
}

/** The canvas. Built anew when its lines or the page's colours change; new values and marks are only drawn. */
function Plot({
  times,
  lines,
  marks,
  format,
  label,
  onCursor,
}: {
  times: readonly number[]
  lines: readonly ChartLine[]
  marks: readonly ChartMark[]
  format: (value: number) => string
  label: string
  onCursor: (index: number | null) => void
}) {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const latest = useRef({ times, lines, marks })
  latest.current = { times, lines, marks }
  const dark = useSyncExternalStore(watchDark, () => darkQuery.matches)
  const shape = lines.map(({ name, color }) => `${name} ${color}`).join()

  // `shape` and `dark` stand for what the settings are made of.
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  useLayoutEffect(() => {
    const element = box.current!
    const current = latest.current
    const made = new uPlot(
      plotOptions({
        width: element.clientWidth,
        height: plotHeight,
        lines: current.lines,
        marks: () => latest.current.marks,
        format,
        onCursor,
      }),
      chartData(current.times, current.lines),
      element,
    )
    plot.current = made
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: plotHeight }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
      plot.current = null
    }
  }, [shape, dark, format, onCursor])

  // `redraw` would do for marks, but before the first drawing it forgets the range of times.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the marks are drawn with the data
  useEffect(() => {
    plot.current?.setData(chartData(times, lines))
  }, [times, lines, marks])

  return <div className="plot" ref={box} role="img" aria-label={label} style={{ height: plotHeight }} />
}

/**
 * The one chart: lines over UTC time with the intervals of their values as bands, and what happened as marks. The legend tells the values
 * under the pointer, or the newest ones. A button shows the same figures as a table.
 *
 * @param says one sentence: what the picture shows.
 * @param times UTC milliseconds, ascending; stable between renders, as are `lines`, `marks` and `format`.
 * @param empty stands in its place while there is nothing to draw.
 */
export function TimeChart({
  title,
  says,
  times,
  lines,
  marks,
  format,
  actions,
  empty,
}: {
  title: string
  says: string
  times: readonly number[]
  lines: readonly ChartLine[]
  marks: readonly ChartMark[]
  format: (value: number) => string
  actions?: ReactNode
  empty: ReactNode
}) {
  const [cursor, setCursor] = useState<number | null>(null)
  const [asTable, setAsTable] = useState(false)
  const columns = useMemo(() => figureColumns(lines, format), [lines, format])
  const rows = useMemo(
    () => times.map((time, index) => ({ time, points: lines.map(({ points }) => points[index] ?? null) })),
    [times, lines],
  )
  const pointAt = ({ points }: ChartLine): ChartPoint | null | undefined =>
    cursor === null ? points.findLast((point) => point !== null) : points[cursor]
  const isEmpty = times.length === 0
  const when = cursor === null ? times.at(-1) : times[cursor]
  return (
    <Panel
      title={title}
      says={says}
      className="chart"
      actions={
        <div className="actions">
          {actions}
          <button type="button" aria-pressed={asTable} disabled={isEmpty} onClick={() => setAsTable(!asTable)}>
            Table
          </button>
        </div>
      }
    >
      <div className="chart-body">
        {isEmpty ? (
          empty
        ) : asTable ? (
          <DataTable rows={rows} columns={columns} caption={says} rowId={({ time }) => String(time)} height={272} />
        ) : (
          <>
            <ul className="legend" aria-label="Lines, with the values of the day">
              <li className="muted numbers">{when === undefined ? '' : dateOf(when)}</li>
              {lines.map((line) => (
                <li key={line.name}>
                  <span className={`swatch${line.dashed ? ' dashed' : ''}`} style={{ color: `var(${line.color})` }} />
                  {line.name} <span className="numbers">{said(pointAt(line), format)}</span>
                </li>
              ))}
            </ul>
            <Plot times={times} lines={lines} marks={marks} format={format} label={says} onCursor={setCursor} />
          </>
        )}
      </div>
    </Panel>
  )
}
