import { lazy, type ReactNode, Suspense, useCallback, useMemo, useState } from 'react'
import { figure } from '../../format.ts'
import { absoluteTime, dateOf } from '../../time.ts'
import { csvOf } from '../csv.ts'
import { type Column, DataTable } from '../data-table.tsx'
import type { ChartLevel, ChartLine, ChartMark, LogAxes } from './chart-plot.ts'
import { dashOf } from './dash.ts'
import { Figure } from './figure.tsx'
import type { Stretch } from './plot.tsx'
import { Swatch } from './swatch.tsx'
import { token } from './token.ts'

const loadPlot = () => import('./plot.tsx').then(({ Plot: shown }) => ({ default: shown }))
const Plot = lazy(loadPlot)
// Asked for at once, beside the page that waits for its figures: what draws is a sixth of all script.
loadPlot().catch(() => undefined)

const day = 86_400_000
const noLevels: readonly ChartLevel[] = []
const noMarks: readonly ChartMark[] = []
const linear: LogAxes = {}
/** Lines that the legend has room to name. */
const mostNamed = 12

/** What a line says at a place: its value with the interval; undefined where it says nothing. */
function saidAt(
  { values, low, high }: ChartLine,
  index: number | undefined,
  format: (value: number) => string,
): string | undefined {
  const value = index === undefined ? undefined : values[index]
  if (value === null || value === undefined || index === undefined) return undefined
  const [least, most] = [low?.[index] ?? null, high?.[index] ?? null]
  return least === null || most === null ? format(value) : `${format(value)} (${format(least)}–${format(most)})`
}

const newest = ({ values }: ChartLine): number => values.findLastIndex((value) => value !== null && value !== undefined)

/** A row of the table: one place of the x-axis. */
interface Place {
  index: number
}

function columnsOf(
  lines: readonly ChartLine[],
  xTitle: string,
  xText: (x: number) => string,
  xs: readonly number[],
  format: (value: number) => string,
): Column<Place>[] {
  return [
    {
      id: 'x',
      header: xTitle,
      accessorFn: ({ index }) => xs[index],
      cell: ({ row }) => xText(xs[row.original.index]!),
    },
    ...lines.flatMap((line): Column<Place>[] => [
      {
        id: line.name,
        header: line.name,
        accessorFn: ({ index }) => line.values[index] ?? undefined,
        cell: ({ row }) => saidAt(line, row.original.index, format) ?? '–',
        sortUndefined: 'last',
        meta: { numeric: true },
      },
    ]),
  ]
}

/** For files: the ends of the intervals are columns of their own. */
const fileColumns = (
  lines: readonly ChartLine[],
  xTitle: string,
  xText: (x: number) => string,
  xs: readonly number[],
): Column<Place>[] => [
  { id: 'x', header: xTitle, accessorFn: ({ index }) => xText(xs[index]!) },
  ...lines.flatMap(({ name, values, low, high }): Column<Place>[] => [
    { id: name, header: name, accessorFn: ({ index }) => values[index] },
    ...(low && high
      ? [
          { id: `${name} low`, header: `${name}, low`, accessorFn: ({ index }: Place) => low[index] },
          { id: `${name} high`, header: `${name}, high`, accessorFn: ({ index }: Place) => high[index] },
        ]
      : []),
  ]),
]

/**
 * The one chart of lines: over UTC time, or over a number such as steps; the intervals of their values as bands, what they are held against as
 * levels, and what happened as marks. The legend tells the values under the pointer, or the newest ones. Dragging shows a stretch, twice a
 * click all of it. The same figures can be had as a table and as files.
 *
 * @param says one sentence: what the picture shows.
 * @param xs ascending, UTC milliseconds unless `xTitle` says what else; stable between renders, as are `lines`, `marks`, `levels` and `format`.
 * @param empty stands in its place while there is nothing to draw.
 * @param linked charts of one name show the same moment under the pointer.
 * @param range the stretch that is shown, where the address holds that.
 */
export function LineChart({
  title,
  says,
  xs,
  lines,
  marks = noMarks,
  levels = noLevels,
  format = figure,
  xTitle,
  log = linear,
  height = 236,
  actions,
  empty,
  linked,
  range: givenRange,
  onRange,
}: {
  title: string
  says: string
  xs: readonly number[]
  lines: readonly ChartLine[]
  marks?: readonly ChartMark[]
  levels?: readonly ChartLevel[]
  format?: (value: number) => string
  xTitle?: string
  log?: LogAxes
  height?: number
  actions?: ReactNode
  empty: ReactNode
  linked?: string
  range?: Stretch | null
  onRange?: (range: Stretch | null) => void
}) {
  const [cursor, setCursor] = useState<number | null>(null)
  const [asTable, setAsTable] = useState(false)
  const [ownRange, setOwnRange] = useState<Stretch | null>(null)
  const range = givenRange === undefined ? ownRange : givenRange
  const isTime = xTitle === undefined
  // Middles of days lie days apart, too.
  const fine = isTime && xs.some((x) => (x - xs[0]!) % day !== 0)
  const xText = useCallback(
    (x: number): string => (isTime ? (fine ? absoluteTime(x) : dateOf(x)) : figure(x, 7)),
    [isTime, fine],
  )
  const xName = xTitle ?? (fine ? 'Time, UTC' : 'Day')
  const columns = useMemo(() => columnsOf(lines, xName, xText, xs, format), [lines, xName, xText, xs, format])
  const rows = useMemo(() => xs.map((_, index): Place => ({ index })), [xs])
  const isEmpty = xs.length === 0
  const at = cursor === null ? xs.at(-1) : xs[cursor]
  return (
    <Figure
      title={title}
      says={says}
      files={
        isEmpty
          ? null
          : {
              csv: () => csvOf(rows, fileColumns(lines, xName, xText, xs)),
              // Read when somebody asks for it: the first page stays small.
              svg: async () =>
                (await import('./chart-svg.ts')).chartSvg({
                  title,
                  says,
                  xs,
                  isTime,
                  log,
                  lines,
                  marks,
                  levels,
                  format,
                  color: token,
                }),
            }
      }
      actions={
        <>
          {actions}
          {range && (
            <button type="button" onClick={() => (onRange ?? setOwnRange)(null)}>
              Show all
            </button>
          )}
          <button type="button" aria-pressed={asTable} disabled={isEmpty} onClick={() => setAsTable(!asTable)}>
            Table
          </button>
        </>
      }
    >
      <div className="chart-body" style={{ minHeight: height + 38 }}>
        {isEmpty ? (
          empty
        ) : asTable ? (
          <DataTable
            rows={rows}
            columns={columns}
            caption={says}
            rowId={({ index }) => String(index)}
            height={height + 36}
          />
        ) : (
          <>
            <ul className="legend" aria-label="Lines, with their values">
              <li className="muted numbers">{at === undefined ? '' : xText(at)}</li>
              {lines.slice(0, mostNamed).map((line) => (
                <li key={line.name}>
                  <Swatch color={line.color} dash={line.dashed ? dashOf(line) : line.dash} />
                  {line.name} <span className="numbers">{saidAt(line, cursor ?? newest(line), format) ?? '–'}</span>
                </li>
              ))}
              {lines.length > mostNamed && <li className="muted">and {lines.length - mostNamed} more</li>}
            </ul>
            <Suspense fallback={<div className="plot" style={{ height }} />}>
              <Plot
                xs={xs}
                lines={lines}
                marks={marks}
                levels={levels}
                isTime={isTime}
                log={log}
                height={height}
                format={format}
                label={says}
                onCursor={setCursor}
                linked={linked}
                range={range}
                onRange={onRange ?? setOwnRange}
              />
            </Suspense>
          </>
        )}
      </div>
    </Figure>
  )
}
