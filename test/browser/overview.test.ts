import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { chromiumPath, launchBrowser, picture, visit, whyNoBrowser } from './browser.ts'
import { inAllViews, wide } from './in-all-views.ts'
import { tripRows, tripsDefinition, tripsStart } from './trips.ts'
import { writePast } from './trips-past.ts'

const stageTitles = ['Data', 'Features', 'Pipelines', 'Registry', 'Serving', 'Monitoring', 'Triggers']
const day = 86_400_000

/** Until what the server said of the stages and the events is there. */
const settled = async (page: Page): Promise<void> => {
  await page.getByRole('status').getByText('Live').waitFor()
  await page.locator('.loading').first().waitFor({ state: 'detached' })
  await page.waitForTimeout(300)
}
const timeline = (page: Page) => page.getByRole('region', { name: 'Events, newest first' })

// Pages are loaded from their sources, file by file: a busy machine takes its time.
describe.skipIf(!chromiumPath)(
  `the overview in a browser (${chromiumPath ?? whyNoBrowser})`,
  { timeout: 90_000 },
  () => {
    let folder: string
    let server: RunningServer
    let browser: Browser
    const apply = (owner?: string) =>
      createClient(server.address).apply({
        body: { definition: tripsDefinition(owner ? { owner } : {}), projectDir: folder, actor: 'ada' },
      })

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'millwright screens '))
      server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0 })
      browser = await launchBrowser()
    })
    afterAll(async () => {
      await browser?.close()
      await server?.close()
      rmSync(folder, { recursive: true, force: true })
    })

    test('what happens appears without a reload: an apply, a change of it, rows that are pushed', async () => {
      const { page, errors, context } = await visit(browser, server.address, wide)
      await settled(page)
      await apply()
      await timeline(page).getByText('Project trips applied').waitFor()
      await page.getByText('Warn passengers at departure').waitFor()
      expect(await page.title()).toBe('Overview · trips · Millwright')
      await page.getByText('Replay', { exact: true }).waitFor()
      await page.getByText('2001-02-01 00:00:00', { exact: true }).waitFor()

      await apply('the desk')
      await timeline(page).getByText('1 changed').waitFor()
      await page.getByText('the desk').waitFor()

      const client = createClient(server.address)
      const rows = tripRows(tripsStart - 2 * day, 40)
      await client.pushRows({ params: { dataset: 'trips' }, body: { rows } })
      await client.advanceClock({ body: { to: tripsStart + day } })
      await timeline(page)
        .getByText(/^trips/)
        .first()
        .waitFor()
      const stage = page.locator('[data-stage="data"]')
      await stage.getByText('40 rows in 1 dataset').waitFor()
      await stage.getByText('Good').waitFor()
      await page.getByText('2001-02-02 00:00:00', { exact: true }).waitFor()
      expect(errors).toEqual([])
      await context.close()
    })

    test('an event moves a pulse along the way from its stage; with reduced motion nothing moves', async () => {
      const pulses = (page: Page): Promise<number> =>
        page.evaluate<number>(`document.querySelector('[data-pulse="lifecycle-pipelines"]').getAnimations().length`)
      const fire = () =>
        server.plane.data.metadata.transaction((writer) =>
          writer.emit({ type: 'trigger.suppressed', subject: 'trigger:t', actor: 'system', message: 'Not now' }),
        )
      const { page, context } = await visit(browser, server.address, wide)
      await settled(page)
      await fire()
      await expect.poll(() => pulses(page), { interval: 50, timeout: 5_000 }).toBe(1)
      await page.waitForTimeout(1_500)
      await page.emulateMedia({ reducedMotion: 'reduce' })
      await fire()
      await timeline(page).getByText('Not now').nth(1).waitFor()
      expect(await pulses(page)).toBe(0)
      await context.close()
    })

    test('months of history: the chart, the timeline and its filters, at both widths and in both themes', async () => {
      const { metadata } = server.plane.data
      await writePast(metadata, (to) => server.plane.clock.advance(to, metadata))
      await inAllViews(browser, server.address, 'overview', async (page) => {
        await settled(page)
        await page.locator('.legend').getByText('Frozen late@1').waitFor()
        expect(await page.locator('[data-stage] h3').allTextContents()).toEqual(stageTitles)
        await expect.poll(() => page.locator('.u-wrap canvas').count()).toBe(1)
      })

      const { page, errors, context } = await visit(browser, server.address, wide)
      await settled(page)
      expect(await page.locator('.timeline li').count()).toBeLessThan(40)
      await page.getByRole('button', { name: 'Registry' }).click()
      await timeline(page).getByText('late@3 was refused').waitFor()
      expect(await timeline(page).getByText('rows more').count()).toBe(0)
      expect(await page.getByRole('link', { name: 'model:late@3' }).getAttribute('href')).toBe('/models/late/3')
      expect(new URL(page.url()).search).toBe('?stage=registry')
      await page.reload()
      await timeline(page).getByText('late@3 was refused').waitFor()

      await page.getByLabel('Metric').selectOption('log_loss')
      await page.getByText('Log loss of labelled answers').waitFor()
      await page.getByRole('button', { name: 'Table' }).click()
      const table = page.locator('.chart table')
      expect(await table.locator('th').allTextContents()).toEqual(['Day', 'Serving', 'Frozen late@1'])
      expect(await table.getAttribute('aria-rowcount')).toBe('111')
      expect(await table.locator('tbody tr').count()).toBeLessThan(40)
      await table.getByRole('button', { name: 'Day' }).click()
      await table.locator('th[aria-sort="descending"]').getByText('Day').waitFor()
      await table.locator('tbody tr[data-row="0"]').getByText('2001-05-21').waitFor()
      await table.locator('tbody tr[data-row="0"]').focus()
      await page.keyboard.press('End')
      await expect.poll(() => page.evaluate<string>('document.activeElement.textContent')).toContain('2001-02-01')
      await picture(page, 'overview-table')
      expect(errors).toEqual([])
      await context.close()
    })
  },
)
