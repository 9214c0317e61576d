import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Evaluator } from './evaluator.ts'
import { frameRow, rowMajor, type TrainingFrame } from './frame.ts'
import { minimise } from './lbfgs.ts'
import { readModel, writeModel } from './model-bytes.ts'
import { trainModel } from './train-model.ts'

// Made by test/golden/linear.py with scikit-learn.
const golden = JSON.parse(readFileSync(new URL('../../../test/golden/linear.json', import.meta.url), 'utf8'))

const classNames = { binary: ['0', '1'], multiclass: ['0', '1', '2'], regression: null }

function goldenFrame(task: TrainingFrame['task']): TrainingFrame {
  return {
    names: ['a', 'b', 'c', 'd'],
    kinds: ['numeric', 'numeric', 'numeric', 'categorical'],
    categories: [null, null, null, ['p', 'q', 'r', 's']],
    columns: [
      ...golden.numbers.map((column: (number | null)[]) => Float32Array.from(column, (value) => value ?? Number.NaN)),
      Float32Array.from(golden.codes),
    ],
    rows: golden.codes.length,
    task,
    target: Float64Array.from(golden[task].target),
    classes: classNames[task],
  }
}

describe('linear models', () => {
  it.each(['binary', 'multiclass', 'regression'] as const)('%s: as scikit-learn fits it', (task) => {
    const frame = goldenFrame(task)
    const model = trainModel({ kind: 'linear', l2: golden.l2 }, frame, null, { seed: 1 })
    const predicted = new Evaluator(model).predictRows(rowMajor(frame))
    const scale = task === 'regression' ? 50 : 1
    predicted.forEach((value, index) => {
      expect(Math.abs(value - golden[task].expected[index]) / scale).toBeLessThan(2e-5)
    })
  })

  it('weights count as repetition', () => {
    const frame = goldenFrame('binary')
    const even = Float64Array.from({ length: frame.rows }, () => 3)
    const weighted = trainModel({ kind: 'linear', l2: 3 }, { ...frame, weights: even }, null, { seed: 1 })
    const plain = trainModel({ kind: 'linear', l2: 1 }, frame, null, { seed: 1 })
    const rows = rowMajor(frame)
    const expected = new Evaluator(plain).predictRows(rows)
    new Evaluator(weighted).predictRows(rows).forEach((value, row) => {
      expect(value).toBeCloseTo(expected[row]!, 4)
    })
  })

  it('give the same bytes again, and survive the file', () => {
    const frame = goldenFrame('multiclass')
    const bytes = writeModel(trainModel({ kind: 'linear' }, frame, null, { seed: 1 }))
    expect(writeModel(trainModel({ kind: 'linear' }, frame, null, { seed: 1 }))).toEqual(bytes)
    const model = readModel(bytes)
    expect(writeModel(model)).toEqual(bytes)
    const evaluator = new Evaluator(model)
    const batch = evaluator.predictRows(rowMajor(frame))
    expect(evaluator.predict(frameRow(frame, 5))).toEqual(batch.slice(15, 18))
  })

  it('a missing number counts as the mean, a category that training never saw as none', () => {
    const frame = goldenFrame('regression')
    const evaluator = new Evaluator(trainModel({ kind: 'linear' }, frame, null, { seed: 1 }))
    const mean = (column: Float32Array) => {
      const present = column.filter((value) => !Number.isNaN(value))
      return present.reduce((sum, value) => sum + value, 0) / present.length
    }
    const [a, b, c] = frame.columns.map(mean)
    const missing = evaluator.predict([Number.NaN, Number.NaN, Number.NaN, Number.NaN])[0]!
    expect(evaluator.predict([a!, b!, c!, Number.NaN])[0]).toBeCloseTo(missing, 3)
    expect(evaluator.predict([a!, b!, c!, 17])[0]).toBeCloseTo(missing, 3)
  })

  it('stop when the signal says so', () => {
    const run = () =>
      trainModel({ kind: 'linear' }, goldenFrame('binary'), null, { seed: 1, signal: { aborted: true } })
    expect(run).toThrow(expect.objectContaining({ code: 'training-aborted' }))
  })
})

describe('minimise', () => {
  it("finds the bottom of Rosenbrock's valley", () => {
    const point = Float64Array.of(-1.2, 1)
    minimise(
      ([x, y], gradient) => {
        gradient[0] = -400 * x! * (y! - x! * x!) - 2 * (1 - x!)
        gradient[1] = 200 * (y! - x! * x!)
        return 100 * (y! - x! * x!) ** 2 + (1 - x!) ** 2
      },
      point,
      { maxIterations: 200, tolerance: 1e-10 },
    )
    expect(point[0]).toBeCloseTo(1, 6)
    expect(point[1]).toBeCloseTo(1, 6)
  })
})
