import type { ChartLine } from './chart-plot.ts'

/** Strokes and gaps of a line; none for one without. */
export const dashOf = ({ dash, dashed }: Pick<ChartLine, 'dash' | 'dashed'>): readonly number[] =>
  dash ?? (dashed ? [6, 4] : [])
