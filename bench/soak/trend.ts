/** A straight line through points in time, and whether it is one that rises. */
export interface Trend {
  /** Per hour. */
  slope: number
  /** 95 % interval of the slope, by moving-block bootstrap: samples that follow each other are alike. */
  low: number
  high: number
  mean: number
}

const hour = 3_600_000

function slopeOf(points: readonly (readonly [number, number])[]): number {
  const n = points.length
  const [mx, my] = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis]!, 0) / n) as [number, number]
  const [xy, xx] = points.reduce(([a, b], [x, y]) => [a + (x - mx) * (y - my), b + (x - mx) ** 2], [0, 0])
  return xx === 0 ? 0 : (xy / xx) * hour
}

/**
 * Least squares; the interval resamples blocks of residuals (Künsch 1989), for the residuals of memory and latency are not independent.
 *
 * @param points time in milliseconds, value.
 */
export function trendOf(points: readonly (readonly [number, number])[], random: () => number): Trend {
  const n = points.length
  const mean = points.reduce((sum, [, y]) => sum + y, 0) / n
  const mx = points.reduce((sum, [x]) => sum + x, 0) / n
  const slope = slopeOf(points)
  const fitted = points.map(([x]) => mean + (slope / hour) * (x - mx))
  const residuals = points.map(([, y], place) => y - fitted[place]!)
  const block = Math.max(1, Math.round(Math.sqrt(n)))
  const slopes = Array.from({ length: 1000 }, () => {
    const drawn: number[] = []
    while (drawn.length < n) {
      const begin = Math.floor(random() * (n - block + 1))
      drawn.push(...residuals.slice(begin, begin + block))
    }
    return slopeOf(points.map(([x], place) => [x, fitted[place]! + drawn[place]!] as const))
  }).sort((a, b) => a - b)
  return { slope, low: slopes[24]!, high: slopes[974]!, mean }
}
