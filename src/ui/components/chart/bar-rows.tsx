import type { Series } from './legend.tsx'

export interface BarRow {
  label: string
  /** In the order of the series. */
  values: readonly number[]
}

const gap = 6
const thick = (series: readonly Series[]): number => (series.length > 1 ? 11 : 14)
const rowHeight = (series: readonly Series[]): number => Math.max(18, series.length * thick(series) + gap)
export const barRowsHeight = (rows: readonly BarRow[], series: readonly Series[]): number =>
  Math.max(1, rows.length) * rowHeight(series)

/** As much of a label as fits, its ends kept: the beginnings of inputs are often the same. */
function shortened(label: string, room: number): string {
  const most = Math.max(8, Math.floor(room / 6.6))
  if (label.length <= most) return label
  const end = Math.floor((most - 1) * 0.6)
  return `${label.slice(0, most - 1 - end)}…${label.slice(-end)}`
}

/** A row for each thing, a bar for each series, with the figure at its end. All bars begin at 0. */
export function BarRows({
  rows,
  series,
  width,
  format,
}: {
  rows: readonly BarRow[]
  series: readonly Series[]
  width: number
  format: (value: number) => string
}) {
  const left = Math.min(230, width * 0.46)
  const room = width - left - 62
  const most = Math.max(...rows.flatMap(({ values }) => values), Number.MIN_VALUE)
  const tall = rowHeight(series)
  const bar = thick(series)
  return rows.map(({ label, values }, place) => {
    const top = place * tall
    return (
      <g key={label}>
        <text x={left - 10} y={top + tall / 2 + 3} textAnchor="end" fill="var(--text)">
          <title>{label}</title>
          {shortened(label, left - 10)}
        </text>
        {values.map((value, index) => {
          const { name, color } = series[index]!
          const y = top + gap / 2 + index * bar
          const long = Math.max(value > 0 ? 1 : 0, (value / most) * room)
          return (
            <g key={name}>
              <title>{`${label}, ${name}: ${format(value)}`}</title>
              <rect x={left} y={y} width={long} height={bar - 1} rx={1.5} fill={`var(${color})`} />
              <text
                x={left + long + 6}
                y={y + bar - (bar > 12 ? 3 : 2)}
                fill="var(--text-muted)"
                fontSize={bar > 12 ? 12 : 10}
              >
                {format(value)}
              </text>
            </g>
          )
        })}
      </g>
    )
  })
}
