import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Definition } from '../../src/contract/definition.ts'
import type { PredictionRecord } from '../../src/contract/serving.ts'
import { numericReference } from '../../src/domain/training/reference.ts'
import { createClient } from '../../src/sdk/client.ts'
import {
  atLeast,
  boostedTrees,
  dataset,
  defineProject,
  drift,
  endpoint,
  entity,
  featureView,
  hours,
  key,
  model,
  number,
  ref,
  time,
} from '../../src/sdk/index.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { chromiumPath, launchBrowser, visit, whyNoBrowser } from './browser.ts'
import { inAllViews, wide } from './in-all-views.ts'

const hour = 3_600_000
const start = Date.UTC(2001, 1, 1)

const shop = entity('shop', 'shop')
const orders = dataset('orders', {
  columns: { order_id: key(), at: time(), shop: ref(shop), price: number('eur'), returned: number() },
})
  .happensAt('at')
  .derive((c) => ({ hour_later: c.at.plus(hours(1)) }))
  .knownAt('hour_later', 'returned')
const habits = featureView('habits', {
  entity: shop,
  from: orders,
  by: 'shop',
  features: (f) => ({
    returns_6h: f.returned.mean().over(hours(6)),
    returned_share: f.returned.atLeast(1).share().over(hours(24)),
  }),
})
const returns = model('returns', {
  predicts: orders.column('returned').atLeast(1),
  from: orders,
  inputs: [orders.pick('price'), habits.of('shop')],
  train: boostedTrees({ trees: 10 }),
  gates: [atLeast('auc', 0.5)],
})
const answers = endpoint('returns', returns)

const definition = (): Definition =>
  defineProject('shop', {
    replayFrom: new Date(start),
    entities: [shop],
    datasets: [orders],
    features: [habits],
    endpoints: [answers],
    monitors: [drift(answers)],
  }).define((file) => file)

describe.skipIf(!chromiumPath)(`features in a browser (${chromiumPath ?? whyNoBrowser})`, { timeout: 120_000 }, () => {
  let folder: string
  let server: RunningServer
  let browser: Browser

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millwright features '))
    server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0 })
    const client = createClient(server.address)
    const { hash: definitionHash } = await client.apply({
      body: { definition: definition(), projectDir: folder, actor: 'ada' },
    })
    // Of north 1, 0, 1, 0, … come back, of south none; pushed rows count at once, before their day is over.
    const rows = Array.from({ length: 96 }, (_, row) => ({
      order_id: `o${row}`,
      at: start - 48 * hour + Math.floor(row / 2) * hour,
      shop: row % 2 === 0 ? 'north' : 'south',
      price: 10 + (row % 7),
      returned: row % 4 === 0 ? 1 : 0,
    }))
    await client.pushRows({ params: { dataset: 'orders' }, body: { rows } })
    await asked(definitionHash)
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** A version that serves, and a day of what it was asked: what it is given has moved away from what it learnt. */
  async function asked(definitionHash: string): Promise<void> {
    const { registry, data, predictions } = server.plane
    const learnt = Array.from({ length: 1000 }, (_, at) => at / 1000)
    const columns = definition()
      .models[0]!.inputs.filter(({ from }) => from.kind === 'feature')
      .map(({ name }) => numericReference(name, learnt))
    const reference = new TextEncoder().encode(JSON.stringify({ rows: 1000, columns }))
    const { id } = await registry.add(
      {
        model: 'returns',
        task: 'binary',
        modelHash: '1'.repeat(64),
        onnxHash: null,
        signature: { request: [], inputs: [], outputs: [] },
        definitionHash,
        runId: null,
        datasetVersion: null,
        trainedUntil: null,
        trainedRows: null,
        previous: null,
        evaluation: null,
        verdicts: [],
        importance: [],
        referenceHash: (await data.blobs.put(reference)).hash,
        goldenHash: null,
        cardHash: null,
        brief: null,
        threshold: 0.5,
        madeBy: 'user:ada',
      },
      'registered',
      'is registered',
    )
    await data.metadata.transaction((writer) => writer.update('endpoint', 'returns', { serving: id }))
    const lines = Array.from({ length: 300 }, (_, at) => {
      const record: PredictionRecord = {
        id: `s.${at}`,
        requestId: 'r',
        endpoint: 'returns',
        version: id,
        role: 'primary',
        key: null,
        time: start,
        eventTime: start,
        request: {},
        // The second stays as it was.
        inputs: Object.fromEntries(columns.map(({ name }, place) => [name, place === 0 ? 0.95 : at / 300])),
        featureAgeMs: null,
        score: 0.5,
        output: true,
        error: null,
        latencyUs: 100,
      }
      return `${JSON.stringify(record)}\n`
    })
    await predictions.append('p', '20010201-a-1', 0, new TextEncoder().encode(lines.join('')))
  }

  test('one asks what is known of an entity, now and as of a time, and sees whether models are given what they learnt', async () => {
    await inAllViews(browser, `${server.address}/features`, 'features', async (page) => {
      await page.locator('#main').getByRole('link', { name: 'habits' }).click()
      await page.getByText('mean of returned').first().waitFor()
      await page.getByText('takes 2 of its inputs from it').waitFor()
      await page.getByLabel('Which shop').fill('north')
      await page.getByLabel('As of, UTC').fill('2001-01-31 12:00')
      await page.getByRole('button', { name: 'Look' }).click()
      const known = page.getByRole('table', { name: 'What habits knows of north' })
      await known.waitFor()
      expect(await known.getByRole('row').nth(1).getByRole('cell').nth(1).textContent()).toBe('0.5')
      expect(await known.getByRole('row').nth(2).getByRole('cell').nth(1).textContent()).toBe('50 %')
      const spreads = page.getByRole('table', { name: /Inputs of serving versions/ })
      const moved = spreads.getByRole('row', { name: /returns_6h/ })
      await moved.locator('.mark-warning').waitFor()
      await spreads
        .getByRole('row', { name: /returned_share/ })
        .locator('.mark-good')
        .waitFor()
      await moved.getByText('0.2', { exact: false }).first().waitFor()
      await moved.focus()
      await page.keyboard.press('Enter')
      await page.getByText('asked lately (300 values)').waitFor()
    })
  })

  test('a link holds the question; a time that is none is said, and an entity that never was has nothing', async () => {
    const address = `${server.address}/features/habits?entity=west&at=${start}`
    const { page, context } = await visit(browser, address, wide)
    await page.getByText('No event of west is within the windows.').waitFor()
    await page.getByLabel('As of, UTC').fill('yesterday')
    await page.getByRole('button', { name: 'Look' }).click()
    await page.getByText('Write the time as 2001-06-30 12:00, UTC, or nothing for now.').waitFor()
    await context.close()
  })
})
