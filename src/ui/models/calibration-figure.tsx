import { useMemo } from 'react'
import type { Evaluation } from '../../contract/model.ts'
import { type Interval, wilsonInterval } from '../../stats/intervals.ts'
import { DrawnFigure } from '../components/chart/drawn-figure.tsx'
import { linearScale } from '../components/chart/scale.ts'
import type { Column } from '../components/data-table.tsx'
import { EmptyState } from '../components/states.tsx'
import { count, figure, percent } from '../format.ts'

type Bin = NonNullable<Evaluation['calibration']>['bins'][number] & { interval: Interval }

const height = 320
const bottom = height - 84
const columns: Column<Bin>[] = [
  {
    id: 'score',
    header: 'Said',
    meta: { numeric: true },
    accessorFn: ({ score }) => score,
    cell: ({ row }) => percent(row.original.score),
  },
  {
    id: 'observed',
    header: 'Happened',
    meta: { numeric: true },
    accessorFn: ({ observed }) => observed,
    cell: ({ row }) => percent(row.original.observed),
  },
  {
    id: 'low',
    header: 'Low',
    meta: { numeric: true },
    accessorFn: ({ interval }) => interval.low,
    cell: ({ row }) => percent(row.original.interval.low),
  },
  {
    id: 'high',
    header: 'High',
    meta: { numeric: true },
    accessorFn: ({ interval }) => interval.high,
    cell: ({ row }) => percent(row.original.interval.high),
  },
  {
    id: 'rows',
    header: 'Rows',
    meta: { numeric: true },
    accessorFn: ({ rows }) => rows,
    cell: ({ row }) => count(row.original.rows),
  },
]

/** Whether what it says is what happens: probability said against share observed, with how many rows stand behind each point. */
export function CalibrationFigure({ calibration }: { calibration: Evaluation['calibration'] }) {
  const bins = useMemo(
    () =>
      (calibration?.bins ?? []).map(
        (bin): Bin => ({ ...bin, interval: wilsonInterval(Math.round(bin.observed * bin.rows), bin.rows) }),
      ),
    [calibration],
  )
  const most = Math.max(0.1, ...bins.flatMap(({ score, interval }) => [score, interval.high]))
  const mostRows = Math.max(1, ...bins.map(({ rows }) => rows))
  return (
    <DrawnFigure
      title="Calibration"
      says={`What it said against what happened, 95 % intervals; on the dashed line both agree${calibration ? ` (expected error ${figure(calibration.error, 3)})` : ''}. Bars: rows.`}
      rows={bins}
      columns={columns}
      rowId={({ score }) => String(score)}
      height={height}
      empty={
        <EmptyState>Only the probability of a yes is held against what happened, and its answers are none.</EmptyState>
      }
    >
      {(width) => {
        const x = linearScale(0, most, 44, width - 12, width < 480 ? 4 : 8)
        const y = linearScale(0, most, bottom, 8, 5)
        return (
          <>
            {y.ticks.map((tick) => (
              <g key={tick}>
                <line x1={44} x2={width - 12} y1={y.at(tick)} y2={y.at(tick)} stroke="var(--grid)" />
                <text x={38} y={y.at(tick) + 4} textAnchor="end" fill="var(--text-muted)">
                  {percent(tick)}
                </text>
              </g>
            ))}
            {x.ticks.map((tick) => (
              <text key={tick} x={x.at(tick)} y={bottom + 18} textAnchor="middle" fill="var(--text-muted)">
                {percent(tick)}
              </text>
            ))}
            <line
              x1={x.at(0)}
              y1={y.at(0)}
              x2={x.at(most)}
              y2={y.at(most)}
              stroke="var(--edge)"
              strokeDasharray="4 3"
            />
            {bins.map(({ score, observed, interval, rows }) => {
              const bar = (rows / mostRows) * 34
              return (
                <g key={score} stroke="var(--line-1)" fill="var(--line-1)">
                  <title>{`Said ${percent(score)}, happened ${percent(observed)} (${percent(interval.low)} to ${percent(interval.high)}), ${count(rows)} rows`}</title>
                  <line
                    x1={x.at(score)}
                    x2={x.at(score)}
                    y1={y.at(interval.low)}
                    y2={y.at(interval.high)}
                    strokeWidth={2}
                    opacity={0.55}
                  />
                  <circle cx={x.at(score)} cy={y.at(observed)} r={4} stroke="none" />
                  <rect
                    x={x.at(score) - 5}
                    y={height - 16 - bar}
                    width={10}
                    height={Math.max(1, bar)}
                    stroke="none"
                    opacity={0.45}
                  />
                </g>
              )
            })}
            <text x={44} y={height - 2} fill="var(--text-muted)">
              Probability that it said; bars: up to {count(mostRows)} rows
            </text>
          </>
        )
      }}
    </DrawnFigure>
  )
}
