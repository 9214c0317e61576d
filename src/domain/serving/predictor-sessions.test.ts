import { expect, it } from 'vitest'
import { PredictorSessions, type PredictorStanding } from './predictor-sessions.ts'

const standing = (predictor: string, revision = 'r1'): PredictorStanding => ({
  predictor,
  address: 'http://127.0.0.1:1',
  revision,
  faults: [],
  preparing: [],
  featureSeq: 0,
  clock: 0,
  witness: { seq: 0, hash: '' },
  dropped: 0,
  refused: {},
  capabilities: null,
})
const isOver = async (work: Promise<unknown>): Promise<boolean> => {
  let over = false
  void work.then(() => {
    over = true
  })
  await new Promise((resolve) => setTimeout(resolve, 50))
  return over
}

it('after a restart a barrier waits for the prediction services of before, each of which must stand where it should', async () => {
  const sessions = new PredictorSessions()
  sessions.expect(['a', 'b'])
  const barrier = sessions.untilAll(({ revision }) => revision === 'r2', 5000, 'serve it')
  const back = sessions.reconnected()
  sessions.hear(standing('a', 'r2'))
  expect(await isOver(back)).toBe(false)
  sessions.hear(standing('b'))
  expect(await isOver(back)).toBe(true)
  expect(await isOver(barrier)).toBe(false)
  sessions.hear(standing('b', 'r2'))
  expect(await isOver(barrier)).toBe(true)
})

it('waits for nobody where nobody is expected', async () => {
  const sessions = new PredictorSessions()
  expect(await isOver(sessions.reconnected())).toBe(true)
  expect(await isOver(sessions.untilAll(() => false, 1000, 'do it'))).toBe(true)
})
