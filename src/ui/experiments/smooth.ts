/**
 * Exponential moving average without the pull of its beginning: the weights of what came so far add up to 1 (Kingma and Ba 2015, section 3).
 *
 * @param weight of what came before, from 0 (nothing is smoothed) to less than 1. @param values a place without a finite number stays as it is, and counts for nothing.
 */
export function smoothed(
  values: readonly (number | null | undefined)[],
  weight: number,
): (number | null | undefined)[] {
  if (weight === 0) return [...values]
  let sum = 0
  let share = 0
  return values.map((value) => {
    if (value === null || value === undefined) return value
    sum = weight * sum + (1 - weight) * value
    share = weight * share + (1 - weight)
    return sum / share
  })
}
