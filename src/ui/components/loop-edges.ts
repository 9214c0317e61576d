import { stageViews } from '../stages.ts'

export interface Edge {
  id: string
  from: string
  to: string
}

const edge = (from: string, to: string): Edge => ({ id: `${from}-${to}`, from, to })

/** Each stage to the next, and the last back to the pipelines: that closes the loop. */
export const edges: readonly Edge[] = [
  ...stageViews.slice(1).map((view, index) => edge(stageViews[index]!.stage, view.stage)),
  edge('lifecycle', 'pipelines'),
]

export interface Box {
  left: number
  right: number
  top: number
  bottom: number
}

const overlap = (a0: number, a1: number, b0: number, b1: number): number | null => {
  const [from, to] = [Math.max(a0, b0), Math.min(a1, b1)]
  return to - from > 8 ? (from + to) / 2 : null
}

/** How far a way round leads out to the left, and how round its corners are. */
const gutter = 14
const r = 8

/**
 * An SVG path from the edge of one box to that of another: straight where they face each other, round a corner up to one that lies
 * above and to the left, and round by the left where other boxes lie between them, as in the one column of a narrow page.
 */
export function edgePath(from: Box, to: Box): string {
  const straight = (x1: number, y1: number, x2: number, y2: number): string =>
    `M${x1.toFixed(1)} ${y1.toFixed(1)}L${x2.toFixed(1)} ${y2.toFixed(1)}`
  const y = overlap(from.top, from.bottom, to.top, to.bottom)
  if (y !== null)
    return to.left >= from.right ? straight(from.right, y, to.left, y) : straight(from.left, y, to.right, y)
  const x = overlap(from.left, from.right, to.left, to.right)
  const start = (from.top + from.bottom) / 2
  if (x === null) {
    const middle = (to.left + to.right) / 2
    return `M${from.left} ${start}H${middle + r}Q${middle} ${start} ${middle} ${start - r}V${to.bottom}`
  }
  if (to.top >= from.bottom) return straight(x, from.bottom, x, to.top)
  const end = (to.top + to.bottom) / 2
  const out = Math.min(from.left, to.left) - gutter
  return [
    `M${from.left} ${start}H${out + r}Q${out} ${start} ${out} ${start - r}`,
    `V${end + r}Q${out} ${end} ${out + r} ${end}H${to.left}`,
  ].join('')
}
