import { linearScale } from '../components/chart/scale.ts'
import { figure } from '../format.ts'
import type { Cell, KnownRun } from './run-cells.ts'
import type { RunColumn } from './run-columns.ts'

/** A column as an axis: numbers where all values are some, else names in their order. */
export interface ParallelAxis {
  id: string
  title: string
  /** The place of a run in the unit of the axis: the number, or which name it is; null where it has none. */
  placeOf(run: KnownRun): number | null
  low: number
  high: number
  ticks: readonly { at: number; text: string }[]
  /** A place of the axis in words. */
  words(place: number): string
}

/** Names that there is room for. */
const mostNames = 24

const numberOf = (cell: Cell | undefined): number | null => {
  if (typeof cell === 'number') return cell
  if (typeof cell !== 'string' || cell.trim() === '') return null
  const value = Number(cell)
  return Number.isFinite(value) ? value : null
}

/** The axis of a column; null where no run has a value, or more different names than there is room for. */
export function parallelAxis(column: RunColumn, runs: readonly KnownRun[]): ParallelAxis | null {
  const cells = runs.flatMap(({ cells: own }) => {
    const cell = own.get(column.id)
    return cell === null || cell === undefined || cell === 'NaN' ? [] : [cell]
  })
  if (cells.length === 0) return null
  const numbers = cells.map(numberOf)
  if (numbers.every((value) => value !== null)) {
    const [low, high] = [Math.min(...numbers), Math.max(...numbers)]
    const { ticks } = linearScale(low, high, 0, 1, 5)
    return {
      id: column.id,
      title: column.title,
      placeOf: ({ cells: own }) => numberOf(own.get(column.id)),
      low,
      high,
      ticks: (low === high ? [low] : ticks.filter((tick) => tick >= low && tick <= high)).map((at) => ({
        at,
        text: figure(at),
      })),
      words: (place) => figure(place, 3),
    }
  }
  const names = [...new Set(cells.map(String))].sort()
  if (names.length > mostNames) return null
  const placeOf = new Map(names.map((name, place) => [name, place]))
  return {
    id: column.id,
    title: column.title,
    placeOf: ({ cells: own }) => placeOf.get(String(own.get(column.id))) ?? null,
    low: 0,
    high: names.length - 1,
    ticks: names.map((text, at) => ({ at, text })),
    words: (place) => names[Math.max(0, Math.min(names.length - 1, Math.round(place)))]!,
  }
}

export type Within = Readonly<Record<string, readonly [number, number]>>

/** Whether a run lies in every range; without a value it lies in none. */
export const isWithin = (run: KnownRun, axes: readonly ParallelAxis[], within: Within): boolean =>
  axes.every((axis) => {
    const range = within[axis.id]
    if (!range) return true
    const place = axis.placeOf(run)
    return place !== null && place >= range[0] && place <= range[1]
  })
