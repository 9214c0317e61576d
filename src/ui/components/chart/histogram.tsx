import { useMemo } from 'react'
import { count, percent } from '../../format.ts'
import type { Column } from '../data-table.tsx'
import { type Bins, sharesOf } from './bins.ts'
import { DrawnFigure } from './drawn-figure.tsx'
import { linearScale } from './scale.ts'

interface BinRow {
  label: string
  place: number
}

const colors = ['--line-1', '--line-2'] as const
const height = 276
const [left, top, bottom] = [48, 10, height - 74]
/** Pixels that a slanted label takes of the axis. */
const labelWidth = 20

const columnsOf = ({ series }: Bins): Column<BinRow>[] => [
  {
    id: 'bin',
    header: 'Values',
    accessorFn: ({ label }) => label,
    sortFn: (a, b) => a.original.place - b.original.place,
  },
  ...series.map(({ name, counts }): Column<BinRow> => {
    const shares = sharesOf(counts)
    return {
      id: name,
      header: name,
      accessorFn: ({ place }) => shares[place],
      cell: ({ row }) => percent(shares[row.original.place], 2),
      meta: { numeric: true },
    }
  }),
]

/** Bars of the first series with the outline of the second, without words: for a cell of a table. */
export function SmallHistogram({ bins, label }: { bins: Bins; label: string }) {
  const [width, height] = [120, 22]
  const all = bins.series.map(({ counts }) => sharesOf(counts))
  const most = Math.max(...all.flat(), 1e-9)
  const step = width / Math.max(1, bins.labels.length)
  const y = (share: number): number => height - (share / most) * (height - 1)
  const [bars = [], outline] = all
  return (
    <svg className="small-histogram" width={width} height={height} role="img" aria-label={label}>
      <title>{label}</title>
      {bars.map((share, place) => (
        <rect
          // A bin is known by its place alone.
          // biome-ignore lint/suspicious/noArrayIndexKey: see above
          key={place}
          x={place * step}
          y={y(share)}
          width={Math.max(0.5, step - 1)}
          height={height - y(share)}
        />
      ))}
      {outline && (
        <path d={outline.map((share, place) => `M${place * step} ${y(share)}h${Math.max(0.5, step - 1)}`).join('')} />
      )}
    </svg>
  )
}

/** Bars of equal width, one a bin, and the second series as an outline over them. */
function BinBars({ bins, width }: { bins: Bins; width: number }) {
  const shares = bins.series.map(({ counts }) => sharesOf(counts))
  const [bars = [], outline] = shares
  const y = linearScale(0, Math.max(...shares.flat(), 1e-9) * 1.04, bottom, top, 4)
  const right = width - 8
  const step = (right - left) / Math.max(1, bins.labels.length)
  const gap = step > 8 ? 2 : 0.5
  const every = Math.max(1, Math.ceil(labelWidth / step))
  const said = (place: number): string =>
    bins.series
      .map(({ name, counts }, each) => `${name}: ${percent(shares[each]![place], 2)}, ${count(counts[place]!)} values`)
      .join('\n')
  return (
    <>
      {y.ticks.map((tick) => (
        <g key={tick}>
          <line x1={left} x2={right} y1={y.at(tick)} y2={y.at(tick)} stroke="var(--grid)" />
          <text x={left - 6} y={y.at(tick) + 4} textAnchor="end" fill="var(--text-muted)">
            {percent(tick)}
          </text>
        </g>
      ))}
      {bins.labels.map((label, place) => {
        const x = left + place * step
        const middle = x + step / 2
        return (
          // A bin is known by its place alone: two may have the same label.
          // biome-ignore lint/suspicious/noArrayIndexKey: see above
          <g key={place}>
            <title>{`${label}\n${said(place)}`}</title>
            <rect x={x} y={top} width={step} height={bottom - top} fill="transparent" />
            <rect
              x={x + gap / 2}
              y={y.at(bars[place] ?? 0)}
              width={Math.max(0.5, step - gap)}
              height={Math.max(0, bottom - y.at(bars[place] ?? 0))}
              fill={`var(${colors[0]})`}
              opacity="0.75"
            />
            {(bins.labels.length - 1 - place) % every === 0 && (
              <text
                x={middle}
                y={bottom + 14}
                textAnchor="end"
                fill="var(--text-muted)"
                transform={`rotate(-35 ${middle} ${bottom + 14})`}
              >
                {label.length > 17 ? `${label.slice(0, 16)}…` : label}
              </text>
            )}
          </g>
        )
      })}
      {outline && (
        <path
          d={outline
            .map((share, place) => `${place === 0 ? 'M' : 'L'}${left + place * step} ${y.at(share)}h${step}`)
            .join('')}
          fill="none"
          stroke={`var(${colors[1]})`}
          strokeWidth="2"
          strokeDasharray="5 3"
          pointerEvents="none"
        />
      )}
    </>
  )
}

/**
 * How values are spread over bins: the first series as bars, the second as an outline; the same figures as a table and as files.
 *
 * @param bins stable between renders.
 */
export function Histogram({ title, says, bins }: { title: string; says: string; bins: Bins }) {
  const rows = useMemo(() => bins.labels.map((label, place): BinRow => ({ label, place })), [bins])
  const columns = useMemo(() => columnsOf(bins), [bins])
  return (
    <DrawnFigure
      title={title}
      says={says}
      rows={rows}
      columns={columns}
      rowId={({ place }) => String(place)}
      height={height}
      series={bins.series.map(({ name, counts }, place) => ({
        name: `${name} (${count(counts.reduce((sum, each) => sum + each, 0))} values)`,
        color: colors[place] ?? colors[1],
      }))}
      empty={null}
    >
      {(width) => <BinBars bins={bins} width={width} />}
    </DrawnFigure>
  )
}
