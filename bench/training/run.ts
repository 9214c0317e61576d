// Compares our boosted trees with scikit-learn's and xgboost's: quality over repeated splits and time on one core.
// Needs Python 3.11+ and PyPI; makes .venv/ (ignored by git) and bench/training/results.md. About ten minutes.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { DatasetMeta } from './dataset-meta.ts'
import { type DatasetRecords, markdownReport, type TrainingRecord } from './report.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const here = join(root, 'bench/training')
const python = join(root, '.venv/bin/python')
const packages = ['numpy==2.4.6', 'scikit-learn==1.9.1', 'xgboost==3.2.0', 'pandas==3.1.1', 'pyarrow==26.0.1']
const oneThread = { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' }

if (!existsSync(python)) execFileSync('python3', ['-m', 'venv', join(root, '.venv')], { stdio: 'inherit' })
execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages], {
  stdio: 'inherit',
})

const folder = mkdtempSync(join(tmpdir(), 'training-bench-'))
try {
  const vega = join(root, 'node_modules/vega-datasets/data')
  console.log('preparing the data sets')
  execFileSync(python, [join(here, 'prepare.py'), join(vega, 'flights-3m.parquet'), join(vega, 'airports.csv'), folder])
  const records = readdirSync(folder).map((name) => compareOn(join(folder, name)))
  const setting = [`${cpus()[0]!.model.trim()}, Node ${process.versions.node}`, packages.join(', ')]
  writeFileSync(join(here, 'results.md'), markdownReport(records, setting))
  console.log(readFileSync(join(here, 'results.md'), 'utf8'))
} finally {
  rmSync(folder, { recursive: true })
}

function compareOn(data: string): DatasetRecords {
  const meta = JSON.parse(readFileSync(join(data, 'meta.json'), 'utf8')) as DatasetMeta
  const splits: TrainingRecord[][] = []
  for (let seed = 0; seed < meta.seeds; seed += 1) {
    // Both on the same core, one after the other, so that the ratio holds on a busy machine too.
    const node = ['--conditions=millwright-source', '--import', 'tsx', join(here, 'ours.ts')]
    splits.push([
      ...recordsOf(onOneCore(process.execPath, [...node, data, String(seed)])),
      ...recordsOf(onOneCore(python, [join(here, 'peers.py'), data, String(seed)])),
    ])
    const times = splits[seed]!.map(({ learner, seconds }) => `${learner} ${seconds.toFixed(2)} s`)
    console.log(`${meta.name}, split ${seed + 1} of ${meta.seeds}: ${times.join(', ')}`)
  }
  return { meta, splits }
}

function onOneCore(command: string, parameters: string[]): string {
  const pinned = process.platform === 'linux' ? ['taskset', '-c', '0', command] : [command]
  return execFileSync(pinned[0]!, [...pinned.slice(1), ...parameters], { cwd: root, env: oneThread, encoding: 'utf8' })
}

function recordsOf(output: string): TrainingRecord[] {
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as TrainingRecord)
}
