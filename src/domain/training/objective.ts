import type { TrainingFrame } from './frame.ts'
import { scoreWidth } from './frame.ts'

/**
 * What boosting minimises. Scores are raw (log odds; the value itself for a regression), one array per output;
 * gradients are interleaved [gradient, hessian] per row, one array per output, multiplied by the row's weight.
 */
export interface Objective {
  readonly outputs: number
  /** The best constant scores: where boosting begins. */
  baseScores(frame: TrainingFrame): Float64Array
  gradients(scores: readonly Float64Array[], frame: TrainingFrame, into: readonly (Float32Array | Float64Array)[]): void
  /** Weighted mean loss: log loss, or half the squared error. */
  loss(scores: readonly Float64Array[], frame: TrainingFrame): number
}

export function objectiveOf(frame: TrainingFrame): Objective {
  if (frame.task === 'binary') return binaryLogistic
  if (frame.task === 'regression') return squaredError
  return softmaxObjective(scoreWidth(frame))
}

const binaryLogistic: Objective = {
  outputs: 1,
  baseScores(frame) {
    const share = weightedMean(frame.target, frame.weights)
    return Float64Array.of(Math.log(share / (1 - share)))
  },
  gradients([scores], { rows, target, weights }, [into]) {
    for (let row = 0; row < rows; row += 1) {
      const probability = 1 / (1 + Math.exp(-scores![row]!))
      const weight = weights === undefined ? 1 : weights[row]!
      into![2 * row] = (probability - target[row]!) * weight
      into![2 * row + 1] = probability * (1 - probability) * weight
    }
  },
  loss([scores], { rows, target, weights }) {
    return meanOver(rows, weights, (row) => {
      const score = scores![row]!
      // log(1 + e^s) − y·s, kept from overflowing.
      return Math.max(score, 0) + Math.log1p(Math.exp(-Math.abs(score))) - target[row]! * score
    })
  },
}

const squaredError: Objective = {
  outputs: 1,
  baseScores: (frame) => Float64Array.of(weightedMean(frame.target, frame.weights)),
  gradients([scores], { rows, target, weights }, [into]) {
    for (let row = 0; row < rows; row += 1) {
      const weight = weights === undefined ? 1 : weights[row]!
      into![2 * row] = (scores![row]! - target[row]!) * weight
      into![2 * row + 1] = weight
    }
  },
  loss: ([scores], { rows, target, weights }) =>
    meanOver(rows, weights, (row) => 0.5 * (scores![row]! - target[row]!) ** 2),
}

function softmaxObjective(outputs: number): Objective {
  return {
    outputs,
    baseScores({ rows, target, weights }) {
      // A class that no training row has still needs a finite score.
      const mass = new Float64Array(outputs).fill(1e-6)
      let total = outputs * 1e-6
      for (let row = 0; row < rows; row += 1) {
        const weight = weights === undefined ? 1 : weights[row]!
        mass[target[row]!]! += weight
        total += weight
      }
      return mass.map((value) => Math.log(value / total))
    },
    gradients(scores, { rows, target, weights }, into) {
      const exponentials = new Float64Array(outputs)
      for (let row = 0; row < rows; row += 1) {
        const sum = exponentiate(scores, row, exponentials)
        const weight = weights === undefined ? 1 : weights[row]!
        for (let output = 0; output < outputs; output += 1) {
          const probability = exponentials[output]! / sum
          into[output]![2 * row] = (probability - (target[row] === output ? 1 : 0)) * weight
          into[output]![2 * row + 1] = probability * (1 - probability) * weight
        }
      }
    },
    loss(scores, { rows, target, weights }) {
      const exponentials = new Float64Array(outputs)
      return meanOver(rows, weights, (row) => {
        const sum = exponentiate(scores, row, exponentials)
        return Math.log(sum) - Math.log(exponentials[target[row]!]!)
      })
    },
  }
}

/** e^(score − greatest score) of a row's outputs into `into`; returns their sum. */
function exponentiate(scores: readonly Float64Array[], row: number, into: Float64Array): number {
  let greatest = Number.NEGATIVE_INFINITY
  for (let output = 0; output < into.length; output += 1) greatest = Math.max(greatest, scores[output]![row]!)
  let sum = 0
  for (let output = 0; output < into.length; output += 1) {
    // 1e-300 keeps the logarithm of a hopeless class finite.
    into[output] = Math.max(Math.exp(scores[output]![row]! - greatest), 1e-300)
    sum += into[output]!
  }
  return sum
}

function weightedMean(values: Float64Array, weights: Float64Array | undefined): number {
  return meanOver(values.length, weights, (row) => values[row]!)
}

function meanOver(rows: number, weights: Float64Array | undefined, value: (row: number) => number): number {
  let sum = 0
  let mass = 0
  for (let row = 0; row < rows; row += 1) {
    const weight = weights === undefined ? 1 : weights[row]!
    sum += weight * value(row)
    mass += weight
  }
  return sum / mass
}
