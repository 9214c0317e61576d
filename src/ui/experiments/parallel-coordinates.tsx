import { type KeyboardEvent, type PointerEvent, useMemo, useRef, useState } from 'react'
import { DrawnFigure } from '../components/chart/drawn-figure.tsx'
import type { Column } from '../components/data-table.tsx'
import { counted } from '../format.ts'
import { isWithin, type ParallelAxis, type Within } from './parallel-axes.ts'
import type { KnownRun } from './run-cells.ts'
import type { RunStyle } from './run-style.ts'

const height = 320
const [top, bottom] = [34, height - 12]
const side = 64

/**
 * Each run as a line across axes, one for each column. Dragging along an axis keeps the runs within that range; so do the arrow keys on it: up
 * and down move its lower end, with Shift its upper one; Escape gives it up.
 */
export function ParallelCoordinates({
  runs,
  axes,
  styleOf,
  within,
  onWithin,
  onOpen,
}: {
  runs: readonly KnownRun[]
  axes: readonly ParallelAxis[]
  styleOf: (id: string) => RunStyle
  within: Within
  onWithin: (within: Within) => void
  onOpen: (id: string) => void
}) {
  const kept = runs.filter((run) => isWithin(run, axes, within)).length
  const columns = useMemo(
    (): Column<KnownRun>[] => [
      { id: 'run', header: 'Run', accessorFn: ({ id, run }) => run?.name ?? id },
      ...axes.map(
        (axis): Column<KnownRun> => ({
          id: axis.id,
          header: axis.title,
          accessorFn: ({ cells }) => cells.get(axis.id) ?? undefined,
          sortUndefined: 'last',
        }),
      ),
    ],
    [axes],
  )
  return (
    <DrawnFigure
      title="Parallel coordinates"
      says={`A line for each run across its params and metrics; drag along an axis to keep a range. ${counted(kept, 'run')} of ${runs.length} within.`}
      rows={axes.length > 1 ? runs : []}
      columns={columns}
      rowId={({ id }) => id}
      height={height}
      className="parallel"
      hasControls
      actions={
        Object.keys(within).length > 0 && (
          <button type="button" onClick={() => onWithin({})}>
            Keep all
          </button>
        )
      }
      empty={<p className="muted">Choose at least two columns of which runs have values.</p>}
    >
      {(width) => (
        <Drawing
          width={width}
          runs={runs}
          axes={axes}
          styleOf={styleOf}
          within={within}
          onWithin={onWithin}
          onOpen={onOpen}
        />
      )}
    </DrawnFigure>
  )
}

function Drawing({
  width,
  runs,
  axes,
  styleOf,
  within,
  onWithin,
  onOpen,
}: { width: number } & Parameters<typeof ParallelCoordinates>[0]) {
  const [over, setOver] = useState<string | null>(null)
  const [dragged, setDragged] = useState<{ id: string; range: readonly [number, number] } | null>(null)
  const drag = useRef<{ axis: ParallelAxis; start: number } | null>(null)
  const xOf = (place: number): number => side + (place * (width - 2 * side)) / Math.max(1, axes.length - 1)
  const yOf = ({ low, high }: ParallelAxis, place: number): number =>
    high === low ? (top + bottom) / 2 : bottom - ((place - low) / (high - low)) * (bottom - top)
  const placeAt = ({ low, high }: ParallelAxis, event: PointerEvent<SVGElement>): number => {
    const { top: edge } = event.currentTarget.ownerSVGElement!.getBoundingClientRect()
    const share = (bottom - (event.clientY - edge)) / (bottom - top)
    return low + Math.max(0, Math.min(1, share)) * (high - low)
  }
  const rangeOf = (axis: ParallelAxis): readonly [number, number] | undefined =>
    dragged?.id === axis.id ? dragged.range : within[axis.id]
  const without = (id: string): Within => Object.fromEntries(Object.entries(within).filter(([each]) => each !== id))
  const press = (axis: ParallelAxis, event: KeyboardEvent): void => {
    const step = { ArrowUp: 1, ArrowDown: -1 }[event.key]
    if (event.key === 'Escape') onWithin(without(axis.id))
    if (step === undefined) return
    event.preventDefault()
    const [low, high] = within[axis.id] ?? [axis.low, axis.high]
    const by = (step * (axis.high - axis.low)) / 20
    const bounded = (value: number): number => Math.max(axis.low, Math.min(axis.high, value))
    onWithin({
      ...within,
      [axis.id]: event.shiftKey ? [low, Math.max(low, bounded(high + by))] : [Math.min(high, bounded(low + by)), high],
    })
  }
  // What lies within is drawn above the rest, and the one under the pointer above all.
  const drawn = runs
    .map((run) => ({ run, isKept: isWithin(run, axes, within) }))
    .sort((a, b) => Number(a.isKept) - Number(b.isKept) || Number(a.run.id === over) - Number(b.run.id === over))
  return (
    <>
      {drawn.map(({ run, isKept }) => {
        const points = axes.flatMap((axis, at) => {
          const place = axis.placeOf(run)
          return place === null ? [] : [`${xOf(at).toFixed(1)} ${yOf(axis, place).toFixed(1)}`]
        })
        if (points.length < 2) return null
        return (
          // The table of the figure leads to the runs by keyboard.
          // biome-ignore lint/a11y/noStaticElementInteractions: see above
          <path
            key={run.id}
            d={`M${points.join('L')}`}
            className={`run-line${isKept ? '' : ' out'}${run.id === over ? ' over' : ''}`}
            fill="none"
            stroke={`var(${isKept ? styleOf(run.id).color : '--border'})`}
            strokeDasharray={isKept ? styleOf(run.id).dash.join(' ') : ''}
            strokeOpacity={isKept && run.id !== over && runs.length > 20 ? 0.5 : 1}
            strokeWidth={run.id === over ? 3 : 1.5}
            onPointerEnter={() => setOver(run.id)}
            onPointerLeave={() => setOver(null)}
            onClick={() => onOpen(run.id)}
          >
            <title>{run.run?.name ?? run.id}</title>
          </path>
        )
      })}
      {axes.map((axis, at) => {
        const x = xOf(at)
        const range = rangeOf(axis)
        return (
          <g key={axis.id}>
            <text x={x} y={14} textAnchor="middle" className="axis-title" fill="var(--text)" fontWeight="600">
              {axis.title.length > 18 ? `${axis.title.slice(0, 17)}…` : axis.title}
              <title>{axis.title}</title>
            </text>
            <line x1={x} x2={x} y1={top} y2={bottom} stroke="var(--edge)" />
            {axis.ticks.map(({ at: place, text }) => (
              <text key={text} x={x - 6} y={yOf(axis, place) + 4} textAnchor="end" className="tick" fill="var(--text)">
                {text.length > 10 ? `${text.slice(0, 9)}…` : text}
              </text>
            ))}
            {range && (
              <rect
                x={x - 6}
                width={12}
                y={yOf(axis, range[1]) - 3}
                height={Math.max(6, yOf(axis, range[0]) - yOf(axis, range[1]) + 6)}
                fill="var(--accent-soft)"
                stroke="var(--accent)"
              />
            )}
            <rect
              className="axis-handle"
              role="slider"
              tabIndex={0}
              aria-label={`Range of ${axis.title}`}
              aria-orientation="vertical"
              aria-valuemin={axis.low}
              aria-valuemax={axis.high}
              aria-valuenow={range?.[0] ?? axis.low}
              aria-valuetext={range ? `${axis.words(range[0])} to ${axis.words(range[1])}` : 'everything'}
              x={x - 14}
              width={28}
              y={top - 8}
              height={bottom - top + 16}
              fill="transparent"
              onKeyDown={(event) => press(axis, event)}
              onPointerDown={(event) => {
                event.currentTarget.setPointerCapture(event.pointerId)
                drag.current = { axis, start: placeAt(axis, event) }
              }}
              onPointerMove={(event) => {
                const from = drag.current
                if (!from || from.axis.id !== axis.id) return
                const place = placeAt(axis, event)
                setDragged({ id: axis.id, range: [Math.min(from.start, place), Math.max(from.start, place)] })
              }}
              onPointerUp={() => {
                drag.current = null
                // A click without dragging gives the range up.
                const isRange = dragged !== null && yOf(axis, dragged.range[0]) - yOf(axis, dragged.range[1]) > 3
                onWithin(isRange ? { ...within, [axis.id]: dragged.range } : without(axis.id))
                setDragged(null)
              }}
            />
          </g>
        )
      })}
    </>
  )
}
