import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { allAtOnce, atLeast, defineProject, endpoint, model } from '../../src/sdk/index.ts'
import {
  history,
  orderMaker,
  orders,
  replayFrom,
  requestOf,
  returnsParts,
  shop,
  smallTrees,
  writeHistory,
} from '../fixtures/shop-orders.ts'
import {
  failedStart,
  faketime,
  type MillwrightProcess,
  startControlPlane,
  startPredictionService,
  whyNoFaketime,
  whyNoPrlimit,
  whyNoStrace,
} from './millwright-process.ts'

const returns = model('returns', {
  ...returnsParts,
  train: smallTrees,
  gates: [atLeast('auc', 0.5)],
})
const definition = defineProject('shop', {
  replayFrom: new Date(replayFrom),
  entities: [shop],
  datasets: [orders],
  features: [history],
  endpoints: [endpoint('returns', returns, { rollout: allAtOnce() })],
}).define((file) => file)

const order = orderMaker(9)
let folder: string
let home: string
let started: MillwrightProcess[]
let next = 50_000

const control = async (options: Parameters<typeof startControlPlane>[1] = {}): Promise<MillwrightProcess> => {
  const plane = await startControlPlane(home, options)
  started.push(plane)
  return plane
}
const service = async (server: string, options: Parameters<typeof startPredictionService>[2] = {}) => {
  const predictor = await startPredictionService(join(folder, 'predictor'), server, options)
  started.push(predictor)
  return predictor
}
const fresh = () => {
  next += 1
  return order(next, replayFrom + (next % 40_000) * 1000)
}
const push = (plane: MillwrightProcess, rows = [fresh(), fresh()]) =>
  plane.client.pushRows({ params: { dataset: 'orders' }, body: { rows } })
const ask = async (
  predictor: MillwrightProcess,
  ms = 5000,
): Promise<{ status: number; id: string; version: string }> => {
  const answer = await fetch(`${predictor.address}/v2/models/returns/infer`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(requestOf(fresh())),
    signal: AbortSignal.timeout(ms),
  })
  const { prediction_id, version } = (await answer.json()) as { prediction_id: string; version: string }
  return { status: answer.status, id: prediction_id, version }
}
const trained = async (plane: MillwrightProcess): Promise<void> => {
  await plane.client.apply({ body: { definition, projectDir: folder } })
  await plane.client.ingest({ params: { dataset: 'orders' }, body: {} })
  const { run } = await plane.client.startRun({ body: { pipeline: 'train-returns', wait: true } })
  expect(run.error).toBeNull()
}
const answers = (predictor: MillwrightProcess) =>
  expect.poll(() => ask(predictor).then(({ status }) => status), { timeout: 30_000 }).toBe(200)

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright fault '))
  home = join(folder, 'home')
  started = []
  await writeHistory(folder, order, 2000)
})
afterEach(async () => {
  for (const each of started.reverse()) await each.stop('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

describe('starting', { timeout: 60_000 }, () => {
  test('a port that is taken is named, with what to do; the home is free again', async () => {
    const plane = await control()
    const { port } = new URL(plane.address)
    for (const line of [
      ['server', '--home', join(folder, 'other'), '--port', port],
      ['predictor', '--home', join(folder, 'p'), '--server', plane.address, '--port', port],
    ]) {
      const { code, said } = await failedStart(line)
      expect(code).toBe(1)
      expect(said).toContain(`port ${port}`)
      expect(said).toContain('--port')
      expect(said).not.toMatch(/\n\s+at .*\.ts/)
    }
    home = join(folder, 'other')
    await control()
  })

  test('a second control plane on a home is refused, and the first goes on', async () => {
    const plane = await control()
    const { code, said } = await failedStart(['server', '--home', home, '--port', '0'])
    expect(code).toBe(1)
    expect(said).toMatch(/another control plane \(process \d+\) uses/)
    expect(said).toContain('--home')
    expect((await plane.client.health()).status).toBe('ok')
  })
})

describe('processes that stand still', { timeout: 120_000 }, () => {
  test('answers go on while the control plane stands still, and are handed over afterwards', async () => {
    const plane = await control()
    await trained(plane)
    const predictor = await service(plane.address)
    await answers(predictor)
    process.kill(-plane.child.pid!, 'SIGSTOP')
    const ids: string[] = []
    for (let turn = 0; turn < 50; turn += 1) {
      const { status, id } = await ask(predictor, 2000)
      expect(status).toBe(200)
      ids.push(id)
    }
    process.kill(-plane.child.pid!, 'SIGCONT')
    const known = async () => {
      const { predictions } = await plane.client.predictions({ query: { endpoint: 'returns', limit: 200 } })
      const there = new Set(predictions.map(({ id }) => id))
      return ids.filter((id) => !there.has(id)).length
    }
    await expect.poll(known, { timeout: 30_000 }).toBe(0)
  })

  test('the control plane goes on while a prediction service stands still, which is up to date again afterwards', async () => {
    const plane = await control()
    await trained(plane)
    const predictor = await service(plane.address)
    await answers(predictor)
    process.kill(-predictor.child.pid!, 'SIGSTOP')
    for (let turn = 0; turn < 20; turn += 1) expect(await push(plane)).toMatchObject({ accepted: 2 })
    const { run } = await plane.client.startRun({ body: { pipeline: 'train-returns', force: true, wait: true } })
    expect(run.state).toBe('succeeded')
    process.kill(-predictor.child.pid!, 'SIGCONT')
    await answers(predictor)
    const { endpoint: after } = await plane.client.endpoint({ params: { endpoint: 'returns' } })
    expect(after.serving).toBe('returns@2')
    await expect.poll(() => ask(predictor).then(({ version }) => version), { timeout: 30_000 }).toBe('2')
  })
})

const noPrlimit = whyNoPrlimit()
test.skipIf(noPrlimit)(
  `with every descriptor taken it lives, and serves again when they are free${noPrlimit ? ` (skipped: ${noPrlimit})` : ''}`,
  async () => {
    const plane = await control({ by: ['prlimit', '--nofile=300:300'] })
    await trained(plane)
    const { port } = new URL(plane.address)
    const idle: Socket[] = []
    for (let place = 0; place < 450; place += 1)
      idle.push(connect(Number(port), '127.0.0.1').on('error', () => undefined))
    await new Promise((resolve) => setTimeout(resolve, 1500))
    // Whatever becomes of requests now: an answer or none, but an end.
    const during = await Promise.allSettled(
      [push(plane), plane.client.health()].map((each) =>
        Promise.race([each, new Promise((resolve) => setTimeout(resolve, 3000))]),
      ),
    )
    expect(during).toHaveLength(2)
    for (const socket of idle) socket.destroy()
    await expect
      .poll(
        () =>
          push(plane).then(
            ({ accepted }) => accepted,
            (error) => String(error),
          ),
        { timeout: 20_000 },
      )
      .toBe(2)
    expect(plane.child.exitCode).toBeNull()
    const { run } = await plane.client.startRun({ body: { pipeline: 'train-returns', wait: true } })
    expect(run.state).toBe('succeeded')
    expect(await plane.client.verifyEvents()).toMatchObject({ broken: null })
  },
  120_000,
)

const noFaketime = whyNoFaketime()
test.skipIf(noFaketime)(
  `a clock that is set back and forward changes no order, loses nothing and repeats nothing${noFaketime ? ` (skipped: ${noFaketime})` : ''}`,
  async () => {
    const clock = join(folder, 'clock')
    await writeFile(clock, '+0\n')
    const env = {
      LD_PRELOAD: faketime,
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    }
    const plane = await control({ env })
    await trained(plane)
    const predictor = await service(plane.address, { env })
    await answers(predictor)
    const pushed: ReturnType<typeof fresh>[] = []
    const ids: string[] = []
    for (const offset of ['+0', '-3d', '+20d', '-400d', '+1h']) {
      await writeFile(clock, `${offset}\n`)
      for (let turn = 0; turn < 10; turn += 1) {
        const rows = [fresh(), fresh()]
        expect(await push(plane, rows)).toEqual({ accepted: 2, known: 0 })
        pushed.push(...rows)
        const { status, id } = await ask(predictor)
        expect(status).toBe(200)
        ids.push(id)
      }
      const { run } = await plane.client.startRun({ body: { pipeline: 'train-returns', force: true, wait: true } })
      expect([offset, run.state]).toEqual([offset, 'succeeded'])
    }
    expect(await push(plane, pushed)).toEqual({ accepted: 0, known: pushed.length })
    expect(new Set(ids).size).toBe(ids.length)
    const { runs } = await plane.client.runs()
    expect(runs).toHaveLength(6)
    const { events } = await plane.client.events({ query: { after: 0, limit: 1000 } })
    // The clock really was set: what was written down says so, and the order does not follow it.
    const times = events.map(({ recordedAt }) => recordedAt)
    expect(times.some((time, place) => place > 0 && time < times[place - 1]! - 86_400_000)).toBe(true)
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, place) => place + 1))
    expect(await plane.client.verifyEvents()).toMatchObject({ broken: null })
    await plane.stop('SIGKILL')
    const again = await control({ env, port: Number(new URL(plane.address).port) })
    expect(await push(again, pushed)).toEqual({ accepted: 0, known: pushed.length })
    await answers(predictor)
    const known = async () => {
      const { predictions } = await again.client.predictions({ query: { endpoint: 'returns', limit: 500 } })
      const there = new Set(predictions.map(({ id }) => id))
      return ids.filter((id) => !there.has(id)).length
    }
    await expect.poll(known, { timeout: 30_000 }).toBe(0)
  },
  240_000,
)

const noStrace = whyNoStrace()
test.skipIf(noStrace)(
  `on a disk that takes its time, answers do not wait for it, and what is acknowledged is there${noStrace ? ` (skipped: ${noStrace})` : ''}`,
  async () => {
    const slow = [
      'strace',
      '-f',
      '-qq',
      '-o',
      '/dev/null',
      '-e',
      'trace=fdatasync,fsync',
      '-e',
      'inject=fdatasync,fsync:delay_exit=300000',
    ]
    const swift = await control()
    await trained(swift)
    await swift.stop()
    const plane = await control({ by: slow })
    const predictor = await service(plane.address)
    await answers(predictor)
    const rows = [fresh(), fresh()]
    const began = performance.now()
    expect(await push(plane, rows)).toMatchObject({ accepted: 2 })
    // An acknowledgement waits for the disk; one that came sooner would not have been one.
    expect(performance.now() - began).toBeGreaterThan(300)
    const pushing = Promise.all(Array.from({ length: 10 }, () => push(plane)))
    const times: number[] = []
    for (let turn = 0; turn < 40; turn += 1) {
      const asked = performance.now()
      expect((await ask(predictor)).status).toBe(200)
      times.push(performance.now() - asked)
    }
    expect(times.sort((a, b) => a - b)[20]).toBeLessThan(300)
    expect((await pushing).every(({ accepted }) => accepted === 2)).toBe(true)
    await plane.stop('SIGKILL')
    const again = await control()
    expect(await push(again, rows)).toEqual({ accepted: 0, known: 2 })
  },
  180_000,
)
