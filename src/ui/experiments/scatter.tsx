import { useMemo } from 'react'
import { DrawnFigure } from '../components/chart/drawn-figure.tsx'
import { linearScale } from '../components/chart/scale.ts'
import { Choice } from '../components/choice.tsx'
import type { Column } from '../components/data-table.tsx'
import { figure } from '../format.ts'
import type { ParallelAxis } from './parallel-axes.ts'
import type { KnownRun } from './run-cells.ts'
import type { RunStyle } from './run-style.ts'

const height = 300

/** A run as a dot between any two columns. */
export function Scatter({
  runs,
  axes,
  x,
  y,
  styleOf,
  onAxes,
  onOpen,
}: {
  runs: readonly KnownRun[]
  axes: readonly ParallelAxis[]
  x: ParallelAxis | undefined
  y: ParallelAxis | undefined
  styleOf: (id: string) => RunStyle
  onAxes: (axes: { x?: string; y?: string }) => void
  onOpen: (id: string) => void
}) {
  const dots = useMemo(
    () =>
      x && y
        ? runs.flatMap((run) => {
            const [along, up] = [x.placeOf(run), y.placeOf(run)]
            return along === null || up === null ? [] : [{ run, along, up }]
          })
        : [],
    [runs, x, y],
  )
  const columns = useMemo(
    (): Column<(typeof dots)[number]>[] => [
      { id: 'run', header: 'Run', accessorFn: ({ run }) => run.run?.name ?? run.id },
      { id: 'x', header: x?.title ?? '', accessorFn: ({ along }) => along, meta: { numeric: true } },
      { id: 'y', header: y?.title ?? '', accessorFn: ({ up }) => up, meta: { numeric: true } },
    ],
    [x, y],
  )
  const ids = axes.map(({ id }) => id)
  const words = (id: string): string => axes.find((axis) => axis.id === id)?.title ?? id
  return (
    <DrawnFigure
      title="Scatter"
      says={x && y ? `A dot for each run by ${x.title} and ${y.title}.` : 'A dot for each run by two columns.'}
      rows={dots}
      columns={columns}
      rowId={({ run }) => run.id}
      height={height}
      className="scatter"
      actions={
        <>
          <Choice label="Along" value={x?.id ?? ''} values={ids} words={words} choose={(id) => onAxes({ x: id })} />
          <Choice label="Up" value={y?.id ?? ''} values={ids} words={words} choose={(id) => onAxes({ y: id })} />
        </>
      }
      empty={<p className="muted">No run has values of both.</p>}
    >
      {(width) => {
        const [left, right, top, bottom] = [64, width - 16, 12, height - 40]
        const spare = (axis: ParallelAxis): number => (axis.high - axis.low || Math.abs(axis.low) || 1) * 0.05
        const across = linearScale(x!.low - spare(x!), x!.high + spare(x!), left, right, 6)
        const up = linearScale(y!.low - spare(y!), y!.high + spare(y!), bottom, top, 5)
        const shown = (axis: ParallelAxis, ticks: readonly number[]) =>
          // Names stand where they are; numbers where it is round.
          axis.ticks.every(({ text, at }) => text === figure(at))
            ? ticks.map((at) => ({ at, text: figure(at) }))
            : axis.ticks
        return (
          <>
            {shown(y!, up.ticks).map(({ at, text }) => (
              <g key={text}>
                <line x1={left} x2={right} y1={up.at(at)} y2={up.at(at)} stroke="var(--grid)" />
                <text x={left - 6} y={up.at(at) + 4} textAnchor="end" fill="var(--text-muted)">
                  {text.slice(0, 10)}
                </text>
              </g>
            ))}
            {shown(x!, across.ticks).map(({ at, text }) => (
              <text key={text} x={across.at(at)} y={bottom + 18} textAnchor="middle" fill="var(--text-muted)">
                {text.slice(0, 10)}
              </text>
            ))}
            <text x={(left + right) / 2} y={height - 4} textAnchor="middle" fill="var(--text)">
              {x!.title}
            </text>
            <text x={left} y={top - 2} fill="var(--text)">
              {y!.title}
            </text>
            {dots.map(({ run, along, up: high }) => (
              // The table of the figure has the same runs for the keyboard.
              // biome-ignore lint/a11y/noStaticElementInteractions: see above
              <circle
                key={run.id}
                cx={across.at(along)}
                cy={up.at(high)}
                r={5}
                fill={`var(${styleOf(run.id).color})`}
                fillOpacity={styleOf(run.id).dash.length > 0 ? 0.25 : 0.8}
                stroke={styleOf(run.id).dash.length > 0 ? `var(${styleOf(run.id).color})` : 'none'}
                strokeWidth={2}
                strokeDasharray={styleOf(run.id).dash.join(' ')}
                className="dot"
                onClick={() => onOpen(run.id)}
              >
                <title>{`${run.run?.name ?? run.id}: ${x!.words(along)}, ${y!.words(high)}`}</title>
              </circle>
            ))}
          </>
        )
      }}
    </DrawnFigure>
  )
}
