/** Root of the mean squared error. */
export function rmse(predicted: ArrayLike<number>, actual: ArrayLike<number>): number {
  return Math.sqrt(meanError(predicted, actual, (error) => error * error))
}

/** Mean absolute error. */
export function mae(predicted: ArrayLike<number>, actual: ArrayLike<number>): number {
  return meanError(predicted, actual, Math.abs)
}

/** Share of the variance explained: 1 − Σ(y − ŷ)² / Σ(y − ȳ)²; below 0 when the mean would do better. */
export function r2(predicted: ArrayLike<number>, actual: ArrayLike<number>): number {
  const mean = meanError(actual, new Float64Array(actual.length), (value) => value)
  const spread = meanError(actual, new Float64Array(actual.length).fill(mean), (error) => error * error)
  return 1 - meanError(predicted, actual, (error) => error * error) / spread
}

function meanError(predicted: ArrayLike<number>, actual: ArrayLike<number>, of: (error: number) => number): number {
  let sum = 0
  for (let row = 0; row < actual.length; row += 1) sum += of(predicted[row]! - actual[row]!)
  return sum / actual.length
}
