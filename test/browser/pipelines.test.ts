import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Json } from '../../src/contract/pipeline.ts'
import { createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { seriousFindings } from './axe.ts'
import { chromiumPath, launchBrowser, picture, visit, whyNoBrowser } from './browser.ts'
import { inAllViews, wide } from './in-all-views.ts'
import { pricesDefinition } from './prices.ts'

describe.skipIf(!chromiumPath)(`pipelines in a browser (${chromiumPath ?? whyNoBrowser})`, { timeout: 90_000 }, () => {
  let folder: string
  let server: RunningServer
  let browser: Browser

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millwright pipelines '))
    server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0 })
    browser = await launchBrowser()
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const applied = async () => {
    const client = createClient(server.address)
    await client.apply({ body: { definition: pricesDefinition(), projectDir: folder, actor: 'ada' } })
    return client
  }

  test('without a pipeline the screen says what to do', async () => {
    await inAllViews(browser, `${server.address}/pipelines`, 'pipelines-empty', async (page) => {
      await page.getByText('The definition in force has no pipeline').waitFor()
    })
  })

  test('one sees how runs went, what starts the next one, and what each step is', async () => {
    const client = await applied()
    const run = (params: Record<string, Json>) =>
      client.startRun({ body: { pipeline: 'prices', params, wait: true, actor: 'ada', reason: 'a look' } })
    await run({})
    await run({ factor: 0 })
    await run({ publish: true })
    await inAllViews(browser, `${server.address}/pipelines`, 'pipelines', async (page) => {
      const strip = page.getByRole('list', { name: 'The last runs, the newest last' })
      await expect.poll(() => strip.getByRole('link').count()).toBe(3)
      await strip.getByRole('link', { name: /^failed/ }).waitFor()
      await page.getByText('its schedule (0 3 * * *, UTC)').waitFor()
    })
    await inAllViews(browser, `${server.address}/pipelines/prices?step=publish`, 'pipeline', async (page) => {
      await page.getByText('params.publish = true').first().waitFor()
      await page.getByRole('heading', { name: 'Duration of the last runs' }).waitFor()
      await page.getByText('changes the world outside its outputs, so it is never reused').waitFor()
    })
    const { page, errors, context } = await visit(browser, `${server.address}/pipelines/prices`, wide)
    const graph = page.getByRole('region', { name: 'Steps of prices' })
    await graph.getByRole('button', { name: /^publish succeeded/ }).waitFor()
    await page.getByRole('button', { name: /^failed after/ }).click()
    await graph.getByRole('button', { name: /^publish blocked/ }).waitFor()
    expect(errors).toEqual([])
    await context.close()
  })

  test('one starts a run with parameters; what is no number is not sent', async () => {
    await applied()
    const { page, errors, context } = await visit(browser, `${server.address}/pipelines/prices`, wide)
    await page.getByRole('button', { name: 'Start a run' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('publish always runs: it changes the world outside').waitFor()
    const start = dialog.getByRole('button', { name: 'Start a run' })
    await dialog.getByLabel(/^factor/).fill('much')
    await dialog.getByText('factor is a number.').waitFor()
    expect(await start.isDisabled()).toBe(true)
    await dialog.getByLabel(/^factor/).fill('2.5')
    await dialog.getByLabel(/^shops/).fill('["west"]')
    await dialog.getByLabel('Reason, for the record').fill('a look at the west')
    await picture(page, 'start-run', false)
    expect(await seriousFindings(page)).toEqual([])
    await start.click()
    await page.waitForURL('**/runs/run_*')
    await page.getByText('a look at the west').first().waitFor()
    await page.locator('.screen-head').getByText('succeeded after').waitFor()
    await page.getByText('["west"]').or(page.getByText('"west"')).first().waitFor()
    expect(errors).toEqual([])
    await context.close()
  })
})
