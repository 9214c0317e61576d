import { useMemo } from 'react'
import type { Evaluation } from '../../contract/model.ts'
import { DotRows, dotRowsHeight } from '../components/chart/dot-rows.tsx'
import { DrawnFigure } from '../components/chart/drawn-figure.tsx'
import { Choice } from '../components/choice.tsx'
import type { Column } from '../components/data-table.tsx'
import { EmptyState } from '../components/states.tsx'
import { count, figure } from '../format.ts'
import { metricWord } from '../measurements/metric-words.ts'

type Part = Evaluation['segments'][string][string] & { name: string }

const sides = [
  { key: 'candidate', name: 'This version', color: '--line-1' },
  { key: 'production', name: 'In production then', color: '--line-2' },
  { key: 'baseline', name: 'Baseline', color: '--line-3' },
] as const

/** One metric by the parts of a segment: whether it fails somewhere that the whole hides. */
export function SegmentsFigure({
  evaluation,
  metric,
  segment: wanted,
  choose,
}: {
  evaluation: Evaluation
  metric: string
  segment: string | undefined
  choose: (segment: string) => void
}) {
  const names = Object.keys(evaluation.segments)
  const segment = wanted !== undefined && names.includes(wanted) ? wanted : (names[0] ?? '')
  const parts = useMemo(
    () => Object.entries(evaluation.segments[segment] ?? {}).map(([name, part]): Part => ({ ...part, name })),
    [evaluation, segment],
  )
  const drawn = useMemo(() => sides.filter(({ key }) => parts.some((part) => part[key]?.[metric])), [parts, metric])
  const columns = useMemo(
    (): Column<Part>[] => [
      { id: 'part', header: segment, accessorFn: ({ name }) => name },
      { id: 'rows', header: 'Rows', meta: { numeric: true }, accessorFn: ({ rows }) => rows },
      ...drawn.flatMap(({ key, name }): Column<Part>[] =>
        (['value', 'low', 'high'] as const).map((end) => ({
          id: `${key} ${end}`,
          header: end === 'value' ? name : `${name}, ${end}`,
          meta: { numeric: true },
          accessorFn: (part) => part[key]?.[metric]?.[end],
          cell: ({ row }) => figure(row.original[key]?.[metric]?.[end]),
        })),
      ),
    ],
    [segment, drawn, metric],
  )
  const rows = parts.map((part) => ({
    label: part.name,
    detail: `${count(part.rows)} rows`,
    dots: drawn.map(({ key }) => part[key]?.[metric] ?? null),
  }))
  return (
    <DrawnFigure
      title="By segment"
      says={`${metricWord(metric)} in each part of ${segment || 'a segment'}, with 95 % intervals; the dashed line is the whole test set.`}
      rows={parts}
      columns={columns}
      rowId={({ name }) => name}
      height={dotRowsHeight(rows, drawn)}
      series={drawn}
      actions={<Choice label="Segment" value={segment} values={names} choose={choose} />}
      empty={<EmptyState>Its model names no segments, so it was judged on all rows together.</EmptyState>}
    >
      {(width) => {
        const whole = evaluation.candidate[metric]
        return (
          <DotRows
            rows={rows}
            series={drawn}
            width={width}
            level={whole && { value: whole.value, label: `This version on all rows: ${figure(whole.value)}` }}
          />
        )
      }}
    </DrawnFigure>
  )
}
