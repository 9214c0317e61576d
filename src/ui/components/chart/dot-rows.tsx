import { figure } from '../../format.ts'
import type { Series } from './legend.tsx'
import { linearScale } from './scale.ts'

export interface Dot {
  value: number
  /** Ends of the interval; null where none is known. */
  low: number | null
  high: number | null
}
export interface DotRow {
  label: string
  /** Beside the label: of how many rows. */
  detail: string
  /** In the order of the series; null where there is none. */
  dots: readonly (Dot | null)[]
}

const axis = 24
const rowHeight = (series: readonly Series[]): number => 16 + series.length * 9
export const dotRowsHeight = (rows: readonly DotRow[], series: readonly Series[]): number =>
  axis + Math.max(1, rows.length) * rowHeight(series)

/** A row for each thing, its values as dots with their intervals, under one another to be compared. */
export function DotRows({
  rows,
  series,
  width,
  level,
}: {
  rows: readonly DotRow[]
  series: readonly Series[]
  width: number
  /** Drawn across all rows. */
  level?: { value: number; label: string } | undefined
}) {
  const left = Math.min(190, width * 0.42)
  const right = width - 14
  const ends = rows.flatMap(({ dots }) =>
    dots.flatMap((dot) => (dot ? [dot.value, dot.low ?? dot.value, dot.high ?? dot.value] : [])),
  )
  if (level) ends.push(level.value)
  const [least, most] = [Math.min(...ends), Math.max(...ends)]
  const spare = (most - least || Math.abs(most) || 1) * 0.04
  const scale = linearScale(least - spare, most + spare, left, right, width < 480 ? 4 : 8)
  const tall = rowHeight(series)
  const bottom = rows.length * tall
  return (
    <>
      {scale.ticks.map((tick) => (
        <g key={tick}>
          <line x1={scale.at(tick)} x2={scale.at(tick)} y1={0} y2={bottom} stroke="var(--grid)" />
          <text x={scale.at(tick)} y={bottom + 16} textAnchor="middle" fill="var(--text-muted)">
            {figure(tick)}
          </text>
        </g>
      ))}
      {level && (
        <line
          x1={scale.at(level.value)}
          x2={scale.at(level.value)}
          y1={0}
          y2={bottom}
          stroke="var(--warning)"
          strokeDasharray="4 3"
        >
          <title>{level.label}</title>
        </line>
      )}
      {rows.map(({ label, detail, dots }, place) => {
        const top = place * tall
        return (
          <g key={label}>
            {place > 0 && <line x1={0} x2={right} y1={top} y2={top} stroke="var(--grid)" />}
            <text x={0} y={top + tall / 2 - 2} fill="var(--text)">
              {label}
            </text>
            <text x={0} y={top + tall / 2 + 11} fill="var(--text-muted)" fontSize="11">
              {detail}
            </text>
            {dots.map((dot, index) => {
              if (!dot) return null
              const { name, color } = series[index]!
              const y = top + 12 + index * 9
              const x = scale.at(dot.value)
              const between =
                dot.low === null || dot.high === null ? '' : ` (${figure(dot.low)} to ${figure(dot.high)})`
              return (
                <g key={name} stroke={`var(${color})`} fill={`var(${color})`}>
                  <title>{`${label}, ${name}: ${figure(dot.value)}${between}`}</title>
                  {dot.low !== null && dot.high !== null && (
                    <line x1={scale.at(dot.low)} x2={scale.at(dot.high)} y1={y} y2={y} strokeWidth={2} opacity={0.55} />
                  )}
                  <circle cx={x} cy={y} r={3.5} stroke="none" />
                </g>
              )
            })}
          </g>
        )
      })}
    </>
  )
}
