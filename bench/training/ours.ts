// Trains Millwright's boosted trees on one data set and split: ours.ts FOLDER/<name> SEED, a JSON line like peers.py.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Evaluator } from '../../src/domain/training/evaluator.ts'
import { rowMajor, type TrainingFrame } from '../../src/domain/training/frame.ts'
import { trainModel } from '../../src/domain/training/train-model.ts'
import { metricNamed } from '../../src/stats/metrics.ts'
import type { DatasetMeta } from './dataset-meta.ts'

const [folder, seed] = [process.argv[2]!, Number(process.argv[3])]
const meta = JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8')) as DatasetMeta
const bytes = (name: string) => {
  const file = readFileSync(join(folder, name))
  return file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength)
}
const x = new Float32Array(bytes('x.f32'))
const y = new Float64Array(bytes('y.f64'))
const role = new Uint8Array(bytes(`role-${seed}.u8`))

function frameOf(wanted: number): TrainingFrame {
  const isWanted = (_: number, row: number) => role[row] === wanted
  const target = y.filter(isWanted)
  const columns = Array.from({ length: meta.columns }, (_, column) =>
    x.subarray(column * meta.rows, (column + 1) * meta.rows).filter(isWanted),
  )
  return {
    names: columns.map((_, column) => `x${column}`),
    kinds: columns.map(() => 'numeric'),
    categories: columns.map(() => null),
    columns,
    rows: target.length,
    task: meta.task,
    target,
    classes: meta.classes === 0 ? null : Array.from({ length: meta.classes }, (_, index) => String(index)),
  }
}

const [train, test] = [frameOf(1), frameOf(2)]
// Time of this process alone, whatever else the machine does.
const started = process.cpuUsage()
const model = trainModel({ kind: 'boosted-trees', trees: 100 }, train, null, { seed })
const used = process.cpuUsage(started)
const seconds = (used.user + used.system) / 1e6
const predictions = new Evaluator(model).predictRows(rowMajor(test))
const names = { binary: ['log_loss', 'auc'], multiclass: ['log_loss'], regression: ['rmse'] }[meta.task]
const rows = { predictions, target: test.target, classes: meta.classes }
const scores = Object.fromEntries(names.map((name) => [name, metricNamed(meta.task, name)!.estimate(rows).value]))
console.log(JSON.stringify({ learner: 'millwright', seconds, scores }))
