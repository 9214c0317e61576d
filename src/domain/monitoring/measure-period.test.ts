import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { definitionSchema, type MonitorDefinition } from '../../contract/definition.ts'
import type { Figure, ModelVersionRecord, Scores } from '../../contract/model.ts'
import type { PredictionRecord } from '../../contract/serving.ts'
import { categoricalReference, chanceDistance, numericReference } from '../training/reference.ts'
import { measureDrift, measureQuality, measureService, type PeriodRows } from './measure-period.ts'

const golden = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../test/golden/${name}.json`, import.meta.url), 'utf8'))

// Made by test/golden/monitoring.py with numpy and scipy.
const { drift, service }: { drift: DriftCase[]; service: ServiceCase } = golden('monitoring')
interface DriftCase {
  name: string
  reference: (number | string | null)[]
  current: (number | string | null)[]
  distance: number
  chance: number
  drawn: number
}
interface ServiceCase {
  latencyUs: number[]
  failed: boolean[]
  missing: number[]
  ageMs: (number | null)[]
  expected: Record<string, Figure>
}

const monitor = (more: Partial<MonitorDefinition>): MonitorDefinition =>
  definitionSchema.parse({ name: 'p', monitors: [{ name: 'm', endpoint: 'e', ...more }] }).monitors[0]!
const record = (more: Partial<PredictionRecord>): PredictionRecord => ({
  id: 's.1',
  requestId: 'r',
  endpoint: 'e',
  version: 'm@1',
  role: 'primary',
  key: null,
  time: 0,
  eventTime: 0,
  request: {},
  inputs: {},
  featureAgeMs: null,
  score: 0.5,
  output: true,
  error: null,
  latencyUs: 1000,
  ...more,
})
const period = (records: PredictionRecord[], version: Partial<ModelVersionRecord> = {}): PeriodRows => ({
  version: { id: 'm@1', threshold: 0.5, evaluation: null, ...version } as ModelVersionRecord,
  role: 'primary',
  records,
})

const columnOf = ({ name, reference }: DriftCase) =>
  reference.some((value) => typeof value === 'string')
    ? categoricalReference(name, reference as (string | null)[])
    : numericReference(
        name,
        (reference as (number | null)[]).map((value) => value ?? Number.NaN),
      )

describe('drift', () => {
  it.each(drift)('of $name is the distance that scipy finds, and breaks beyond the bound alone', (of) => {
    const column = columnOf(of)
    const rows = period(of.current.map((value) => record({ inputs: { [of.name]: value } })))
    const reference = { rows: of.reference.length, columns: [column] }
    const { figures, broken } = measureDrift(monitor({ kind: 'drift', threshold: 0.05 }), rows, reference)
    expect(figures[of.name]).toEqual({ value: expect.closeTo(of.distance, 9), low: null, high: null, rows: 320 })
    expect(chanceDistance(column, of.current.length)).toBeCloseTo(of.chance, 9)
    // What is drawn from the reference itself comes that far, and does not break.
    if (of.drawn > 0) expect(of.chance / of.drawn).toBeGreaterThan(0.9)
    if (of.drawn > 0) expect(of.chance / of.drawn).toBeLessThan(1.05)
    const bound = Math.max(0.05, 2 * chanceDistance(column, 320))
    expect(broken).toEqual(of.distance > bound ? { [of.name]: bound } : {})
    const exact = monitor({ kind: 'drift', threshold: Math.max(figures[of.name]!.value, bound) })
    expect(measureDrift(exact, rows, reference).broken).toEqual({})
  })

  it('is 0.2 unless the monitor says else, and of few rows what chance does not explain', () => {
    const moved = drift.find(({ name }) => name === 'few values')!
    const few = { rows: 1000, columns: [columnOf(moved)] }
    const rows = (count: number) =>
      period(moved.current.slice(0, count).map((value) => record({ inputs: { 'few values': value } })))
    expect(measureDrift(monitor({ kind: 'drift' }), rows(320), few).broken).toEqual({ 'few values': 0.2 })
    expect(measureDrift(monitor({ kind: 'drift' }), rows(3), few).broken).toEqual({})
  })

  it('of the answers is measured too; an input that is no longer there counts as missing', () => {
    const values = Array.from({ length: 200 }, (_, at) => at / 200)
    const columns = [numericReference('score', values), numericReference('gone', values)]
    const rows = period(values.map((score) => record({ score })))
    const { figures, broken } = measureDrift(monitor({ kind: 'drift' }), rows, { rows: 200, columns })
    expect(figures.score!.value).toBe(0)
    expect(figures.gone!.value).toBeCloseTo(1, 12)
    expect(Object.keys(broken)).toEqual(['gone'])
  })
})

describe('quality', () => {
  const {
    binary,
    regression,
  }: Record<
    'binary' | 'regression',
    { target: number[]; candidate: number[]; threshold: number; expected: { candidate: Scores } }
  > = golden('evaluation')
  const rowsOf = ({ candidate }: { candidate: number[] }, version: Partial<ModelVersionRecord>) =>
    period(
      candidate.map((score, at) => record({ key: `k${at}`, score })),
      version,
    )
  const labelsOf = ({ target }: { target: number[] }) => new Map(target.map((label, at) => [`k${at}`, label]))
  const nearly = (scores: Scores) =>
    Object.fromEntries(
      Object.entries(scores).map(([name, { value, low, high, rows }]) => [
        name,
        { value: expect.closeTo(value, 9), low: expect.closeTo(low!, 9), high: expect.closeTo(high!, 9), rows },
      ]),
    )
  const then = (metric: string, value: number) =>
    ({
      candidate: { [metric]: { value, low: null, high: null, rows: 1000 } },
    }) as unknown as ModelVersionRecord['evaluation']

  it('is what scikit-learn finds of the answers whose labels have arrived', () => {
    const { figures, labelled, broken } = measureQuality(
      monitor({ kind: 'quality' }),
      { task: 'binary' },
      rowsOf(binary, { threshold: binary.threshold }),
      labelsOf(binary),
    )
    expect(labelled).toBe(binary.target.length)
    expect(figures).toEqual(nearly(binary.expected.candidate))
    expect(broken).toEqual({})
    const numbers = measureQuality(
      monitor({ kind: 'quality' }),
      { task: 'regression' },
      rowsOf(regression, {}),
      labelsOf(regression),
    )
    expect(numbers.figures).toEqual(nearly(regression.expected.candidate))
  })

  it.each([
    ['binary', 'auc', undefined],
    ['binary', 'log_loss', 'log_loss'],
    ['binary', 'recall', 'recall'],
    ['regression', 'rmse', undefined],
    ['regression', 'r2', 'r2'],
  ] as const)('%s: %s breaks when the favourable end of its interval is beyond the bound', (task, metric, named) => {
    const of = task === 'binary' ? binary : regression
    const isLoss = ['log_loss', 'rmse'].includes(metric)
    const { low, high } = of.expected.candidate[metric]!
    const broken = (value: number) =>
      measureQuality(
        monitor({ kind: 'quality', threshold: 0.05, ...(named ? { metric: named } : {}) }),
        { task },
        rowsOf(of, { threshold: binary.threshold, evaluation: then(metric, value) }),
        labelsOf(of),
      ).broken
    const edge = isLoss ? low! - 0.05 : high! + 0.05
    const [worse, better] = isLoss ? [edge - 1e-6, edge + 1e-6] : [edge + 1e-6, edge - 1e-6]
    expect(broken(worse)).toEqual({ [metric]: expect.closeTo(isLoss ? worse + 0.05 : worse - 0.05, 9) })
    expect(broken(better)).toEqual({})
  })

  it('leaves out answers without a key, a label or a score, and says nothing of fewer than a hundred', () => {
    const rows = rowsOf(binary, { threshold: binary.threshold })
    const all = labelsOf(binary)
    const first = new Map([...all].slice(0, 99))
    const measured = (labels: Map<string, number | string>) =>
      measureQuality(monitor({ kind: 'quality' }), { task: 'binary' }, rows, labels)
    expect(measured(first)).toEqual({ figures: {}, broken: {}, bounds: {}, labelled: 99 })
    expect(measured(new Map([...all].slice(0, 100))).figures.brier!.rows).toBe(100)
    const odd = [record({ key: null }), record({ key: 'k0', score: null, error: 'x' }), record({ key: 'nobody' })]
    expect(measureQuality(monitor({ kind: 'quality' }), { task: 'binary' }, period(odd), all).labelled).toBe(0)
    // A label that is no number is none, rather than a NaN in every figure.
    const { figures, labelled } = measured(new Map<string, number | string>(all).set('k0', 'unclear'))
    expect(labelled).toBe(binary.target.length - 1)
    expect(Object.values(figures).every(({ value }) => Number.isFinite(value))).toBe(true)
  })
})

describe('service', () => {
  const rows = period(
    service.latencyUs.map((latencyUs, at) =>
      record({
        latencyUs,
        error: service.failed[at] ? 'failed' : null,
        inputs: Object.fromEntries([0, 1, 2, 3].map((input) => [input, input < service.missing[at]! ? null : 1])),
        featureAgeMs: service.ageMs[at]!,
      }),
    ),
  )

  it('is what scipy and numpy find', () => {
    const { figures } = measureService(monitor({ kind: 'service' }), rows)
    const nearly = (value: number | null) => (value === null ? null : expect.closeTo(value, 9))
    expect(figures).toEqual(
      Object.fromEntries(
        Object.entries(service.expected).map(([name, { value, low, high }]) => [
          name,
          { value: nearly(value), low: nearly(low), high: nearly(high), rows: 240 },
        ]),
      ),
    )
  })

  it('breaks when even the favourable end of the share of errors is beyond the bound', () => {
    const { low } = service.expected.error_share!
    const broken = (threshold: number) => measureService(monitor({ kind: 'service', threshold }), rows).broken
    expect(broken(low! - 1e-9)).toEqual({ error_share: low! - 1e-9 })
    expect(broken(low! + 1e-9)).toEqual({})
  })

  it('breaks when most of the inputs are missing', () => {
    const empty = period(Array.from({ length: 50 }, () => record({ inputs: { a: null, b: null, c: 1 } })))
    expect(measureService(monitor({ kind: 'service' }), empty).broken).toEqual({ missing_inputs: 0.5 })
  })
})
