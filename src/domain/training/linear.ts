import { MillwrightError } from '../../base/errors.ts'
import type { TrainingOptions } from './boosted-trees.ts'
import { scoreWidth, type TrainingFrame } from './frame.ts'
import { minimise } from './lbfgs.ts'
import type { LinearCoefficients } from './model.ts'
import type { LinearSpec } from './model-spec.ts'
import { objectiveOf } from './objective.ts'

/** Where each feature's weights lie: one column for a number, one a category. */
interface Encoding {
  readonly means: Float64Array
  readonly scales: Float64Array
  readonly columnOffsets: Uint32Array
  readonly columns: number
}

const maxIterations = 300

/**
 * Ridge regression, logistic or multinomial regression: the summed loss plus l2/2 · ‖w‖² over standardised numbers
 * and one-hot categories (intercepts are not penalised), by L-BFGS.
 *
 * @throws MillwrightError `training-aborted` when the signal asks for it.
 */
export function fitLinear(spec: LinearSpec, frame: TrainingFrame, options: TrainingOptions): LinearCoefficients {
  const outputs = scoreWidth(frame)
  const encoding = encodingOf(frame)
  const objective = objectiveOf(frame)
  const scores = Array.from({ length: outputs }, () => new Float64Array(frame.rows))
  const gradients = Array.from({ length: outputs }, () => new Float64Array(2 * frame.rows))
  const interceptsAt = encoding.columns * outputs
  const point = new Float64Array(interceptsAt + outputs)
  point.set(objective.baseScores(frame), interceptsAt)
  const mass = frame.weights === undefined ? frame.rows : frame.weights.reduce((sum, weight) => sum + weight, 0)

  // Both are divided by the total weight, so that the tolerance means the same for any number of rows.
  const evaluate = (weights: Float64Array, gradient: Float64Array): number => {
    linearScores(frame, encoding, weights, outputs, scores)
    objective.gradients(scores, frame, gradients)
    gradient.fill(0)
    linearGradient(frame, encoding, gradients, outputs, gradient)
    let penalty = 0
    for (let at = 0; at < gradient.length; at += 1) {
      const isIntercept = at >= interceptsAt
      if (!isIntercept) penalty += weights[at]! ** 2
      gradient[at] = (gradient[at]! + (isIntercept ? 0 : spec.l2 * weights[at]!)) / mass
    }
    return objective.loss(scores, frame) + (0.5 * spec.l2 * penalty) / mass
  }
  minimise(evaluate, point, {
    maxIterations,
    tolerance: 1e-7,
    onIteration(iteration) {
      options.onProgress?.({ iteration, iterations: maxIterations, validationLoss: null })
      if (options.signal?.aborted) throw new MillwrightError('training-aborted', 'the training was stopped')
      return true
    },
  })
  const rounded = point.map(Math.fround)
  return {
    kind: 'linear',
    intercepts: rounded.slice(interceptsAt),
    means: encoding.means,
    scales: encoding.scales,
    offsets: encoding.columnOffsets.map((column) => column * outputs),
    weights: rounded.slice(0, interceptsAt),
  }
}

function encodingOf(frame: TrainingFrame): Encoding {
  const width = frame.columns.length
  const means = new Float64Array(width)
  const scales = new Float64Array(width).fill(1)
  const columnOffsets = new Uint32Array(width)
  let columns = 0
  for (let feature = 0; feature < width; feature += 1) {
    columnOffsets[feature] = columns
    columns += frame.kinds[feature] === 'numeric' ? 1 : frame.categories[feature]!.length
    if (frame.kinds[feature] !== 'numeric') continue
    const { mean, deviation } = momentsOf(frame.columns[feature]!)
    means[feature] = Math.fround(mean)
    scales[feature] = Math.fround(deviation) || 1
  }
  return { means, scales, columnOffsets, columns }
}

function momentsOf(column: Float32Array): { mean: number; deviation: number } {
  let count = 0
  let mean = 0
  let squares = 0
  for (const value of column) {
    if (!Number.isFinite(value)) continue
    count += 1
    const delta = value - mean
    mean += delta / count
    squares += delta * (value - mean)
  }
  return { mean, deviation: count === 0 ? 0 : Math.sqrt(squares / count) }
}

function linearScores(
  frame: TrainingFrame,
  { means, scales, columnOffsets, columns }: Encoding,
  weights: Float64Array,
  outputs: number,
  scores: readonly Float64Array[],
): void {
  for (let output = 0; output < outputs; output += 1) {
    const into = scores[output]!.fill(weights[columns * outputs + output]!)
    for (let feature = 0; feature < frame.columns.length; feature += 1) {
      const column = frame.columns[feature]!
      const offset = columnOffsets[feature]! * outputs + output
      if (frame.kinds[feature] === 'numeric') {
        const slope = weights[offset]! / scales[feature]!
        const mean = means[feature]!
        for (let row = 0; row < frame.rows; row += 1) {
          const value = column[row]!
          if (!Number.isNaN(value)) into[row]! += (value - mean) * slope
        }
      } else {
        for (let row = 0; row < frame.rows; row += 1) {
          const code = column[row]!
          if (!Number.isNaN(code)) into[row]! += weights[offset + code * outputs]!
        }
      }
    }
  }
}

function linearGradient(
  frame: TrainingFrame,
  { means, scales, columnOffsets, columns }: Encoding,
  gradients: readonly Float64Array[],
  outputs: number,
  into: Float64Array,
): void {
  for (let output = 0; output < outputs; output += 1) {
    const rowGradients = gradients[output]!
    for (let row = 0; row < frame.rows; row += 1) into[columns * outputs + output]! += rowGradients[2 * row]!
    for (let feature = 0; feature < frame.columns.length; feature += 1) {
      const column = frame.columns[feature]!
      const offset = columnOffsets[feature]! * outputs + output
      if (frame.kinds[feature] === 'numeric') {
        const mean = means[feature]!
        let sum = 0
        for (let row = 0; row < frame.rows; row += 1) {
          const value = column[row]!
          if (!Number.isNaN(value)) sum += (value - mean) * rowGradients[2 * row]!
        }
        into[offset]! += sum / scales[feature]!
      } else {
        for (let row = 0; row < frame.rows; row += 1) {
          const code = column[row]!
          if (!Number.isNaN(code)) into[offset + code * outputs]! += rowGradients[2 * row]!
        }
      }
    }
  }
}
