import { missingBin } from './binning.ts'
import { binFields, featureFields } from './histogram-kernels.ts'

/** Sums over the rows of a node. */
export interface NodeSums {
  readonly gradient: number
  readonly hessian: number
  readonly rows: number
}

export interface SplitLimits {
  readonly l2: number
  readonly minSamplesLeaf: number
}

/** Rows whose bin is at most `bin` go left; rows without a value go left if `missingLeft`. */
export interface Split {
  readonly feature: number
  readonly bin: number
  readonly missingLeft: boolean
  readonly gain: number
  readonly left: NodeSums
  readonly right: NodeSums
}

/** A child needs this much curvature, or its Newton step is noise (scikit-learn's and LightGBM's default). */
const minHessian = 1e-3

/**
 * The split with the greatest gain GL²/(HL+λ) + GR²/(HR+λ) − G²/(H+λ) (Chen & Guestrin 2016, eq. 7, without its
 * factor ½), or null when none gains. Where the node has missing values both sides are tried for them; where it has
 * none, they follow the larger child. Ties go to the first feature and lowest bin, so that training repeats.
 *
 * @param valueBins for each feature the number of its value bins
 */
export function bestSplit(
  histogram: Float64Array,
  sums: NodeSums,
  features: ArrayLike<number>,
  valueBins: ArrayLike<number>,
  limits: SplitLimits,
): Split | null {
  const { l2, minSamplesLeaf } = limits
  const parentScore = (sums.gradient * sums.gradient) / (sums.hessian + l2)
  let bestGain = 1e-10
  let bestFeature = -1
  let bestBin = 0
  let bestMissingLeft = false
  let bestGradient = 0
  let bestHessian = 0
  let bestRows = 0
  for (let index = 0; index < features.length; index += 1) {
    const feature = features[index]!
    const base = feature * featureFields
    const missingAt = base + missingBin * binFields
    const missingGradient = histogram[missingAt]!
    const missingHessian = histogram[missingAt + 1]!
    const missingRows = histogram[missingAt + 2]!
    // With missing values present, the last bin too is a threshold: all values left, missing right.
    const thresholds = missingRows > 0 ? valueBins[feature]! : valueBins[feature]! - 1
    let gradient = 0
    let hessian = 0
    let rows = 0
    for (let bin = 0, at = base; bin < thresholds; bin += 1, at += binFields) {
      const binRows = histogram[at + 2]!
      if (binRows === 0) continue
      gradient += histogram[at]!
      hessian += histogram[at + 1]!
      rows += binRows
      for (let side = missingRows > 0 ? 1 : 0; side >= 0; side -= 1) {
        const leftGradient = side === 1 ? gradient + missingGradient : gradient
        const leftHessian = side === 1 ? hessian + missingHessian : hessian
        const leftRows = side === 1 ? rows + missingRows : rows
        const rightGradient = sums.gradient - leftGradient
        const rightHessian = sums.hessian - leftHessian
        if (leftRows < minSamplesLeaf || sums.rows - leftRows < minSamplesLeaf) continue
        if (leftHessian < minHessian || rightHessian < minHessian) continue
        const gain =
          (leftGradient * leftGradient) / (leftHessian + l2) +
          (rightGradient * rightGradient) / (rightHessian + l2) -
          parentScore
        if (gain <= bestGain) continue
        bestGain = gain
        bestFeature = feature
        bestBin = bin
        bestMissingLeft = missingRows > 0 ? side === 1 : leftRows > sums.rows - leftRows
        bestGradient = leftGradient
        bestHessian = leftHessian
        bestRows = leftRows
      }
    }
  }
  if (bestFeature < 0) return null
  return {
    feature: bestFeature,
    bin: bestBin,
    missingLeft: bestMissingLeft,
    gain: bestGain,
    left: { gradient: bestGradient, hessian: bestHessian, rows: bestRows },
    right: {
      gradient: sums.gradient - bestGradient,
      hessian: sums.hessian - bestHessian,
      rows: sums.rows - bestRows,
    },
  }
}
