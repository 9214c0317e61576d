import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OnnxruntimeModelRunner } from '../../src/backends/onnxruntime/onnxruntime-model-runner.ts'
import { seededRandom } from '../../src/base/random.ts'
import { checkExportParity } from '../../src/domain/training/export-parity.ts'
import { rowMajor, type TrainingFrame } from '../../src/domain/training/frame.ts'
import type { ModelSpecInput } from '../../src/domain/training/model-spec.ts'
import { exportOnnx } from '../../src/domain/training/onnx-export.ts'
import { trainModel } from '../../src/domain/training/train-model.ts'

const runner = new OnnxruntimeModelRunner()

/** Two numbers far from zero, one near it, one category of six, with missing values in each. */
function mixedFrame(task: TrainingFrame['task'], rows: number, seed: number): TrainingFrame {
  const random = seededRandom(seed)
  const maybe = (value: number) => (random() < 0.1 ? Number.NaN : value)
  const column = (value: () => number) => Float32Array.from({ length: rows }, () => maybe(value()))
  const columns = [
    column(() => 1000 + 50 * random()),
    column(() => random() - 0.5),
    column(() => Math.floor(6 * random())),
    column(() => -3e4 * random()),
  ]
  const target = Float64Array.from({ length: rows }, (_, row) => {
    const [a, b, c] = [columns[0]![row]!, columns[1]![row]!, columns[2]![row]!]
    const value = (Number.isNaN(a) ? 20 : a - 1000) + 30 * (b || 0) + (c === 2 || c === 4 ? 25 : 0) + 10 * random()
    return task === 'regression' ? 100 + value : Math.min(task === 'binary' ? 1 : 2, Math.floor(Math.max(0, value) / 38))
  })
  return {
    names: ['a', 'b', 'c', 'd'],
    kinds: ['numeric', 'numeric', 'categorical', 'numeric'],
    categories: [null, null, ['u', 'v', 'w', 'x', 'y', 'z'], null],
    columns,
    rows,
    task,
    target,
    classes: task === 'regression' ? null : task === 'binary' ? ['no', 'yes'] : ['low', 'mid', 'high'],
  }
}

const specs: ModelSpecInput[] = [
  { kind: 'boosted-trees', trees: 60 },
  { kind: 'linear', l2: 1 },
]

describe.each(specs)('export of $kind', (spec) => {
  it.each(['binary', 'multiclass', 'regression'] as const)('%s answers as our evaluator does', async (task) => {
    const model = trainModel(spec, mixedFrame(task, 3000, 1), null, { seed: 1 })
    const rows = rowMajor(mixedFrame(task, 5000, 2))
    const onnx = exportOnnx(model)
    expect(await checkExportParity(model, onnx, rows, runner)).toBeLessThan(1e-5)
    expect(exportOnnx(model)).toEqual(onnx)
  })

  it('tells its signature', async () => {
    const model = await runner.load(exportOnnx(trainModel(spec, mixedFrame('binary', 500, 1), null, { seed: 1 })))
    expect(model.inputs).toEqual([{ name: 'input', datatype: 'FP32', shape: [-1, 4] }])
    expect(model.outputs).toEqual([{ name: 'probabilities', datatype: 'FP32', shape: [-1, 2] }])
    await model.release()
  })

  it('notices another model', async () => {
    const frame = mixedFrame('regression', 500, 1)
    const other = exportOnnx(trainModel(spec, { ...frame, target: frame.target.map((y) => y + 1) }, null, { seed: 1 }))
    const model = trainModel(spec, frame, null, { seed: 1 })
    await expect(checkExportParity(model, other, rowMajor(frame), runner)).rejects.toThrow(
      expect.objectContaining({ code: 'export-differs' }),
    )
  })
})

describe('export at the edges', () => {
  it('any rows at all: thresholds themselves, infinities, nothing but missing values', async () => {
    const frame = mixedFrame('binary', 800, 3)
    const model = trainModel({ kind: 'boosted-trees', trees: 20 }, frame, null, { seed: 1 })
    const onnx = exportOnnx(model)
    const thresholds = model.predictor.kind === 'boosted-trees' ? Array.from(model.predictor.threshold) : []
    const value = fc.oneof(
      fc.constantFrom(...thresholds, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
      fc.float(),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(value, value, value, value), { minLength: 1, maxLength: 50 }), async (rows) => {
        await checkExportParity(model, onnx, Float32Array.from(rows.flat()), runner)
      }),
      { numRuns: 30 },
    )
  })

  it('a linear model of categories alone, and of a category without values', async () => {
    const frame = mixedFrame('binary', 400, 4)
    for (const categories of [frame.categories[2]!, []]) {
      const column = categories.length === 0 ? new Float32Array(400).fill(Number.NaN) : frame.columns[2]!
      const narrow = { ...frame, names: ['c'], kinds: ['categorical' as const], columns: [column], categories: [categories] }
      const model = trainModel({ kind: 'linear' }, narrow, null, { seed: 1 })
      expect(await checkExportParity(model, exportOnnx(model), rowMajor(narrow), runner)).toBeLessThan(1e-5)
    }
  })

  it('a model of one leaf: a target without a pattern', async () => {
    const frame = { ...mixedFrame('regression', 300, 5), target: new Float64Array(300).fill(7.25) }
    const model = trainModel({ kind: 'boosted-trees', trees: 5 }, frame, null, { seed: 1 })
    expect(await checkExportParity(model, exportOnnx(model), rowMajor(frame), runner)).toBeLessThan(1e-6)
  })
})
