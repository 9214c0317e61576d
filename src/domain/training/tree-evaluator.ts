import type { ScoreEvaluator } from './evaluator.ts'
import type { TreeEnsemble } from './model.ts'

/** Rows that walk one tree after the other, so that the tree stays in the cache. */
const blockRows = 256

/**
 * Walks the flat trees. A row is copied twice, side by side: first with −∞ for what is missing, then as it is. A node
 * whose missing values go left reads the first copy (−∞ ≤ t), any other the second (NaN ≤ t is false), so that
 * missing values cost no branch.
 */
export function treeEvaluator(ensemble: TreeEnsemble, features: number, outputs: number): ScoreEvaluator {
  const { roots, threshold, right, baseScores } = ensemble
  const slots = ensemble.feature.map((feature, node) =>
    feature < 0 || ensemble.missingLeft[node] === 1 ? feature : feature + features,
  )
  const oneRow = new Float32Array(2 * features)
  const block = new Float32Array(2 * features * blockRows)

  const copyRow = (row: ArrayLike<number>, from: number, copy: Float32Array, to: number): void => {
    for (let feature = 0; feature < features; feature += 1) {
      const value = row[from + feature]!
      copy[to + features + feature] = value
      copy[to + feature] = Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value
    }
  }

  return {
    scoreRow(row, into) {
      copyRow(row, 0, oneRow, 0)
      for (let output = 0; output < outputs; output += 1) into[output] = baseScores[output]!
      for (let tree = 0, output = 0; tree < roots.length; tree += 1) {
        let node = roots[tree]!
        for (let slot = slots[node]!; slot >= 0; slot = slots[node]!) {
          node = oneRow[slot]! <= threshold[node]! ? node + 1 : right[node]!
        }
        into[output]! += threshold[node]!
        output = output + 1 === outputs ? 0 : output + 1
      }
    },
    scoreRows(rows, count, into) {
      for (let start = 0; start < count; start += blockRows) {
        const size = Math.min(blockRows, count - start)
        for (let index = 0; index < size; index += 1) {
          copyRow(rows, (start + index) * features, block, index * 2 * features)
          for (let output = 0; output < outputs; output += 1) {
            into[(start + index) * outputs + output] = baseScores[output]!
          }
        }
        for (let tree = 0; tree < roots.length; tree += 1) {
          const output = tree % outputs
          for (let index = 0; index < size; index += 1) {
            const base = index * 2 * features
            let node = roots[tree]!
            for (let slot = slots[node]!; slot >= 0; slot = slots[node]!) {
              node = block[base + slot]! <= threshold[node]! ? node + 1 : right[node]!
            }
            into[(start + index) * outputs + output]! += threshold[node]!
          }
        }
      }
    },
  }
}
