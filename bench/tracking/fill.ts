import { seededRandom } from '../../src/base/random.ts'
import { callers, newRun, send } from './load.ts'

/** The same runs as `seed.py` makes, over the routes. */
export async function fillRuns(address: string, runs: number): Promise<void> {
  const random = seededRandom(7)
  let next = 0
  const caller = async (): Promise<void> => {
    while (next < runs) {
      const number = next
      next += 1
      const at = 1_700_000_000_000 + number * 1000
      const tags = [
        { key: 'mlflow.runName', value: `run-${number}` },
        { key: 'mlflow.user', value: 'ada' },
        { key: 'mlflow.source.name', value: 'train.py' },
        { key: 'team', value: 'ab'[number % 2]! },
      ]
      const run_id = await newRun(address, { start_time: at, user_id: 'ada', tags })
      await send(address, 'POST', '/runs/log-batch', {
        run_id,
        metrics: ['accuracy', 'loss', 'auc', 'seconds'].map((key) => ({
          key,
          value: random(),
          timestamp: at,
          step: 0,
        })),
        params: [
          { key: 'lr', value: ['0.1', '0.01', '0.001'][number % 3] },
          { key: 'depth', value: String(number % 9) },
          { key: 'kind', value: ['tree', 'linear', 'forest', 'net'][number % 4] },
          { key: 'seed', value: String(number) },
        ],
      })
      await send(address, 'POST', '/runs/update', { run_id, status: 'FINISHED', end_time: at + 500 })
    }
  }
  await Promise.all(Array.from({ length: callers }, caller))
}

/** @returns the id of a run with a long history of the metric `curve`. */
export async function fillHistory(address: string, points: number): Promise<string> {
  const run_id = await newRun(address)
  const random = seededRandom(8)
  for (let step = 0; step < points; step += 1000) {
    const metrics = Array.from({ length: Math.min(1000, points - step) }, (_, place) => ({
      key: 'curve',
      value: random(),
      timestamp: 1_700_000_000_000 + step + place,
      step: step + place,
    }))
    await send(address, 'POST', '/runs/log-batch', { run_id, metrics })
  }
  return run_id
}
