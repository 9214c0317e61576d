import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { chromiumPath, launchBrowser, visit, whyNoBrowser } from './browser.ts'
import { inAllViews, wide } from './in-all-views.ts'

const name = 'Fraud @2 ü#?%'

describe.skipIf(!chromiumPath)(
  `models that clients register, in a browser (${chromiumPath ?? whyNoBrowser})`,
  { timeout: 120_000 },
  () => {
    let folder: string
    let server: RunningServer
    let browser: Browser
    /** A run with a logged model, which is registered. */
    let fox: string
    const send = async (method: string, path: string, body: object) => {
      const answer = await fetch(`${server.address}/api/2.0/mlflow${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      expect(answer.status).toBe(200)
      return (await answer.json()) as { run: { info: { run_id: string } }; model: { info: { model_id: string } } }
    }
    beforeAll(async () => {
      browser = await launchBrowser()
      folder = await mkdtemp(join(tmpdir(), 'millwright registry '))
      server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0 })
      const { run } = await send('POST', '/runs/create', { experiment_id: '0' })
      const root = `0/${run.info.run_id}/artifacts/model`
      const mlmodel = `signature:\n  inputs: '[{"type": "double", "name": "amount"}]'\n`
      await fetch(`${server.address}/api/2.0/mlflow-artifacts/artifacts/${root}/MLmodel`, {
        method: 'PUT',
        body: mlmodel,
      })
      await send('POST', '/registered-models/create', { name })
      for (let turn = 0; turn < 3; turn += 1)
        await send('POST', '/model-versions/create', {
          name,
          source: `mlflow-artifacts:/${root}`,
          run_id: run.info.run_id,
        })
      await send('POST', '/registered-models/alias', { name, alias: 'champion', version: '2' })
      await send('POST', '/registered-models/alias', { name, alias: 'gone', version: '1' })
      await send('DELETE', '/registered-models/alias', { name, alias: 'gone' })
      await send('POST', '/registered-models/create', { name: 'empty' })
      await send('POST', '/registered-models/create', { name: 'before' })
      await send('POST', '/model-versions/create', { name: 'before', source: 's3://bucket/model' })
      await send('POST', '/registered-models/rename', { name: 'before', new_name: 'after' })
      const tracked = { key: 'mlflow.source.git.commit', value: 'c0ffee0123456789' }
      const { run: made } = await send('POST', '/runs/create', { experiment_id: '0', run_name: 'fox', tags: [tracked] })
      fox = made.info.run_id
      const run_id = fox
      await send('POST', '/runs/log-inputs', {
        run_id,
        datasets: ['payments', 'customers'].map((each) => ({
          dataset: { name: each, digest: 'ab12cd34', source_type: 'local', source: '{}' },
          tags: [{ key: 'mlflow.data.context', value: 'training' }],
        })),
      })
      const { model } = await send('POST', '/logged-models', {
        experiment_id: '0',
        name: 'forest',
        source_run_id: run_id,
      })
      const { model_id } = model.info
      await fetch(`${server.address}/api/2.0/mlflow-artifacts/artifacts/0/models/${model_id}/artifacts/MLmodel`, {
        method: 'PUT',
        body: mlmodel,
      })
      await send('PATCH', `/logged-models/${model_id}`, { model_id, status: 'LOGGED_MODEL_READY' })
      await send('POST', '/runs/outputs', { run_id, models: [{ model_id, step: 0 }] })
      await send('POST', '/registered-models/create', { name: 'tracked' })
      await send('POST', '/model-versions/create', { name: 'tracked', source: `models:/${model_id}`, run_id, model_id })
    }, 120_000)
    afterAll(async () => {
      await browser?.close()
      await server?.close()
      await rm(folder, { recursive: true, force: true })
    })

    test('they stand among the others, and each version opens', async () => {
      const { page, context, errors } = await visit(browser, `${server.address}/models`, wide)
      await page.getByRole('link', { name: 'after', exact: true }).waitFor()
      await page.getByRole('link', { name: 'empty', exact: true }).waitFor()
      await page.getByRole('link', { name, exact: true }).click()
      await page
        .getByRole('table', { name: `Versions of ${name}` })
        .getByRole('link', { name: `${name}@2` })
        .click()
      await page.getByText('amount (FP64)').waitFor()
      await page.getByText(/^mlflow-artifacts:\/0\/[0-9a-f]{32}\/artifacts\/model$/).waitFor()
      await page.getByRole('tab', { name: 'Lineage' }).click()
      await page.getByText(`${name}@2`).first().waitFor()
      await page.getByRole('navigation', { name: 'Up' }).getByRole('link', { name }).click()
      const aliases = page.getByRole('region', { name: 'Aliases' })
      await aliases.getByText('champion').first().waitFor()
      expect(await aliases.getByRole('listitem').allInnerTexts()).toHaveLength(3)
      expect(await aliases.getByRole('listitem').first().innerText()).toMatch(/gone[\s\S]*@1 →\s*nothing/)
      expect(errors).toEqual([])
      await context.close()
    })

    test('a version leads to the logged model, the run that made it and its data, each to its screen', async () => {
      await inAllViews(browser, `${server.address}/models/tracked/1?tab=lineage`, 'tracked-lineage', (page) =>
        page
          .getByRole('region', { name: 'Lineage of tracked@1' })
          .getByRole('link', { name: /payments/ })
          .waitFor(),
      )
      const { page, context, errors } = await visit(browser, `${server.address}/models/tracked/1?tab=lineage`, wide)
      const graph = page.getByRole('region', { name: 'Lineage of tracked@1' })
      await graph.getByRole('link', { name: /tracked run.*fox/ }).waitFor()
      await graph.getByText('commit c0ffee012345').waitFor()
      await graph.getByRole('link', { name: /logged model.*forest/ }).click()
      await page.getByRole('table', { name: 'Files' }).getByText('MLmodel').first().waitFor()
      await page.goBack()
      await graph.getByRole('link', { name: /logged dataset.*payments/ }).click()
      // The runs that read it: one.
      const runs = page.getByRole('grid', { name: 'Runs' })
      await runs.getByRole('link', { name: 'fox' }).waitFor()
      expect(await runs.getByRole('link').count()).toBe(1)
      await page.goBack()
      await graph.getByRole('link', { name: /tracked run/ }).click()
      await page.getByRole('heading', { name: 'fox' }).waitFor()
      await page.getByText('customers').waitFor()
      await page.goto(`${server.address}/models/tracked/1`)
      const how = page.locator('.panel', { has: page.getByRole('heading', { name: 'How it was made' }) })
      await how.getByRole('link', { name: 'payments' }).waitFor()
      await how.getByRole('link', { name: 'fox' }).waitFor()
      // Nobody said its task: what would be a yes is not known.
      expect(await how.getByText('Threshold').count()).toBe(0)
      // A run that is deleted says so without being asked again.
      await send('POST', '/runs/delete', { run_id: fox })
      await how.getByText('deleted, in Default').waitFor()
      expect(errors).toEqual([])
      await context.close()
    })

    test('on screens of any width', async () => {
      const model = encodeURIComponent(name)
      await inAllViews(browser, `${server.address}/models`, 'registered-models', (page) =>
        page.getByRole('link', { name: 'after', exact: true }).waitFor(),
      )
      await inAllViews(browser, `${server.address}/models/${model}`, 'registered-versions', (page) =>
        page.getByText('champion').first().waitFor(),
      )
      await inAllViews(browser, `${server.address}/models/${model}/2`, 'registered-version', (page) =>
        page.getByText('amount (FP64)').waitFor(),
      )
    })
  },
)
