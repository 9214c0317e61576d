import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import { metricNamed } from '../../stats/metrics.ts'
import { Evaluator } from './evaluator.ts'
import { Explainer } from './explanation.ts'
import { frameRow, type TrainingFrame } from './frame.ts'
import { featureImportance, permutationImportance } from './importance.ts'
import { trainModel } from './train-model.ts'

/** `strong` decides, `weak` helps, `noise` says nothing; the category `kind` shifts; some values are missing. */
function frameOf(task: TrainingFrame['task'], rows: number, seed: number): TrainingFrame {
  const random = seededRandom(seed)
  const columns = Array.from({ length: 4 }, (_, column) =>
    Float32Array.from({ length: rows }, () => {
      if (random() < 0.05) return Number.NaN
      return column === 3 ? Math.floor(3 * random()) : random()
    }),
  )
  const target = Float64Array.from({ length: rows }, (_, row) => {
    const score = 4 * (columns[0]![row]! || 0.5) + (columns[1]![row]! || 0.5) + (columns[3]![row] === 1 ? 1 : 0)
    if (task === 'regression') return score
    return Math.min(task === 'binary' ? 1 : 2, Math.max(0, Math.floor(score - 2 + random())))
  })
  return {
    names: ['strong', 'weak', 'noise', 'kind'],
    kinds: ['numeric', 'numeric', 'numeric', 'categorical'],
    categories: [null, null, null, ['a', 'b', 'c']],
    columns,
    rows,
    task,
    target,
    classes: task === 'regression' ? null : task === 'binary' ? ['no', 'yes'] : ['0', '1', '2'],
  }
}

const specs = [{ kind: 'boosted-trees', trees: 30 }, { kind: 'linear' }] as const

describe.each(specs)('explaining $kind', (spec) => {
  it.each(['binary', 'multiclass', 'regression'] as const)('%s: base and contributions add up to the score', (task) => {
    const model = trainModel(spec, frameOf(task, 1500, 1), null, { seed: 1 })
    const evaluator = new Evaluator(model)
    const explainer = new Explainer(model)
    const fresh = frameOf(task, 200, 2)
    for (let row = 0; row < fresh.rows; row += 1) {
      const values = frameRow(fresh, row)
      const predicted = evaluator.predict(values)
      const scores = Array.from(predicted, (_, output) => explainer.explain(values, output).score)
      if (task === 'regression') expect(scores[0]).toBeCloseTo(predicted[0]!, 8)
      else if (task === 'binary') expect(1 / (1 + Math.exp(-scores[0]!))).toBeCloseTo(predicted[0]!, 8)
      else {
        const sum = scores.reduce((total, score) => total + Math.exp(score), 0)
        scores.forEach((score, output) => {
          expect(Math.exp(score) / sum).toBeCloseTo(predicted[output]!, 8)
        })
      }
    }
  })

  it('credits what decides', () => {
    const model = trainModel(spec, frameOf('regression', 1500, 1), null, { seed: 1 })
    const { contributions } = new Explainer(model).explain([0.95, 0.5, 0.5, 0])
    expect(contributions.indexOf(Math.max(...contributions))).toBe(0)
  })

  it('finds the same order of features by its own account and by shuffling', () => {
    const model = trainModel(spec, frameOf('regression', 3000, 1), null, { seed: 1 })
    const own = featureImportance(model)
    expect(own[0]!.name).toBe('strong')
    expect(own[3]!.name).toBe('noise')
    expect(own.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 6)
    const fresh = frameOf('regression', 1000, 2)
    const shuffled = permutationImportance(model, fresh, metricNamed('regression', 'rmse')!, { seed: 1 })
    expect(shuffled[0]!.name).toBe('strong')
    expect(shuffled[3]!.name).toBe('noise')
    expect(Math.abs(shuffled[3]!.loss)).toBeLessThan(0.02)
    expect(permutationImportance(model, fresh, metricNamed('regression', 'rmse')!, { seed: 1 })).toEqual(shuffled)
  })
})
