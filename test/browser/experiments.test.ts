import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { chromiumPath, visit, whyNoBrowser } from './browser.ts'
import { inAllViews, wide } from './in-all-views.ts'
import { began, LoggedRuns, names, table } from './logged-runs.ts'

describe.skipIf(!chromiumPath)(
  `experiments in a browser (${chromiumPath ?? whyNoBrowser})`,
  { timeout: 180_000 },
  () => {
    const here = new LoggedRuns()

    test('one finds an experiment, and its runs', async () => {
      await inAllViews(here.browser, `${here.server.address}/experiments`, 'experiments', async (page) => {
        await page.getByRole('table', { name: 'Experiments' }).getByText('flights').waitFor()
      })
      const { page, errors, context } = await visit(here.browser, `${here.server.address}/experiments`, wide)
      const row = page.getByRole('row').filter({ hasText: 'flights' })
      expect(await row.getByRole('cell').nth(2).textContent()).toBe('5')
      await page.getByLabel('Choose flights').check()
      await page.getByLabel('Choose wide').check()
      await page.getByRole('link', { name: 'Show runs of 2' }).click()
      await page.getByRole('heading', { name: '2 experiments' }).waitFor()
      await expect.poll(() => names(page)).toEqual(['night-4', 'night-3', 'night-2', 'night-1', 'night-0'])
      await page.getByRole('link', { name: 'Experiments' }).first().click()
      await row.getByRole('link', { name: 'flights' }).click()
      await page.getByRole('heading', { name: 'flights' }).waitFor()
      await context.close()
      expect(errors).toEqual([])
      await inAllViews(
        here.browser,
        `${here.server.address}/experiments/${here.flights}`,
        'tracked-runs',
        async (each) => {
          await expect.poll(() => names(each)).toHaveLength(5)
          await table(each).getByText('finished').first().waitFor()
        },
      )
    })

    test('experiments lie in folders: one opens them, sees all runs below, and moves them, from the keyboard too', async () => {
      for (const name of ['team/churn/baseline', 'team/churn/trees', 'team/fraud']) {
        const made = await here.script.experiment(name)
        await here.script.start(made, `run of ${name}`, began)
      }
      const entries = (page: Page) =>
        page.getByRole('table', { name: 'Experiments' }).locator('tbody td:nth-child(2) a').allTextContents()
      await inAllViews(here.browser, `${here.server.address}/experiments?folder=team`, 'folders', async (page) => {
        await expect.poll(() => entries(page)).toEqual(['churn/', 'fraud'])
        await page.getByRole('link', { name: '2 below' }).waitFor()
      })
      const { page, errors, context } = await visit(here.browser, `${here.server.address}/experiments`, wide)
      await page.getByRole('link', { name: 'team/' }).click()
      await expect.poll(() => entries(page)).toEqual(['churn/', 'fraud'])
      await page.getByRole('link', { name: 'churn/' }).click()
      await expect.poll(() => entries(page)).toEqual(['baseline', 'trees'])
      await page.getByRole('link', { name: 'Show all runs below' }).click()
      await expect.poll(() => names(page)).toHaveLength(2)
      await page.getByRole('heading', { name: 'All of team/churn' }).waitFor()
      await page.getByRole('navigation', { name: 'Up' }).getByText('churn').click()
      await page.getByRole('button', { name: 'Move folder' }).focus()
      await page.keyboard.press('Enter')
      const field = page.getByRole('textbox', { name: 'What it is called then' })
      await field.fill('archive/churn')
      await page.getByText('archive/churn/trees').waitFor()
      await page.screenshot({ path: 'test-results/folders-move.png' })
      await field.press('Enter')
      await expect.poll(() => page.url()).toContain('archive')
      await expect.poll(() => entries(page)).toEqual(['baseline', 'trees'])
      // A name that is taken is said before anything happens.
      const taken = await here.script.experiment('team/trees')
      expect(taken).not.toBe('')
      await page.getByLabel('Choose archive/churn/trees').check()
      await page.getByRole('button', { name: 'Move 1' }).click()
      await page.getByRole('textbox', { name: 'Into the folder' }).fill('team')
      await page.getByText('there is already an experiment "team/trees"').waitFor()
      await page.keyboard.press('Escape')
      await page.getByRole('searchbox').fill('fraud')
      await page.getByText('No experiment fits').waitFor()
      await page.getByRole('navigation', { name: 'Folder' }).getByRole('link', { name: 'All' }).click()
      await page.getByRole('searchbox').fill('fraud')
      await expect.poll(() => entries(page)).toEqual(['team/fraud'])
      await context.close()
      // The name that is taken is a refusal.
      expect(errors.filter((error) => !error.includes('409'))).toEqual([])
    })

    test('the palette finds experiments and runs of scripts', async () => {
      const { page, errors, context } = await visit(here.browser, here.server.address, wide)
      await page.getByRole('heading', { name: 'The loop' }).waitFor()
      await page.keyboard.press('Control+k')
      await page.getByRole('combobox').fill('flig')
      await page.getByRole('option').getByText('experiment, number').waitFor()
      await page.getByRole('combobox').fill('night-2')
      await page.getByRole('option').getByText('run of a script, finished').waitFor()
      await page.getByRole('combobox').fill(here.runs[2]!)
      await page.getByRole('option').getByText('run of a script, finished').click()
      await page.waitForURL(`**/experiments/run/${here.runs[2]}`)
      await page.getByRole('heading', { name: 'night-2' }).waitFor()
      expect(errors).toEqual([])
      await context.close()
    })
  },
)
