/** How a run is drawn beside others, in every figure the same. */
export interface RunStyle {
  /** A design token. */
  color: string
  /** Lengths of strokes and gaps, in pixels; none for a line without. */
  dash: readonly number[]
}

/** Of each there is a token `--run-1` and so on. */
export const runColors = 8
const dashes: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [10, 3, 2, 3], [16, 4], [7, 3, 2, 3, 2, 3]]

/** So many are told apart by colour and pattern; the next begins again. */
export const runStyles = runColors * dashes.length

/** By the place of a run among those that are compared: colours first, for they are seen at once. */
export function runStyle(place: number): RunStyle {
  return { color: `--run-${(place % runColors) + 1}`, dash: dashes[Math.floor(place / runColors) % dashes.length]! }
}
