import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import { Evaluator } from './evaluator.ts'
import { rowMajor, type TrainingFrame } from './frame.ts'
import type { TreeEnsemble } from './model.ts'
import { readModel, writeModel } from './model-bytes.ts'
import { trainModel } from './train-model.ts'

function numericFrame(columns: Float32Array[], target: Float64Array, task: TrainingFrame['task'] = 'regression') {
  const classCount = task === 'binary' ? 2 : Math.max(...target) + 1
  const frame: TrainingFrame = {
    names: columns.map((_, index) => `x${index}`),
    kinds: columns.map(() => 'numeric' as const),
    categories: columns.map(() => null),
    columns,
    rows: target.length,
    task,
    target,
    classes: task === 'regression' ? null : Array.from({ length: classCount }, (_, index) => `class ${index}`),
  }
  return frame
}

/** y is a step of x0 plus a slope of x1; x2 is noise; missingShare of x0 is missing and means a high y. */
function stepFrame(rows: number, seed: number, missingShare = 0): TrainingFrame {
  const random = seededRandom(seed)
  const columns = [0, 1, 2].map(() => Float32Array.from({ length: rows }, random))
  const target = new Float64Array(rows)
  for (let row = 0; row < rows; row += 1) {
    target[row] = (columns[0]![row]! > 0.5 ? 3 : 0) + columns[1]![row]! + 0.1 * random()
    if (random() < missingShare) {
      columns[0]![row] = Number.NaN
      target[row] = 10
    }
  }
  return numericFrame(columns, target)
}

function rmse(model: ReturnType<typeof trainModel>, frame: TrainingFrame): number {
  const predicted = new Evaluator(model).predictRows(rowMajor(frame))
  return Math.sqrt(predicted.reduce((sum, value, row) => sum + (value - frame.target[row]!) ** 2, 0) / frame.rows)
}

function leafCovers(ensemble: TreeEnsemble): number[] {
  return [...ensemble.cover].filter((_, node) => ensemble.feature[node] === -1)
}

describe('boosted trees', () => {
  it('learn a step, a slope, and that a missing value means something', () => {
    const model = trainModel({ kind: 'boosted-trees' }, stepFrame(4000, 1, 0.1), null, { seed: 1 })
    expect(rmse(model, stepFrame(2000, 2, 0.1))).toBeLessThan(0.12)
  })

  it('give the same bytes for the same input and seed, and others for another seed when rows are drawn', () => {
    const frame = stepFrame(1500, 3, 0.05)
    const spec = { kind: 'boosted-trees', trees: 15, rowShare: 0.7, featureShare: 0.7 } as const
    const bytes = (seed: number) => writeModel(trainModel(spec, frame, null, { seed }))
    expect(bytes(7)).toEqual(bytes(7))
    expect(bytes(7)).not.toEqual(bytes(8))
  })

  it('never make a leaf of fewer rows than asked for, nor more leaves', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 2, max: 20 }),
        fc.nat(1000),
        (least, leaves, seed) => {
          const spec = { kind: 'boosted-trees', trees: 3, minSamplesLeaf: least, maxLeaves: leaves } as const
          const ensemble = trainModel(spec, stepFrame(400, seed, 0.1), null, { seed }).predictor as TreeEnsemble
          for (const rows of leafCovers(ensemble)) expect(rows).toBeGreaterThanOrEqual(least)
          expect(leafCovers(ensemble).length).toBeLessThanOrEqual(3 * leaves)
        },
      ),
      { numRuns: 30 },
    )
  })

  it('give each leaf the mean of its rows when one tree takes a full step', () => {
    // y is 1 below 0, 5 above, and 9 where x is missing: a tree of three leaves is exact.
    const x = Float32Array.from({ length: 300 }, (_, row) =>
      row % 3 === 2 ? Number.NaN : row % 3 === 0 ? -row - 1 : row,
    )
    const frame = numericFrame(
      [x],
      Float64Array.from(x, (value) => (Number.isNaN(value) ? 9 : value < 0 ? 1 : 5)),
    )
    const spec = { kind: 'boosted-trees', trees: 1, learningRate: 1, maxLeaves: 3 } as const
    const evaluator = new Evaluator(trainModel(spec, frame, null, { seed: 1 }))
    for (const [value, expected] of [
      [-4, 1],
      [7, 5],
      [Number.NaN, 9],
    ] as const) {
      expect(evaluator.predict([value])[0]).toBeCloseTo(expected, 5)
    }
  })

  it('stop early, keep the best iteration and say how the validation loss went', () => {
    const random = seededRandom(5)
    const noise = (rows: number) =>
      numericFrame(
        [Float32Array.from({ length: rows }, random)],
        Float64Array.from({ length: rows }, () => (random() < 0.5 ? 1 : 0)),
        'binary',
      )
    const seen: (number | null)[] = []
    const model = trainModel(
      { kind: 'boosted-trees', trees: 200, stopEarly: 5, learningRate: 0.5 },
      noise(300),
      noise(300),
      { seed: 1, onProgress: ({ validationLoss }) => seen.push(validationLoss) },
    )
    const best = seen.indexOf(Math.min(...(seen as number[]))) + 1
    expect(seen.length).toBe(best + 5)
    expect((model.predictor as TreeEnsemble).roots.length).toBe(best)
    expect([...model.validationLosses]).toEqual(seen)
  })

  it('weigh rows: a weight of two is the row twice', () => {
    // Few enough rows that every value has its own bin.
    const once = stepFrame(200, 9)
    const twice = numericFrame(
      once.columns.map((column) => Float32Array.from([...column, ...column])),
      Float64Array.from([...once.target, ...once.target]),
    )
    const spec = { kind: 'boosted-trees', trees: 10, minSamplesLeaf: 1, maxLeaves: 8 } as const
    const weighted = trainModel(spec, { ...once, weights: new Float64Array(200).fill(2) }, null, { seed: 1 })
    const doubled = trainModel(spec, twice, null, { seed: 1 })
    const rows = rowMajor(once)
    const [a, b] = [new Evaluator(weighted).predictRows(rows), new Evaluator(doubled).predictRows(rows)]
    for (let row = 0; row < 200; row += 1) expect(a[row]).toBeCloseTo(b[row]!, 4)
  })

  it('separate three classes with probabilities that sum to one', () => {
    const random = seededRandom(11)
    const x = Float32Array.from({ length: 900 }, () => random() * 3)
    const frame = numericFrame([x], Float64Array.from(x, Math.floor), 'multiclass')
    const evaluator = new Evaluator(trainModel({ kind: 'boosted-trees', trees: 30 }, frame, null, { seed: 1 }))
    for (const [value, expected] of [
      [0.5, 0],
      [1.5, 1],
      [2.5, 2],
    ] as const) {
      const probabilities = evaluator.predict([value])
      expect(probabilities.indexOf(Math.max(...probabilities))).toBe(expected)
      expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12)
    }
  })

  it('stop when the signal says so', () => {
    const controller = new AbortController()
    const run = () =>
      trainModel({ kind: 'boosted-trees' }, stepFrame(300, 1), null, {
        seed: 1,
        signal: controller.signal,
        onProgress: ({ iteration }) => iteration === 3 && controller.abort(),
      })
    expect(run).toThrow(expect.objectContaining({ code: 'training-aborted' }))
  })

  it('score a row the same alone, in a batch, and after a trip through the file', () => {
    const frame = stepFrame(700, 13, 0.2)
    const model = trainModel({ kind: 'boosted-trees', trees: 20 }, frame, null, { seed: 1 })
    const bytes = writeModel(model)
    // A file read from the middle of a larger buffer must not depend on alignment.
    const shifted = new Uint8Array(bytes.length + 3)
    shifted.set(bytes, 3)
    const again = readModel(shifted.subarray(3))
    expect(writeModel(again)).toEqual(bytes)
    const rows = rowMajor(frame)
    const batch = new Evaluator(again).predictRows(rows)
    const single = new Evaluator(model)
    for (let row = 0; row < frame.rows; row += 1) {
      expect(single.predict(rows.subarray(row * 3, row * 3 + 3))[0]).toBe(batch[row])
    }
  })

  it('refuse what cannot be trained, naming the field', () => {
    const frame = stepFrame(100, 1)
    const train =
      (spec: object, of: Partial<TrainingFrame> = {}) =>
      () =>
        trainModel({ kind: 'boosted-trees', ...spec }, { ...frame, ...of }, null, { seed: 1 })
    expect(train({ learningRate: 0 })).toThrow(
      expect.objectContaining({ code: 'model-spec-invalid', field: 'learningRate' }),
    )
    expect(train({ trees: 2.5 })).toThrow(expect.objectContaining({ code: 'model-spec-invalid', field: 'trees' }))
    const invalid = (field: string) => expect.objectContaining({ code: 'training-frame-invalid', field })
    expect(train({}, { rows: 99 })).toThrow(invalid('columns.0'))
    expect(train({}, { target: new Float64Array(100).fill(Number.NaN) })).toThrow(invalid('target'))
    expect(train({}, { task: 'binary', classes: ['a', 'b'], target: new Float64Array(100) })).toThrow(invalid('target'))
    expect(train({}, { weights: new Float64Array(100) })).toThrow(invalid('weights'))
    const other = { ...frame, names: ['x0', 'x1', 'y'] }
    expect(() => trainModel({ kind: 'boosted-trees' }, frame, other, { seed: 1 })).toThrow(invalid('validation'))
  })

  it('refuse damaged model files', () => {
    const bytes = writeModel(trainModel({ kind: 'boosted-trees', trees: 2 }, stepFrame(100, 1), null, { seed: 1 }))
    const unreadable = expect.objectContaining({ code: 'model-unreadable' })
    expect(() => readModel(bytes.subarray(0, bytes.length - 8))).toThrow(unreadable)
    expect(() => readModel(new Uint8Array(40))).toThrow(unreadable)
    const later = bytes.slice()
    later[7] = 9
    expect(() => readModel(later)).toThrow(unreadable)
  })
})
