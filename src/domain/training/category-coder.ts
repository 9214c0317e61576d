/** Rows that a rare category borrows from the overall mean before it is ordered, so that chance does not order it. */
const priorRows = 10

/**
 * Turns the values of one categorical column into codes. A code is a place in an order that makes sense to a tree
 * (`x ≤ code` is then a group of like categories); a value that training never saw, and null, are missing (NaN).
 */
export class CategoryCoder {
  private readonly codes: Map<string, number>

  /** @param categories the values in the order of their codes, as the model keeps them. */
  constructor(readonly categories: readonly string[]) {
    this.codes = new Map(categories.map((category, code) => [category, code]))
  }

  /**
   * Orders by the training rows' mean target, smoothed towards the overall mean by 10 rows; ties by name. For binary
   * and regression targets: for one output this order holds the best two-way grouping (Fisher 1958).
   */
  static byTargetMean(values: readonly (string | null)[], target: Float64Array): CategoryCoder {
    const sums = new Map<string, { count: number; sum: number }>()
    let total = 0
    for (let row = 0; row < values.length; row += 1) {
      const value = values[row]
      total += target[row]!
      if (value == null) continue
      const entry = sums.get(value)
      if (entry === undefined) sums.set(value, { count: 1, sum: target[row]! })
      else {
        entry.count += 1
        entry.sum += target[row]!
      }
    }
    const prior = values.length === 0 ? 0 : total / values.length
    const means = [...sums].map(
      ([name, { count, sum }]) => [name, (sum + prior * priorRows) / (count + priorRows)] as const,
    )
    return new CategoryCoder(means.sort((a, b) => a[1] - b[1] || byName(a[0], b[0])).map(([name]) => name))
  }

  /** Orders by how often a value occurs, the most frequent first; ties by name. For multiclass targets. */
  static byFrequency(values: readonly (string | null)[]): CategoryCoder {
    const counts = new Map<string, number>()
    for (const value of values) if (value != null) counts.set(value, (counts.get(value) ?? 0) + 1)
    return new CategoryCoder([...counts].sort((a, b) => b[1] - a[1] || byName(a[0], b[0])).map(([name]) => name))
  }

  code(value: string | null | undefined): number {
    return value == null ? Number.NaN : (this.codes.get(value) ?? Number.NaN)
  }

  encode(values: readonly (string | null | undefined)[]): Float32Array {
    const codes = new Float32Array(values.length)
    for (let row = 0; row < values.length; row += 1) codes[row] = this.code(values[row])
    return codes
  }
}

// Code-unit order: the same on every machine, whatever its locale.
function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
