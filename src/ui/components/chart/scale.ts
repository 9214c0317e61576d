/** A linear scale between values and pixels, and where its grid lines lie. */
export interface Scale {
  at(value: number): number
  ticks: number[]
}

/** About `wanted` round values between two: steps of 1, 2 or 5 times a power of ten. */
export function ticksBetween(low: number, high: number, wanted: number): number[] {
  if (!(high > low)) return [low]
  const rough = (high - low) / Math.max(1, wanted)
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough)!
  const ticks: number[] = []
  // Counted, not added up: a sum of steps of 0.1 drifts.
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high + step * 1e-9; index += 1)
    ticks.push(Number((index * step).toPrecision(12)))
  return ticks
}

/** @param from and to: pixels that the lowest and the highest value get. */
export function linearScale(low: number, high: number, from: number, to: number, wanted: number): Scale {
  const width = high > low ? high - low : 1
  return { at: (value) => from + ((value - low) / width) * (to - from), ticks: ticksBetween(low, high, wanted) }
}
