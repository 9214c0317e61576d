import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import type { TrainingFrame } from './frame.ts'
import { writeModel } from './model-bytes.ts'
import { trainModel } from './train-model.ts'
import { TrainingThread } from './train-worker.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))

function frameOf(rows: number): TrainingFrame {
  const random = seededRandom(rows)
  const columns = [0, 1, 2].map(() => Float32Array.from({ length: rows }, random))
  return {
    names: ['a', 'b', 'c'],
    kinds: ['numeric', 'numeric', 'numeric'],
    categories: [null, null, null],
    columns,
    rows,
    task: 'binary',
    target: Float64Array.from({ length: rows }, (_, row) => (columns[0]![row]! + random() > 1 ? 1 : 0)),
    classes: ['no', 'yes'],
  }
}

describe('training in a worker', () => {
  it('gives the bytes that training here gives, reports progress and leaves the event loop free', async () => {
    const spec = { kind: 'boosted-trees', trees: 60 } as const
    const [frame, validation] = [frameOf(30_000), frameOf(5000)]
    const losses: (number | null)[] = []
    let ticks = 0
    const timer = setInterval(() => ticks++, 5)
    const model = await new TrainingThread().train(spec, frame, validation, {
      seed: 3,
      onProgress: ({ validationLoss }) => losses.push(validationLoss),
    })
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(10)
    expect(losses).toEqual([...model.validationLosses])
    expect(losses.length).toBe(60)
    expect(writeModel(model)).toEqual(writeModel(trainModel(spec, frame, validation, { seed: 3 })))
  })

  it('stops within moments when told to', async () => {
    const controller = new AbortController()
    const run = new TrainingThread().train({ kind: 'boosted-trees', trees: 100_000 }, frameOf(50_000), null, {
      seed: 1,
      signal: controller.signal,
      onProgress: ({ iteration }) => iteration === 2 && controller.abort(),
    })
    await expect(run).rejects.toThrow(expect.objectContaining({ code: 'training-aborted' }))
    const late = new TrainingThread().train({ kind: 'linear' }, frameOf(10), null, {
      seed: 1,
      signal: controller.signal,
    })
    await expect(late).rejects.toThrow(expect.objectContaining({ code: 'training-aborted' }))
  })

  it('passes errors on with their code and field', async () => {
    const run = new TrainingThread().train({ kind: 'boosted-trees', trees: 0 }, frameOf(100), null, { seed: 1 })
    await expect(run).rejects.toThrow(expect.objectContaining({ code: 'model-spec-invalid', field: 'trees' }))
  })

  it('takes the memory of the frames when asked to', async () => {
    const frame = frameOf(1000)
    await new TrainingThread().train({ kind: 'linear' }, frame, null, { seed: 1, transfer: true })
    expect(frame.columns[0]!.length).toBe(0)
  })

  it('works from source under plain node with tsx', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'training worker '))
    try {
      const module = (name: string) => pathToFileURL(join(root, 'src/domain/training', name)).href
      const script = join(folder, 'train.mts')
      await writeFile(
        script,
        `import { TrainingThread } from '${module('train-worker.ts')}'
const columns = [Float32Array.from({ length: 200 }, (_, row) => row)]
const frame = { names: ['a'], kinds: ['numeric'] as const, categories: [null], columns, rows: 200, task: 'regression' as const,
  target: Float64Array.from(columns[0]!), classes: null }
const model = await new TrainingThread().train({ kind: 'boosted-trees', trees: 3 }, frame, null, { seed: 1 })
console.log(model.predictor.kind, model.trainingRows)`,
      )
      const arguments_ = ['--conditions=millwright-source', '--import', 'tsx', script]
      const { stdout } = await promisify(execFile)(process.execPath, arguments_, { cwd: root })
      expect(stdout.trim()).toBe('boosted-trees 200')
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
