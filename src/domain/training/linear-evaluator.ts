import type { ScoreEvaluator } from './evaluator.ts'
import type { LinearCoefficients, ModelFeature } from './model.ts'

export function linearEvaluator(
  linear: LinearCoefficients,
  features: readonly ModelFeature[],
  outputs: number,
): ScoreEvaluator {
  const { intercepts, means, scales, offsets, weights } = linear
  // Number of codes; 0 for a numeric feature.
  const codes = Uint32Array.from(features, (feature) => feature.categories?.length ?? 0)
  const isNumeric = features.map((feature) => feature.kind === 'numeric')

  const score = (row: ArrayLike<number>, from: number, into: Float64Array, to: number): void => {
    for (let output = 0; output < outputs; output += 1) into[to + output] = intercepts[output]!
    for (let feature = 0; feature < isNumeric.length; feature += 1) {
      const value = Math.fround(row[from + feature]!)
      // A missing number counts as the mean and a missing category as none: neither adds anything.
      if (Number.isNaN(value)) continue
      let offset = offsets[feature]!
      let factor = 1
      if (isNumeric[feature]) factor = (value - means[feature]!) / scales[feature]!
      else {
        if (!(value >= 0 && value < codes[feature]! && Number.isInteger(value))) continue
        offset += value * outputs
      }
      for (let output = 0; output < outputs; output += 1) into[to + output]! += factor * weights[offset + output]!
    }
  }

  return {
    scoreRow: (row, into) => score(row, 0, into, 0),
    scoreRows(rows, count, into) {
      for (let row = 0; row < count; row += 1) score(rows, row * features.length, into, row * outputs)
    },
  }
}
