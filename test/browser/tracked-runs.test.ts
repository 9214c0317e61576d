import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { chromiumPath, visit, whyNoBrowser } from './browser.ts'
import { inAllViews, wide } from './in-all-views.ts'
import { began, LoggedRuns, names, table } from './logged-runs.ts'

const manyRuns = 30_000
const manyMetrics = 1_000

describe.skipIf(!chromiumPath)(
  `runs of scripts in a browser (${chromiumPath ?? whyNoBrowser})`,
  { timeout: 180_000 },
  () => {
    const here = new LoggedRuns()

    test('a filter is completed, underlined where it is wrong, and kept in the address', async () => {
      const { page, errors, context } = await visit(
        here.browser,
        `${here.server.address}/experiments/${here.flights}`,
        wide,
      )
      await expect.poll(() => names(page)).toHaveLength(5)
      const field = page.getByRole('combobox', { name: 'Filter the runs' })
      const options = page.getByRole('listbox', { name: 'What can come next' }).getByRole('option')
      await page.keyboard.press('/')
      await page.keyboard.type('metrics.va')
      await options.getByText('metrics.`val loss`').waitFor()
      await page.keyboard.press('Tab')
      expect(await field.inputValue()).toBe('metrics.`val loss` ')
      await page.keyboard.type('< 0.2 AND params.opt')
      await options.getByText('params.optimizer').waitFor()
      await page.keyboard.press('ArrowDown')
      await page.keyboard.press('Enter')
      await page.keyboard.type("= 'a")
      await options.getByText("'adam'").waitFor()
      await page.keyboard.press('Tab')
      expect(await field.inputValue()).toBe("metrics.`val loss` < 0.2 AND params.optimizer = 'adam' ")
      await expect.poll(() => names(page)).toEqual(['night-3', 'night-1'])
      await page.reload()
      await expect.poll(() => names(page)).toEqual(['night-3', 'night-1'])
      await field.fill("metrcs.loss < 1 AND params.rate = '1'")
      await field.blur()
      await page.getByText('Character 1: there is no kind of field metrcs').waitFor()
      await page.getByText('Did you mean metrics?').waitFor()
      expect(await page.locator('.mirror mark').textContent()).toBe('metrcs.loss')
      // What the last right one found stays.
      expect(await names(page)).toEqual(['night-3', 'night-1'])
      await inAllViews(
        here.browser,
        `${here.server.address}/experiments/${here.flights}?q=${encodeURIComponent('metrics.loss <')}`,
        'tracked-runs-wrong-filter',
        async (each) => {
          await each.getByText('expected a number for metrics.loss').waitFor()
          await expect.poll(() => names(each)).toHaveLength(5)
        },
      )
      expect(errors).toEqual([])
      await context.close()
    })

    test('one sorts, picks columns, keeps the view, and takes it along as a file', async () => {
      const { page, errors, context } = await visit(
        here.browser,
        `${here.server.address}/experiments/${here.flights}`,
        wide,
      )
      await table(page).getByText('0.3573').first().waitFor()
      await table(page).getByRole('columnheader', { name: 'val loss' }).getByRole('button').click()
      await expect.poll(() => names(page)).toEqual(['night-0', 'night-1', 'night-2', 'night-3', 'night-4'])
      await page.getByText(/^Columns \d+$/).click()
      await page.getByLabel('Find a column').fill('own')
      await page.getByLabel('owner').check()
      for (const again of [false, true]) {
        if (again) await page.reload()
        await expect.poll(() => names(page)).toHaveLength(5)
        // A new column is the last one.
        await page.evaluate(`document.querySelector('.wide-table').scrollLeft = 1e9`)
        await table(page).getByText('grace').first().waitFor()
      }
      await page.getByText('Views').click()
      await page.getByLabel('This screen as it is now, under a name').fill('by owner')
      await page.getByRole('button', { name: 'Keep' }).click()
      const [file] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'CSV', exact: true }).click(),
      ])
      const lines = readFileSync(await file.path(), 'utf8')
        .trim()
        .split('\r\n')
      expect(lines).toHaveLength(6)
      expect(lines[0]).toContain('run_id,run_name,status')
      expect(lines[0]).toContain('metrics.val loss')
      expect(lines[0]).toContain('tags.owner')
      expect(lines[1]).toContain('night-0')
      expect(lines[1]).toContain('ada')
      await page.goto(`${here.server.address}/experiments/${here.flights}`)
      await page.getByText('Views 1').click()
      await page.getByRole('link', { name: 'by owner' }).click()
      await expect.poll(() => names(page)).toEqual(['night-0', 'night-1', 'night-2', 'night-3', 'night-4'])
      expect(errors).toEqual([])
      await context.close()
    })

    test('chosen runs are tagged, deleted and restored, and say before what will happen', async () => {
      const { page, errors, context } = await visit(
        here.browser,
        `${here.server.address}/experiments/${here.flights}`,
        wide,
      )
      await page.getByLabel('Choose night-3').check()
      await page.getByLabel('Choose night-4').check()
      await page.getByRole('button', { name: 'Tag', exact: true }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByText('2 runs will have this tag.').waitFor()
      await dialog.getByLabel('Tag', { exact: true }).fill('reviewed')
      await dialog.getByLabel('Value').fill('yes')
      await dialog.getByRole('button', { name: 'Tag', exact: true }).click()
      await page.getByText('2 runs tagged reviewed').waitFor()
      await page.goto(
        `${here.server.address}/experiments/${here.flights}?q=${encodeURIComponent("tags.reviewed = 'yes'")}&pick=all`,
      )
      await expect.poll(() => names(page)).toEqual(['night-4', 'night-3'])
      await page.getByRole('button', { name: 'Delete' }).click()
      await dialog.getByText('They can be restored there').waitFor()
      await dialog.getByLabel('Reason, for the record').fill('too old')
      await dialog.getByRole('button', { name: 'Delete' }).click()
      await page.getByText('No run fits').waitFor()
      await page.getByLabel('Lifecycle').selectOption('deleted')
      await expect.poll(() => names(page)).toEqual(['night-4', 'night-3'])
      await page.getByRole('button', { name: 'Choose all' }).click()
      await page.getByRole('button', { name: 'Restore' }).click()
      await dialog.getByRole('button', { name: 'Restore' }).click()
      await page.getByText('2 runs restored').waitFor()
      // The log has it, with the reason and the way to the run.
      await page.goto(`${here.server.address}/events?text=too`)
      await page.getByText('the run night-3 was deleted: too old').waitFor()
      expect(errors).toEqual([])
      await context.close()
    })

    test('while a run logs, its screen and the table show it', async () => {
      const run = await here.script.start(here.flights, 'live one')
      const point = (step: number) => ({ key: 'loss', value: 1 / (step + 1), step, timestamp: Date.now() })
      await here.script.log(run, { metrics: [point(0)] })
      const [one, all] = await Promise.all([
        visit(here.browser, `${here.server.address}/experiments/run/${run}?tab=charts`, wide),
        visit(here.browser, `${here.server.address}/experiments/${here.flights}`, wide),
      ])
      await one.page.getByText('1 point.').waitFor()
      await table(all.page).getByText('live one').waitFor()
      await here.script.log(run, { metrics: [point(1), point(2)] })
      await one.page.getByText('3 points.').waitFor()
      await table(all.page).getByRole('row').filter({ hasText: 'live one' }).getByText('0.3333').waitFor()
      await here.script.end(run, 'KILLED')
      await one.page.locator('.screen-head').getByText('killed').waitFor()
      await table(all.page).getByRole('row').filter({ hasText: 'live one' }).getByText('killed').waitFor()
      expect([...one.errors, ...all.errors]).toEqual([])
      await one.context.close()
      await all.context.close()
    })

    test(`${manyRuns.toLocaleString('en')} runs with ${manyMetrics.toLocaleString('en')} metrics have few nodes, at both ends`, async () => {
      const wideOne = await here.script.experiment('many')
      const { metadata } = here.server.plane.data
      const metric = (place: number): string => `m${String(place).padStart(3, '0')}`
      const idOf = (place: number): string => place.toString(16).padStart(32, '0')
      for (let from = 0; from < manyRuns; from += 5_000)
        await metadata.transaction(async ({ tracking }) => {
          for (let place = from; place < from + 5_000; place += 1)
            await tracking.insertRun({
              id: idOf(place),
              experimentId: wideOne,
              name: `many-${place}`,
              user: 'ada',
              status: 'FINISHED',
              startedAt: began + place,
              endedAt: began + place + 1000,
              isDeleted: false,
              deletedAt: null,
            })
        })
      // The ends and the middle have all of them.
      for (const place of [0, 1, manyRuns / 2, manyRuns - 2, manyRuns - 1])
        await here.script.log(idOf(place), {
          metrics: Array.from({ length: manyMetrics }, (_, at) => ({
            key: metric(at),
            value: place + at / 1000,
            step: 0,
            timestamp: began,
          })),
        })
      const address = `${here.server.address}/experiments/${wideOne}?columns=all`
      await inAllViews(here.browser, address, 'tracked-runs-many', async (page) => {
        await table(page)
          .getByText(`many-${manyRuns - 1}`)
          .waitFor()
        expect(await table(page).getAttribute('aria-rowcount')).toBe(String(manyRuns + 1))
        expect(await page.locator('*').count()).toBeLessThan(2_500)
      })
      const { page, errors, context } = await visit(here.browser, address, wide)
      await table(page)
        .getByText(`many-${manyRuns - 1}`)
        .waitFor()
      expect(Number(await table(page).getAttribute('aria-colcount'))).toBeGreaterThan(manyMetrics)
      await page.evaluate(
        `{ const box = document.querySelector('.wide-table'); box.scrollTop = 1e9; box.scrollLeft = 1e9 }`,
      )
      await table(page).getByRole('row').filter({ hasText: 'many-0' }).getByText('0.999', { exact: true }).waitFor()
      expect(await page.locator('*').count()).toBeLessThan(2_500)
      await table(page).locator('tbody tr[data-row]').last().focus()
      await page.keyboard.press('Home')
      await table(page)
        .getByText(`many-${manyRuns - 1}`)
        .waitFor()
      await page.getByRole('combobox', { name: 'Filter the runs' }).fill('metrics.m500 > 100')
      await expect.poll(() => table(page).getAttribute('aria-rowcount')).toBe('4')
      expect(errors).toEqual([])
      await context.close()
    })
  },
)
