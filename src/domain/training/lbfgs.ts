/** Value of the function at `point`; its gradient goes into `gradient`. */
export type SmoothFunction = (point: Float64Array, gradient: Float64Array) => number

export interface MinimiseOptions {
  readonly maxIterations: number
  /** Ends when no entry of the gradient is greater than this share of the greatest one at the start. */
  readonly tolerance: number
  /** After each iteration; false ends the search where it stands. */
  readonly onIteration?: (iteration: number, value: number) => boolean
}

const remembered = 10

/**
 * Minimises a smooth convex function by L-BFGS with the two-loop recursion (Nocedal & Wright, Numerical
 * Optimization, 2nd ed., algorithms 7.4 and 7.5) and a backtracking line search under the Armijo condition; a pair
 * that fails the curvature condition is not remembered.
 *
 * @param point the start; becomes the minimum
 */
export function minimise(evaluate: SmoothFunction, point: Float64Array, options: MinimiseOptions): void {
  const size = point.length
  const steps: Float64Array[] = []
  const changes: Float64Array[] = []
  let gradient = new Float64Array(size)
  let value = evaluate(point, gradient)
  const enough = options.tolerance * greatestEntry(gradient)
  const trial = new Float64Array(size)
  for (let iteration = 1; iteration <= options.maxIterations; iteration += 1) {
    if (greatestEntry(gradient) <= enough) return
    const direction = descentDirection(gradient, steps, changes)
    const slope = dot(direction, gradient)
    let length = steps.length === 0 ? Math.min(1, 1 / Math.sqrt(dot(gradient, gradient))) : 1
    const trialGradient = new Float64Array(size)
    let trialValue = value
    let isDownhill = false
    for (let attempt = 0; attempt < 40 && !isDownhill; attempt += 1, length /= isDownhill ? 1 : 2) {
      for (let at = 0; at < size; at += 1) trial[at] = point[at]! + length * direction[at]!
      trialValue = evaluate(trial, trialGradient)
      isDownhill = trialValue <= value + 1e-4 * length * slope
    }
    // Nothing lower along the direction: the function is flat to the last digit.
    if (!isDownhill) return
    const step = trial.map((entry, at) => entry - point[at]!)
    const change = trialGradient.map((entry, at) => entry - gradient[at]!)
    if (dot(step, change) > 1e-12 * dot(change, change)) {
      steps.push(step)
      changes.push(change)
      if (steps.length > remembered) {
        steps.shift()
        changes.shift()
      }
    }
    point.set(trial)
    gradient = trialGradient
    value = trialValue
    if (options.onIteration?.(iteration, value) === false) return
  }
}

/** −H·gradient, with H built from the remembered pairs. */
function descentDirection(gradient: Float64Array, steps: Float64Array[], changes: Float64Array[]): Float64Array {
  const direction = gradient.map((entry) => -entry)
  const factors: number[] = []
  for (let pair = steps.length - 1; pair >= 0; pair -= 1) {
    factors[pair] = dot(steps[pair]!, direction) / dot(steps[pair]!, changes[pair]!)
    addScaled(direction, changes[pair]!, -factors[pair]!)
  }
  const last = steps.length - 1
  if (last >= 0) {
    const scale = dot(steps[last]!, changes[last]!) / dot(changes[last]!, changes[last]!)
    for (let at = 0; at < direction.length; at += 1) direction[at]! *= scale
  }
  for (let pair = 0; pair < steps.length; pair += 1) {
    const back = dot(changes[pair]!, direction) / dot(steps[pair]!, changes[pair]!)
    addScaled(direction, steps[pair]!, factors[pair]! - back)
  }
  return direction
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let at = 0; at < a.length; at += 1) sum += a[at]! * b[at]!
  return sum
}

function addScaled(target: Float64Array, source: Float64Array, factor: number): void {
  for (let at = 0; at < target.length; at += 1) target[at]! += factor * source[at]!
}

function greatestEntry(values: Float64Array): number {
  let greatest = 0
  for (let at = 0; at < values.length; at += 1) greatest = Math.max(greatest, Math.abs(values[at]!))
  return greatest
}
