import { MillwrightError } from '../../../base/errors.ts'
import type { Finding } from '../../../contract/ci.ts'
import type { ColumnSummary } from '../../../contract/data.ts'
import type { Definition, ModelDefinition } from '../../../contract/definition.ts'
import type { ModelRunner } from '../../../ports/model-runner.ts'
import { datasetNamed, planDataset } from '../../data/dataset-plan.ts'
import { compile, evaluate } from '../../data/expression.ts'
import { tableSource } from '../../data/row-source.ts'
import type { Examples } from '../../features/example-columns.ts'
import { CategoryCoder } from '../../training/category-coder.ts'
import { Evaluator } from '../../training/evaluator.ts'
import { rowsFor } from '../../training/examples-frame.ts'
import { checkExportParity } from '../../training/export-parity.ts'
import type { TrainedModel } from '../../training/model.ts'
import { readModel, writeModel } from '../../training/model-bytes.ts'
import { batchInputs, valueAt } from '../generated-inputs.ts'
import { GeneratedRows } from '../generated-rows.ts'
import { type CheckVerdict, fault, note, skipped, verdictOf } from './verdict.ts'

/** A model file of the run over the sample. */
export interface ModelSample {
  model: ModelDefinition
  bytes: Uint8Array
  onnx: Uint8Array
  /** Examples that it has not learnt from. */
  examples: Examples
}

interface Surroundings {
  definition: Definition
  /** See `GenerationOptions.seen`. */
  seen: ReadonlyMap<string, readonly ColumnSummary[]>
  runner: ModelRunner
}

/**
 * What every model must do: answers of the right shape and range, for missing and unseen values too; a batch bit for bit what its rows give alone; the
 * same after saving and loading; the same in ONNX to 1e-5; and for rows that are legal but extreme, nothing beyond what the outcome may be.
 */
export async function checkModels(samples: readonly ModelSample[], around: Surroundings): Promise<CheckVerdict> {
  if (samples.length === 0) return skipped('model', 'no model was trained')
  const findings: Finding[] = []
  const figures: Record<string, number> = {}
  for (const sample of samples) {
    const { name } = sample.model
    const trained = readModel(sample.bytes)
    const place = `models.${name}`
    const legal = legalRows(sample.model, trained, around)
    const rows = joined(trained, [rowsFor(trained.features, sample.examples)!, strangeRows(trained), legal.rows])
    findings.push(...answerFaults(place, trained, rows), ...fileFaults(place, trained, sample.bytes, rows))
    findings.push(...rangeFaults(sample.model, trained, legal, around))
    figures[`${name} rows`] = rows.length / trained.features.length
    try {
      figures[`${name} ONNX difference`] = await checkExportParity(trained, sample.onnx, rows, around.runner)
    } catch (error) {
      if (!(error instanceof MillwrightError)) throw error
      const mend = error.hint ?? 'Report it.'
      // Without the optional runtime there is nobody to compare with.
      findings.push(
        (error.code === 'model-runner-missing' ? note : fault)(
          `${place}.onnx`,
          `"${name}" as ONNX: ${error.message}`,
          mend,
        ),
      )
    }
  }
  const names = samples.map(({ model }) => `"${model.name}"`).join(', ')
  return verdictOf(
    'model',
    `${names} answer every row, alone as in a batch, saved as in memory, in ONNX as here`,
    findings,
    figures,
  )
}

function joined({ features }: TrainedModel, parts: readonly Float32Array[]): Float32Array {
  const most = 2000 * features.length
  const cut = parts.map((part) => part.subarray(0, most))
  const all = new Float32Array(cut.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of cut) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** All missing, each missing alone, values beyond anything that was seen. */
function strangeRows({ features }: TrainedModel): Float32Array {
  const width = features.length
  const rows: number[] = new Array(width).fill(Number.NaN)
  for (let missing = 0; missing < width; missing += 1)
    for (let at = 0; at < width; at += 1) rows.push(at === missing ? Number.NaN : 0)
  for (const value of [1e6, -1e6])
    for (const { categories } of features) rows.push(categories ? categories.length - 1 : value)
  return Float32Array.from(rows)
}

function answerFaults(place: string, trained: TrainedModel, rows: Float32Array): Finding[] {
  const evaluator = new Evaluator(trained)
  const width = evaluator.outputs
  const count = rows.length / evaluator.features
  const answers = evaluator.predictRows(rows, count)
  const isClassifier = trained.task !== 'regression'
  const inputs = (row: number): string =>
    JSON.stringify(
      Object.fromEntries(
        trained.features.map(({ name }, at) => {
          const value = rows[row * evaluator.features + at]!
          return [name, Number.isNaN(value) ? null : value]
        }),
      ),
    ).slice(0, 300)
  for (let row = 0; row < count; row += 1) {
    const own = answers.subarray(row * width, (row + 1) * width)
    const isRight = own.every((value) => Number.isFinite(value) && (!isClassifier || (value >= 0 && value <= 1)))
    const sum = own.reduce((total, value) => total + value, 0)
    if (!isRight || (trained.task === 'multiclass' && Math.abs(sum - 1) > 1e-9))
      return [
        fault(
          place,
          `it answers ${[...own].join(', ')} for ${inputs(row)}`,
          'Look at the inputs: one is far beyond what was learnt from.',
        ),
      ]
    const alone = evaluator.predict(rows.subarray(row * evaluator.features, (row + 1) * evaluator.features))
    if (own.some((value, at) => !Object.is(value, alone[at])))
      return [
        fault(
          place,
          `it answers ${[...own].join(', ')} in a batch and ${[...alone].join(', ')} alone for ${inputs(row)}`,
          'Report it.',
        ),
      ]
  }
  return []
}

function fileFaults(place: string, trained: TrainedModel, bytes: Uint8Array, rows: Float32Array): Finding[] {
  const again = writeModel(trained)
  const isSame = again.length === bytes.length && again.every((byte, at) => byte === bytes[at])
  const [before, after] = [new Evaluator(trained).predictRows(rows), new Evaluator(readModel(again)).predictRows(rows)]
  if (isSame && before.every((value, at) => Object.is(value, after[at]))) return []
  return [fault(place, 'it is another model after it was saved and loaded', 'Report it.')]
}

interface LegalRows {
  rows: Float32Array
  describe(row: number): string
}

/** Generated rows of the model's dataset as the model reads them. */
function legalRows(model: ModelDefinition, trained: TrainedModel, { definition, seen }: Surroundings): LegalRows {
  const generated = new GeneratedRows(definition, { seed: 5, rows: 500, odd: false, seen })
  const table = generated.table(model.dataset)
  const inputs = new Map(
    batchInputs({ definition, scope: generated.scope }, model, table, (name) => generated.table(name)).map(
      ({ name, vector }) => [name, vector],
    ),
  )
  const width = trained.features.length
  const rows = new Float32Array(table.rows * width)
  for (const [place, { name, categories }] of trained.features.entries()) {
    const coder = categories ? new CategoryCoder(categories) : null
    for (let row = 0; row < table.rows; row += 1) {
      const value = valueAt(inputs.get(name)!, row)
      const text = value === null || (typeof value === 'number' && Number.isNaN(value)) ? null : String(value)
      rows[row * width + place] = coder ? coder.code(text) : value === null ? Number.NaN : Number(value)
    }
  }
  const describe = (row: number): string =>
    JSON.stringify(Object.fromEntries([...inputs].map(([name, vector]) => [name, valueAt(vector, row)])))
  return { rows, describe }
}

/** A regression that runs away from what the outcome may be, by the outcome's whole range, where inputs are extreme but legal. */
function rangeFaults(
  model: ModelDefinition,
  trained: TrainedModel,
  { rows, describe }: LegalRows,
  { definition, seen }: Surroundings,
): Finding[] {
  if (trained.task !== 'regression' || rows.length === 0) return []
  const generated = new GeneratedRows(definition, { seed: 6, rows: 500, odd: false, seen })
  const table = generated.table(model.dataset)
  const { types } = planDataset(datasetNamed(definition.datasets, model.dataset))
  const outcome = evaluate(compile(model.target, tableSource(table, types), generated.scope), table.rows)
  if (outcome.kind !== 'number') return []
  const legal = outcome.values.filter((value) => Number.isFinite(value))
  if (legal.length === 0) return []
  const [least, greatest] = [Math.min(...legal), Math.max(...legal)]
  const span = greatest - least
  const answers = new Evaluator(trained).predictRows(rows)
  const row = answers.findIndex((answer) => answer < least - span || answer > greatest + span)
  if (row < 0) return []
  return [
    fault(
      `models.${model.name}.predicts`,
      `it answers ${answers[row]!.toPrecision(4)} for a legal row, where the outcome lies between ${least.toPrecision(4)} and ${greatest.toPrecision(4)}: ${describe(row).slice(0, 300)}`,
      'Narrow what the inputs may be by expectations, or train trees, which do not run beyond what they have seen.',
    ),
  ]
}
