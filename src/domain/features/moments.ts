/**
 * Count, sum, mean and squared deviations, least and greatest of numbers, built up in a stated order: the same numbers in the same
 * order give the same bits.
 */
export class Moments {
  count = 0
  sum = 0
  mean = 0
  squares = 0
  min = Number.POSITIVE_INFINITY
  max = Number.NEGATIVE_INFINITY

  clear(): void {
    this.count = 0
    this.sum = 0
    this.mean = 0
    this.squares = 0
    this.min = Number.POSITIVE_INFINITY
    this.max = Number.NEGATIVE_INFINITY
  }

  /** Count and sum of known values; what is missing is passed over. */
  addSum(values: Float64Array, from: number, to: number): void {
    let { count, sum } = this
    for (let i = from; i < to; i += 1) {
      const value = values[i]!
      if (Number.isNaN(value)) continue
      count += 1
      sum += value
    }
    this.count = count
    this.sum = sum
  }

  /** Count, least and greatest of known values. */
  addRange(values: Float64Array, from: number, to: number): void {
    let { count, min, max } = this
    for (let i = from; i < to; i += 1) {
      const value = values[i]!
      if (Number.isNaN(value)) continue
      count += 1
      if (value < min) min = value
      if (value > max) max = value
    }
    this.count = count
    this.min = min
    this.max = max
  }

  /** Mean and squared deviations: Welford, "Note on a Method for Calculating Corrected Sums of Squares and Products" (1962). */
  addDeviations(values: Float64Array, from: number, to: number): void {
    for (let i = from; i < to; i += 1) {
      const value = values[i]!
      if (Number.isNaN(value)) continue
      this.count += 1
      const delta = value - this.mean
      this.mean += delta / this.count
      this.squares += delta * (value - this.mean)
    }
  }

  /** Two sets of deviations as one: Chan, Golub and LeVeque (1979). */
  mergeDeviations(count: number, mean: number, squares: number): void {
    if (count === 0) return
    const total = this.count + count
    const delta = mean - this.mean
    this.squares += squares + (delta * delta * this.count * count) / total
    this.mean += (delta * count) / total
    this.count = total
  }
}
