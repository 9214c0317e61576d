import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Route } from '../../src/contract/route.ts'
import { type RouteName, routes } from '../../src/contract/routes.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { createToken } from '../../src/server/principals.ts'
import { liveOrders, type Orders } from '../browser/orders.ts'
import { modelFile } from './processes.ts'

let orders: Orders
let ada: Client
let token: string
let runId: string

beforeAll(async () => {
  orders = await liveOrders()
  await orders.ask(5)
  const home = orders.server.plane.home.path
  const { runs } = await orders.client.runs()
  runId = runs[0]!.id
  // From here on everybody says who they are. The service of this test was started without a token and is heard of no more.
  token = createToken(home, 'ada', 'admin')
  ada = createClient(orders.server.address, { token })
}, 120_000)
afterAll(async () => {
  // What is still under way would write into the folder while it goes.
  for (const { id, state } of ada ? (await ada.runs()).runs : [])
    if (state === 'running' || state === 'queued') {
      await ada.stopRun({ params: { run: id } }).catch(() => {})
      await ada.run({ params: { run: id }, query: { waitMs: 20_000 } })
    }
  await orders?.close()
})

/** A call that changes something, and the kind of event that tells of it. */
type Told = [type: string, call: () => Promise<unknown>]

const returns = { endpoint: 'returns' }
const told = (): Partial<Record<RouteName, Told>> => ({
  apply: [
    'project.applied',
    async () => {
      const { applied } = await ada.project()
      const { projectDir, definition } = applied!
      const brief = { ...definition.brief!, owner: 'ada' }
      return ada.apply({ body: { definition: { ...definition, brief }, projectDir, actor: 'user:eve' } })
    },
  ],
  collectGarbage: ['gc.finished', () => ada.collectGarbage({ body: { dryRun: false, actor: 'user:eve' } })],
  ingest: [
    'dataset.version-committed',
    async () => {
      const { writeFile } = await import('node:fs/promises')
      const { projectDir } = (await ada.project()).applied!
      const line = 'late,2025-04-29 10:00:00,north,shoe,12,0\n'
      await writeFile(`${projectDir}/late.csv`, `order_id,ordered_at,shop,kind,price,returned\n${line}`)
      return ada.ingest({ params: { dataset: 'orders' }, body: { path: 'late.csv', format: 'csv' } })
    },
  ],
  rollbackDataset: [
    'dataset.rolled-back',
    () => ada.rollbackDataset({ params: { dataset: 'orders' }, body: { version: 1, actor: 'user:eve' } }),
  ],
  runScript: ['run.started', () => ada.runScript({ body: { command: ['true'], folder: '/tmp', actor: 'user:eve' } })],
  startRun: ['run.started', () => ada.startRun({ body: { pipeline: 'train-returns', actor: 'user:eve' } })],
  stopRun: [
    'run.stopped',
    async () => {
      const { run } = await ada.runScript({ body: { command: ['sleep', '60'], folder: '/tmp' } })
      runId = run.id
      return ada.stopRun({ params: { run: run.id } })
    },
  ],
  resumeRun: [
    'run.started',
    async () => {
      const eve = createClient(orders.server.address, {
        token: createToken(orders.server.plane.home.path, 'eve', 'developer'),
      })
      const { run } = await eve.runScript({ body: { command: ['sleep', '60'], folder: '/tmp' } })
      await eve.stopRun({ params: { run: run.id } })
      await eve.run({ params: { run: run.id }, query: { waitMs: 20_000 } })
      await ada.resumeRun({ params: { run: run.id } })
      return ada.stopRun({ params: { run: run.id } })
    },
  ],
  rerun: [
    'run.started',
    async () => {
      const { run, steps } = await ada.run({ params: { run: runId }, query: { waitMs: 20_000 } })
      return ada.rerun({ params: { run: run.id }, body: { from: steps[0]!.step, actor: 'user:eve' } })
    },
  ],
  addModelFile: [
    'model.registered',
    () => {
      const call = { params: { model: 'small' }, query: { deploy: 'false', actor: 'user:eve' }, body: modelFile }
      return ada.addModelFile(call)
    },
  ],
  setAlias: [
    'model.alias-moved',
    () => ada.setAlias({ params: { model: 'returns', alias: 'best' }, body: { version: '1', actor: 'user:eve' } }),
  ],
  removeAlias: [
    'model.alias-removed',
    () => ada.removeAlias({ params: { model: 'returns', alias: 'best' }, body: { actor: 'user:eve' } }),
  ],
  rollback: [
    'deployment.rolled-back',
    () => ada.rollback({ params: returns, body: { actor: 'user:eve' } }).catch((error) => error),
  ],
  deploy: ['deployment.started', () => ada.deploy({ params: returns, body: { version: '3', actor: 'user:eve' } })],
  changeTrackedRuns: [
    'tracked-run.deleted',
    async () => {
      const made = await fetch(`${orders.server.address}/api/2.0/mlflow/runs/create`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ experiment_id: '0', user_id: 'eve' }),
      })
      const { run } = (await made.json()) as { run: { info: { run_id: string } } }
      return ada.changeTrackedRuns({ body: { runs: [run.info.run_id], change: { kind: 'delete' } } })
    },
  ],
  addWebhook: [
    'webhook.created',
    () =>
      ada.addWebhook({
        body: { name: 'ci', url: 'https://93.184.215.14/', events: ['run.failed'], active: false, actor: 'user:eve' },
      }),
  ],
  changeWebhook: [
    'webhook.changed',
    () => ada.changeWebhook({ params: { webhook: 'ci' }, body: { name: 'ci2', actor: 'user:eve' } }),
  ],
  removeWebhook: [
    'webhook.removed',
    () => ada.removeWebhook({ params: { webhook: 'ci2' }, query: { actor: 'user:eve' } }),
  ],
  moveExperiments: [
    'experiment.renamed',
    () => ada.moveExperiments({ body: { experiments: ['0'], into: 'moved', actor: 'user:eve' } }),
  ],
  signIn: ['session.opened', signIn],
  signOut: [
    'session.closed',
    async () =>
      fetch(`${orders.server.address}/api/session`, { method: 'DELETE', headers: { cookie: await signIn() } }),
  ],
  makeBackup: [
    'backup.made',
    async () => {
      const { projectDir } = (await ada.project()).applied!
      return ada.makeBackup({ body: { dir: `${projectDir}/backups`, actor: 'user:eve' } })
    },
  ],
  synchronise: [
    'predictor.connected',
    () =>
      ada.synchronise({
        params: { predictor: 'another' },
        body: {
          address: 'http://127.0.0.1:1',
          revision: '',
          featureSeq: 0,
          clock: 0,
          witness: { seq: 0, hash: '' },
          waitMs: 0,
        },
      }),
  ],
})

/** As a browser does. @returns the cookie that it keeps. */
async function signIn(): Promise<string> {
  const response = await fetch(`${orders.server.address}/api/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  })
  return response.headers.get('set-cookie')!.split(';')[0]!
}

/** Those that no event tells of, or whose event another test shows, with the reason. */
const others: Partial<Record<RouteName, string>> = {
  plan: 'changes nothing',
  trackedRunRows: 'changes nothing',
  metricCourses: 'changes nothing',
  advanceClock: 'the passing of time: every event carries it',
  pushRows: 'rows are told when their day is closed into a version, by dataset.version-committed',
  postLabels: 'labels are data, as predictions are',
  shipPredictions: 'predictions are data',
  tryEndpoint: 'a prediction, logged like any other',
  testWebhook: 'an example is sent, and nothing changes here',
  resendWebhook: 'webhook.resent, in test/webhooks/resend.test.ts',
  checkRepository: 'a look; what is found is told by ci.started and those after it',
  receivePackage: 'package.received, in test/delivery/deliver.test.ts',
  approvePackage: 'package.approved, in test/delivery/deliver.test.ts',
  deployPackage: 'package.deployed, in test/delivery/deliver.test.ts',
  rollbackPackage: 'package.rolled-back, in test/delivery/rollback.test.ts',
  rollbackFeatureView: 'feature-view.rolled-back, in test/delivery/rollback.test.ts',
  keepReproduction: 'run.reproduced, in test/delivery/reproduce.test.ts',
  verifyStorage: 'changes nothing where nothing is damaged; storage.repaired, in test/backup/backup.test.ts',
  keepUpgrade: 'upgrade.tried, in test/delivery/upgrade.test.ts',
}

it('knows of every route that changes something whether an event tells of it', () => {
  const changing = (Object.entries(routes) as [RouteName, Route][]).filter(([, { method }]) => method !== 'GET')
  const known = [...Object.keys(told()), ...Object.keys(others)]
  expect(known.sort()).toEqual(changing.map(([name]) => name).sort())
})

it('every change is told with the name of whoever made it, whatever the request says', {
  timeout: 120_000,
}, async () => {
  const { metadata } = orders.server.plane.data
  const missing: string[] = []
  for (const [name, [type, call]] of Object.entries(told()) as [RouteName, Told][]) {
    await metadata.sealed()
    const { seq } = await metadata.eventHead()
    await call()
    const deadline = Date.now() + 10_000
    for (;;) {
      await metadata.sealed()
      const events = await metadata.eventsAfter(seq, 1000)
      if (events.some((event) => event.type === type && event.actor === 'user:ada')) break
      if (Date.now() > deadline) {
        missing.push(`${name}: ${events.map((event) => `${event.type} by ${event.actor}`).join(', ') || 'nothing'}`)
        break
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  expect(missing).toEqual([])
})
