import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { chromiumPath, visit, whyNoBrowser } from './browser.ts'
import { inAllViews, wide } from './in-all-views.ts'
import { LoggedRuns } from './logged-runs.ts'

describe.skipIf(!chromiumPath)(
  `a run of a script in a browser (${chromiumPath ?? whyNoBrowser})`,
  { timeout: 180_000 },
  () => {
    const here = new LoggedRuns()

    test('a run shows what went in, what it measured and what it left', async () => {
      const [first] = here.runs
      await inAllViews(
        here.browser,
        `${here.server.address}/#/experiments/${here.flights}/runs/${first}`,
        'tracked-run',
        async (page) => {
          await page.waitForURL(`**/experiments/run/${first}`)
          await page.getByRole('table', { name: 'Params' }).getByText('optimizer').waitFor()
          await page.getByText('abc123').waitFor()
        },
      )
      await inAllViews(
        here.browser,
        `${here.server.address}/experiments/run/${first}?tab=charts&smooth=0.6`,
        'tracked-run-charts',
        async (page) => {
          await page.getByRole('region', { name: 'val loss' }).locator('.u-over').waitFor()
          await page.getByText('60 points; smoothed by 0.6.').first().waitFor()
        },
      )
      await inAllViews(
        here.browser,
        `${here.server.address}/experiments/run/${first}?tab=files&path=eval.json`,
        'tracked-run-files',
        async (page) => {
          await page.getByRole('table', { name: 'Files' }).getByText('notes/').waitFor()
          await page.getByText('1 of 1 rows, 2 columns').waitFor()
        },
      )
      const { page, errors, context } = await visit(
        here.browser,
        `${here.server.address}/experiments/run/${first}?tab=files`,
        wide,
      )
      const files = page.getByRole('table', { name: 'Files' })
      await files.getByText('rows.csv').click()
      await page.getByText('2 of 2 rows, 2 columns').waitFor()
      await files.getByText('dot.png').click()
      await page.getByRole('img', { name: 'dot.png' }).waitFor()
      await files.getByText('page.html').click()
      await page.getByText('taken over').waitFor()
      expect(await page.title()).not.toBe('taken over')
      await files.getByText('notes/').click()
      await files.getByText('read me.txt').click()
      await page.getByText('a note about it').waitFor()
      const [file] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('link', { name: 'Save' }).click(),
      ])
      expect(readFileSync(await file.path(), 'utf8')).toBe('a note about it')
      await page.getByRole('tab', { name: 'System 1' }).click()
      await page.getByRole('heading', { name: 'system/cpu_utilization_percentage' }).waitFor()
      await page.getByRole('tab', { name: 'Charts 2' }).click()
      await page.getByLabel('Axis').selectOption('relative')
      await page.getByLabel('Scale').selectOption('xy')
      await page.getByRole('region', { name: 'loss', exact: true }).locator('.u-over').waitFor()
      await page.goto(`${here.server.address}/experiments/run/${'0'.repeat(32)}`)
      await page.getByText('not found').waitFor()
      expect(errors.filter((error) => !error.includes('404'))).toEqual([])
      await context.close()
    })
  },
)
