import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { seriousFindings } from './axe.ts'
import { chromiumPath, launchBrowser, picture, visit, whyNoBrowser } from './browser.ts'
import { inAllViews, wide } from './in-all-views.ts'
import { tripRows, tripsDefinition, tripsStart } from './trips.ts'

const day = 86_400_000

describe.skipIf(!chromiumPath)(`data in a browser (${chromiumPath ?? whyNoBrowser})`, { timeout: 120_000 }, () => {
  let folder: string
  let server: RunningServer
  let browser: Browser

  const bring = async (name: string, rows: ReturnType<typeof tripRows>): Promise<void> => {
    const lines = rows.map(({ trip_id, departs_at, lands_at, distance, delay }) =>
      [trip_id, new Date(departs_at).toISOString(), new Date(lands_at).toISOString(), distance, delay].join(','),
    )
    writeFileSync(join(folder, name), `trip_id,departs_at,lands_at,distance,delay\n${lines.join('\n')}\n`)
    await createClient(server.address).ingest({ params: { dataset: 'trips' }, body: { path: name, format: 'csv' } })
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millwright data screens '))
    server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0 })
    await createClient(server.address).apply({
      body: { definition: tripsDefinition(), projectDir: folder, actor: 'ada' },
    })
    await bring('first.csv', tripRows(tripsStart - 20 * day, 200))
    const strange = tripRows(tripsStart - 10 * day, 50).map((row, at) => (at < 7 ? { ...row, distance: 3 } : row))
    await bring('strange.csv', strange)
    await bring('second.csv', tripRows(tripsStart - 5 * day, 100))
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('one sees which batch was refused, why, and the rows that failed', async () => {
    await inAllViews(browser, `${server.address}/data`, 'data-batch', async (page, lookAt) => {
      await page.locator('#main').getByRole('link', { name: 'trips' }).waitFor()
      await lookAt('data')
      await page.getByRole('row', { name: /trips/ }).getByRole('link', { name: /1/ }).click()
      await page.getByText('not between 10 and 20000 in 7 of 50 rows').first().waitFor()
      await page.getByRole('row', { name: /refused/ }).focus()
      await page.keyboard.press('Enter')
      const failing = page.getByRole('table', { name: /Rows that fail/ })
      await failing.waitFor()
      expect(await failing.getByRole('row').count()).toBe(6)
      expect(await failing.locator('.failing').allTextContents()).toEqual(['3', '3', '3', '3', '3'])
    })
  })

  test('columns stand beside their reference, and one of them is opened', async () => {
    const address = `${server.address}/data/trips?tab=columns`
    const { page, errors, context } = await visit(browser, address, wide)
    const columns = page.getByRole('table', { name: 'Columns with their statistics' })
    await columns.getByRole('row', { name: /distance/ }).click()
    await page.getByRole('heading', { name: 'Spread of distance' }).waitFor()
    await page.getByText('this batch (100 values)').waitFor()
    await page.getByText('reference (200 values)').waitFor()
    expect(new URL(page.url()).search).toBe('?tab=columns&column=distance')
    await picture(page, 'data-columns')
    expect(await seriousFindings(page)).toEqual([])
    expect(errors).toEqual([])
    await context.close()
  })

  test('a view of a dataset is kept for it alone', async () => {
    const { page, errors, context } = await visit(browser, `${server.address}/data/trips?state=out`, wide)
    await page.getByText('Views', { exact: true }).click()
    await page.getByLabel('This screen as it is now, under a name').fill('kept out')
    await page.getByRole('button', { name: 'Keep' }).click()
    await page.goto(`${server.address}/data/trips?tab=versions`)
    await page.getByText('Views 1').click()
    await page.getByRole('link', { name: 'kept out' }).click()
    await page.waitForURL('**/data/trips?state=out')
    await page.getByRole('row', { name: /refused/ }).waitFor()
    await page.goto(`${server.address}/project`)
    await page.getByText('Views', { exact: true }).waitFor()
    expect(errors).toEqual([])
    await context.close()
  })

  test('two versions are compared; going back says first what it does, and the screen shows it without a reload', async () => {
    const address = `${server.address}/data/trips?tab=versions`
    const { page, errors, context } = await visit(browser, address, wide)
    await page.getByLabel('Compare version 1').check()
    await page.getByLabel('Compare version 2').check()
    await page.getByRole('heading', { name: 'From @1 to @2' }).waitFor()
    await page.getByText('+100').waitFor()
    await picture(page, 'data-versions')
    expect(await seriousFindings(page)).toEqual([])
    await page.getByRole('button', { name: 'Go back to it' }).click()
    await page.getByText('A new version, trips@3, has the rows of trips@1.').waitFor()
    await page.getByText('1 batch with 100 rows go').waitFor()
    await page.getByLabel('Reason, for the record').fill('a test')
    await page.getByRole('dialog').getByRole('button', { name: 'Go back to it' }).click()
    await page.getByText('trips@3 has the rows of trips@1.').waitFor()
    await page.getByRole('table', { name: 'Versions, newest first' }).getByText('@3', { exact: true }).waitFor()
    await page.locator('dd', { hasText: 'trips@3' }).waitFor()
    expect(errors).toEqual([])
    await context.close()
  })
})
