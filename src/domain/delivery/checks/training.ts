import { sha256 } from '../../../base/hash.ts'
import type { Finding } from '../../../contract/ci.ts'
import type { ModelDefinition } from '../../../contract/definition.ts'
import type { Examples } from '../../features/example-columns.ts'
import { Evaluator } from '../../training/evaluator.ts'
import { trainingFrames } from '../../training/examples-frame.ts'
import { frameRow, rowMajor, type TrainingFrame } from '../../training/frame.ts'
import type { TrainedModel } from '../../training/model.ts'
import { writeModel } from '../../training/model-bytes.ts'
import { trainModel } from '../../training/train-model.ts'
import { TrainingThread } from '../../training/train-worker.ts'
import { type CheckVerdict, fault, skipped, verdictOf } from './verdict.ts'

const fewRows = 64
const leastRight = 0.95
/** Of the loss of somebody who knows nothing, on rows that were learnt by heart. */
const mostOfConstant = 0.5
/** A model must leave that share of the constant's loss behind it on rows that it has not seen. */
const leastGain = 0.001

/** A model of the run over the sample, with the examples that it learnt from. */
export interface TrainedSample {
  model: ModelDefinition
  /** SHA-256 of the file that the run made. */
  modelHash: string
  train: Examples
  validation: Examples
}

/**
 * Trains again, and asks whether that gives the same bytes, whether the loss falls, whether it beats a constant, and whether a few rows can be
 * learnt by heart, which whoever cannot has lost the way from the inputs to the outcome.
 */
export async function checkTraining(samples: readonly TrainedSample[], signal?: AbortSignal): Promise<CheckVerdict> {
  if (samples.length === 0) return skipped('training', 'no model was trained')
  const findings: Finding[] = []
  const figures: Record<string, number> = {}
  for (const { model, modelHash, train, validation: held } of samples) {
    const place = `models.${model.name}.training`
    const { name, training, seed } = model
    const { frame, validation } = trainingFrames(model, train, held)
    const begun = performance.now()
    const trained = await new TrainingThread().train(training, frame, validation, {
      seed,
      ...(signal ? { signal } : {}),
    })
    figures[`${name} training s`] = (performance.now() - begun) / 1000
    const again = sha256(writeModel(trained))
    if (again !== modelHash)
      findings.push(
        fault(
          place,
          `two trainings of "${name}" on the same rows with the same seed gave two models, ${modelHash.slice(0, 12)} and ${again.slice(0, 12)}`,
          'Find what the training reads besides its rows: a clock, a random number without a seed, an order.',
        ),
      )
    const constant = lossOf(validation, constantOf(frame))
    const learnt = lossOf(validation, scoresOf(trained, validation))
    figures[`${name} loss`] = learnt
    figures[`${name} loss of a constant`] = constant
    const losses = trained.validationLosses
    if (losses.length > 1 && !(Math.min(...losses) < losses[0]!))
      findings.push(
        fault(
          place,
          `the loss of "${name}" does not fall after the first tree`,
          'Lower `learningRate`, or look at the inputs.',
        ),
      )
    if (!(learnt < constant * (1 - leastGain)))
      findings.push(
        fault(
          place,
          `"${name}" has a loss of ${learnt.toFixed(4)} on unseen rows, a constant answer ${constant.toFixed(4)}: it has learnt nothing`,
          'Look whether the inputs say anything of the outcome, whether the labels are right, and at `learningRate` and `trees`.',
        ),
      )
    const byHeart = learnByHeart(model, frame)
    figures[`${name} loss by heart`] = byHeart.share
    if (byHeart.fault) findings.push(fault(place, byHeart.fault, byHeart.mend))
  }
  const names = samples.map(({ model }) => `"${model.name}"`).join(', ')
  return verdictOf(
    'training',
    `${names} converge, learn ${fewRows} rows by heart, and train to the same bytes`,
    findings,
    figures,
  )
}

/** The answer of somebody who knows only how often each outcome is. */
function constantOf({ task, target, classes }: TrainingFrame): number[] {
  if (task !== 'multiclass') return [target.reduce((sum, value) => sum + value, 0) / target.length]
  const counts = new Float64Array(classes!.length)
  for (const value of target) counts[value]! += 1
  return [...counts].map((count) => count / target.length)
}

const scoresOf = (trained: TrainedModel, frame: TrainingFrame): Float64Array =>
  new Evaluator(trained).predictRows(rowMajor(frame))

/** Mean log loss, or mean squared error. @param scores of each row, or the one answer for all of `constantOf`. */
function lossOf({ task, target, rows, classes }: TrainingFrame, scores: ArrayLike<number>): number {
  const width = task === 'multiclass' ? classes!.length : 1
  const stride = scores.length === width ? 0 : width
  const tiny = 1e-15
  let sum = 0
  let counted = 0
  for (let row = 0; row < rows; row += 1) {
    const actual = target[row]!
    if (Number.isNaN(actual)) continue
    const at = row * stride
    if (task === 'regression') sum += (scores[at]! - actual) ** 2
    else if (task === 'binary') sum -= Math.log(Math.max(tiny, actual === 1 ? scores[at]! : 1 - scores[at]!))
    else sum -= Math.log(Math.max(tiny, scores[at + actual]!))
    counted += 1
  }
  return sum / counted
}

/** Trains the model's own kind on a few rows with nothing that holds it back. */
function learnByHeart(
  model: ModelDefinition,
  frame: TrainingFrame,
): { share: number; fault: string | null; mend: string } {
  const { training, seed, name } = model
  if (training.kind === 'linear') return { share: 0, fault: null, mend: '' }
  const rows = differentRows(frame)
  if (rows.length < 8)
    return {
      share: 1,
      fault: `the inputs of "${name}" tell only ${rows.length} rows of ${frame.rows} apart: it cannot learn what sets one outcome from another`,
      mend: 'Give it inputs that differ from row to row.',
    }
  const few = taken(frame, rows)
  if (few.task !== 'regression' && new Set(few.target).size < 2) return { share: 0, fault: null, mend: '' }
  const spec = { ...training, minSamplesLeaf: 1, l2: 0, stopEarly: 0, rowShare: 1, featureShare: 1 }
  const trained = trainModel(spec, few, null, { seed })
  const scores = scoresOf(trained, few)
  const share = lossOf(few, scores) / lossOf(few, constantOf(few))
  const right = few.task === 'regression' ? 1 : shareRight(few, scores)
  if (share <= mostOfConstant && right >= leastRight) return { share, fault: null, mend: '' }
  return {
    share,
    fault: `"${name}" cannot learn ${rows.length} rows by heart: ${Math.round(right * 100)} % right, ${Math.round(share * 100)} % of the loss of a constant is left, after ${training.trees} trees with a learning rate of ${training.learningRate}`,
    mend: 'Raise `learningRate`, `trees` or `maxLeaves`: as they are, the model cannot follow any data.',
  }
}

function shareRight({ target, task, rows }: TrainingFrame, scores: Float64Array): number {
  const width = scores.length / rows
  let right = 0
  for (let row = 0; row < rows; row += 1) {
    const own = scores.subarray(row * width, (row + 1) * width)
    const said = task === 'binary' ? Number(own[0]! >= 0.5) : own.indexOf(Math.max(...own))
    if (said === target[row]) right += 1
  }
  return right / rows
}

/** Rows no two of which have the same inputs, every outcome in its turn. */
function differentRows(frame: TrainingFrame): number[] {
  const seen = new Set<string>()
  const byOutcome = new Map<number, number[]>()
  for (let row = 0; row < frame.rows && row < 20_000; row += 1) {
    const inputs = frameRow(frame, row).join(' ')
    if (seen.has(inputs)) continue
    seen.add(inputs)
    const outcome = frame.task === 'regression' ? 0 : frame.target[row]!
    const rows = byOutcome.get(outcome)
    if (!rows) byOutcome.set(outcome, [row])
    else if (rows.length < fewRows) rows.push(row)
  }
  const picked: number[] = []
  for (let place = 0; place < fewRows && picked.length < fewRows; place += 1)
    for (const rows of byOutcome.values())
      if (rows[place] !== undefined && picked.length < fewRows) picked.push(rows[place]!)
  return picked
}

function taken(frame: TrainingFrame, rows: readonly number[]): TrainingFrame {
  return {
    ...frame,
    rows: rows.length,
    columns: frame.columns.map((column) => Float32Array.from(rows, (row) => column[row]!)),
    target: Float64Array.from(rows, (row) => frame.target[row]!),
  }
}
