import { MillwrightError } from '../../base/errors.ts'
import { seededRandom } from '../../base/random.ts'
import { type BinnedFrame, binFrame, binStride, fitBins, missingBin } from './binning.ts'
import type { TrainingFrame } from './frame.ts'
import { type BinnedNode, growerMemory, TreeGrower } from './histogram-tree.ts'
import type { TreeEnsemble } from './model.ts'
import type { BoostedTreesSpec } from './model-spec.ts'
import { type Objective, objectiveOf } from './objective.ts'
import { alignedSize, TrainingMemory } from './training-memory.ts'
import { layOutTrees } from './tree-layout.ts'

export interface TrainingProgress {
  readonly iteration: number
  /** Iterations at most; early stopping may end sooner. */
  readonly iterations: number
  /** null without a validation frame. */
  readonly validationLoss: number | null
}

export interface TrainingOptions {
  readonly seed: number
  /** Called after each iteration, in the thread that trains. */
  readonly onProgress?: (progress: TrainingProgress) => void
  /** Looked at before each iteration; training then ends with `training-aborted`. */
  readonly signal?: Pick<AbortSignal, 'aborted'>
}

export interface BoostingResult {
  readonly ensemble: TreeEnsemble
  readonly validationLosses: Float64Array
}

/**
 * Gradient boosting over histograms (Friedman 2001; Ke et al. 2017): second-order steps, leaf-wise trees, missing
 * values on a learned side. The same frame, specification and seed give the same bytes.
 *
 * @throws MillwrightError `training-aborted` when the signal asks for it, `training-too-large` beyond 4 GiB.
 */
export function boostTrees(
  spec: BoostedTreesSpec,
  frame: TrainingFrame,
  validation: TrainingFrame | null,
  options: TrainingOptions,
): BoostingResult {
  const random = seededRandom(options.seed)
  const bins = fitBins(frame, options.seed)
  const objective = objectiveOf(frame)
  const memory = memoryFor(spec, frame, objective.outputs)
  const binned = binFrame(frame, bins, memory.uint8(frame.rows * binStride(frame.columns.length)))
  const valueBins = bins.edges.map((edges) => edges.length + 1)
  const baseScores = objective.baseScores(frame).map(Math.fround)
  const scores = startScores(baseScores, frame.rows)
  const watch =
    validation === null ? null : new ValidationWatch(validation, binFrame(validation, bins), objective, baseScores)
  const gradients = Array.from({ length: objective.outputs }, () => memory.float32(2 * frame.rows))
  const grower = new TreeGrower(memory, binned, valueBins, spec)
  const splittable = valueBins.flatMap((_, feature) => (hasSplit(frame, feature, valueBins) ? [feature] : []))

  const trees: BinnedNode[] = []
  const validationLosses: number[] = []
  for (let iteration = 1; iteration <= spec.trees; iteration += 1) {
    if (options.signal?.aborted) throw new MillwrightError('training-aborted', 'the training was stopped')
    objective.gradients(scores, frame, gradients)
    const rows = spec.rowShare < 1 ? drawRows(frame.rows, spec.rowShare, random) : null
    for (let output = 0; output < objective.outputs; output += 1) {
      const features = spec.featureShare < 1 ? drawFeatures(splittable, spec.featureShare, random) : splittable
      const outputScores = scores[output]!
      const tree = grower.grow(rows, features, gradients[output]!, (value, leafRows) => {
        if (rows !== null) return
        for (let index = 0; index < leafRows.length; index += 1) outputScores[leafRows[index]!]! += value
      })
      // Rows that were not drawn are in no leaf's list and have to walk the tree.
      if (rows !== null) addTree(tree, binned, outputScores)
      watch?.add(tree, output)
      trees.push(tree)
    }
    const validationLoss = watch?.loss() ?? null
    if (validationLoss !== null) validationLosses.push(validationLoss)
    options.onProgress?.({ iteration, iterations: spec.trees, validationLoss })
    if (spec.stopEarly > 0 && iteration - bestIteration(validationLosses, iteration) >= spec.stopEarly) break
  }
  const iterations = trees.length / objective.outputs
  const kept = spec.stopEarly > 0 ? bestIteration(validationLosses, iterations) : iterations
  return {
    ensemble: layOutTrees(trees.slice(0, kept * objective.outputs), bins, baseScores),
    validationLosses: Float64Array.from(validationLosses),
  }
}

function memoryFor(spec: BoostedTreesSpec, frame: TrainingFrame, outputs: number): TrainingMemory {
  const stride = binStride(frame.columns.length)
  const gradients = outputs * alignedSize(8 * frame.rows)
  return new TrainingMemory(
    alignedSize(frame.rows * stride) + gradients + growerMemory(frame.rows, stride, spec.maxLeaves),
  )
}

/** The scores of the validation rows, kept up to date tree by tree. */
class ValidationWatch {
  private readonly scores: Float64Array[]

  constructor(
    private readonly frame: TrainingFrame,
    private readonly binned: BinnedFrame,
    private readonly objective: Objective,
    baseScores: Float64Array,
  ) {
    this.scores = startScores(baseScores, frame.rows)
  }

  add(tree: BinnedNode, output: number): void {
    addTree(tree, this.binned, this.scores[output]!)
  }

  loss(): number {
    return this.objective.loss(this.scores, this.frame)
  }
}

function startScores(baseScores: Float64Array, rows: number): Float64Array[] {
  return Array.from(baseScores, (base) => new Float64Array(rows).fill(base))
}

function addTree(root: BinnedNode, binned: BinnedFrame, scores: Float64Array): void {
  const { bytes, stride, rows } = binned
  for (let row = 0; row < rows; row += 1) {
    let node = root
    while (node.split !== null) {
      const bin = bytes[row * stride + node.split.feature]!
      const isLeft = bin === missingBin ? node.split.missingLeft : bin <= node.split.bin
      node = isLeft ? node.left! : node.right!
    }
    scores[row]! += node.value
  }
}

/** The iteration (from 1) with the lowest loss, the first of equals; without losses the last. */
function bestIteration(losses: readonly number[], last: number): number {
  if (losses.length === 0) return last
  let best = 0
  for (let index = 1; index < losses.length; index += 1) if (losses[index]! < losses[best]!) best = index
  return best + 1
}

/** A feature with one value still splits where it is sometimes missing. */
function hasSplit(frame: TrainingFrame, feature: number, valueBins: readonly number[]): boolean {
  return valueBins[feature]! > 1 || frame.columns[feature]!.some(Number.isNaN)
}

function drawRows(rows: number, share: number, random: () => number): Uint32Array {
  const drawn = new Uint32Array(rows)
  let count = 0
  for (let row = 0; row < rows; row += 1) if (random() < share) drawn[count++] = row
  return drawn.subarray(0, count)
}

function drawFeatures(features: readonly number[], share: number, random: () => number): number[] {
  const count = Math.max(1, Math.round(features.length * share))
  const pool = [...features]
  for (let index = 0; index < count; index += 1) {
    const other = index + Math.floor(random() * (pool.length - index))
    ;[pool[index], pool[other]] = [pool[other]!, pool[index]!]
  }
  return pool.slice(0, count).sort((a, b) => a - b)
}
