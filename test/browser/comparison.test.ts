import type { Locator } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { chromiumPath, visit, whyNoBrowser } from './browser.ts'
import { inAllViews, wide } from './in-all-views.ts'
import { began, course, LoggedRuns } from './logged-runs.ts'

describe.skipIf(!chromiumPath)(
  `compared runs in a browser (${chromiumPath ?? whyNoBrowser})`,
  { timeout: 180_000 },
  () => {
    const here = new LoggedRuns()

    test('runs beside each other: what differs, ranges of axes, and their courses over each other', async () => {
      const compare = here.runs.join(',')
      await inAllViews(
        here.browser,
        `${here.server.address}/experiments/${here.flights}?compare=${compare}`,
        'tracked-comparison',
        async (page) => {
          await page.getByRole('table', { name: 'Params that differ' }).getByText('night-2').waitFor()
          await page.locator('.parallel .run-line').first().waitFor()
        },
      )
      const { page, errors, context } = await visit(
        here.browser,
        `${here.server.address}/experiments/${here.flights}?compare=${compare}`,
        wide,
      )
      const differ = page.getByRole('table', { name: 'Params that differ' })
      await differ.getByText('night-2').waitFor()
      expect(await differ.getByRole('columnheader').allTextContents()).toEqual(['Run', 'Status', 'optimizer', 'rate'])
      await page.getByText('The same in all: 1 param').click()
      await page.getByText('layers = 3').waitFor()
      const axis = page.getByRole('slider', { name: 'Range of rate' })
      const box = (await axis.boundingBox())!
      // The upper half: rates above 0.21.
      await page.mouse.move(box.x + box.width / 2, box.y + 8)
      await page.mouse.down()
      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 4 })
      await page.mouse.up()
      await page.getByText('1 run of 5 within.').waitFor()
      await expect.poll(() => differ.locator('tbody tr').count()).toBe(1)
      await page.reload()
      await page.getByText('1 run of 5 within.').waitFor()
      await axis.focus()
      await page.keyboard.press('Escape')
      await page.getByText('5 runs of 5 within.').waitFor()
      await page.keyboard.press('ArrowUp')
      await page.getByText('4 runs of 5 within.').waitFor()
      await page.getByRole('button', { name: 'Keep all' }).click()
      await page.getByRole('region', { name: 'Scatter' }).locator('circle').nth(4).waitFor()
      await page.getByRole('tab', { name: 'Charts' }).click()
      const loss = page.getByRole('region', { name: 'loss', exact: true })
      await loss.locator('.u-over').waitFor()
      expect(await loss.locator('.legend li').count()).toBe(6)
      expect(errors).toEqual([])
      await context.close()
      await inAllViews(
        here.browser,
        `${here.server.address}/experiments/${here.flights}?compare=${compare}&tab=charts&log=y`,
        'tracked-comparison-charts',
        async (each) => {
          await each.getByRole('region', { name: 'loss', exact: true }).locator('.u-over').waitFor()
        },
      )
    })

    test('twenty runs beside each other are told apart by colour and pattern, in every figure the same', async () => {
      const many = await here.script.experiment('twenty')
      const ids: string[] = []
      for (let place = 0; place < 20; place += 1) {
        const run = await here.script.start(many, `of-twenty-${place}`, began + place)
        const rate = 0.02 + place / 50
        await here.script.log(run, {
          params: { rate: String(rate), seed: String(place % 3) },
          metrics: course(rate, 30),
        })
        await here.script.end(run, 'FINISHED', began + place + 1000)
        ids.push(run)
      }
      const address = `${here.server.address}/experiments/${many}?compare=${ids.join(',')}`
      const drawnAs = (each: Locator) =>
        each.evaluateAll((all) =>
          all.map((one) => [one.getAttribute('stroke'), one.getAttribute('stroke-dasharray') ?? ''].join(' ').trim()),
        )
      await inAllViews(here.browser, address, 'twenty-compared', async (page) => {
        const lines = page.locator('.parallel .run-line')
        await lines.nth(19).waitFor()
        expect(new Set(await drawnAs(lines)).size).toBe(20)
        await page.getByRole('region', { name: 'Scatter' }).locator('circle').nth(19).waitFor()
        expect(
          new Set(await drawnAs(page.locator('.scatter .dot[stroke-dasharray]:not([stroke-dasharray=""])'))).size,
        ).toBe(12)
      })
      await inAllViews(here.browser, `${address}&tab=charts`, 'twenty-compared-charts', async (page) => {
        const loss = page.getByRole('region', { name: 'loss', exact: true })
        await loss.locator('.u-over').waitFor()
        const inLegend = await drawnAs(page.getByRole('list', { name: 'Runs' }).locator('.swatch-line line'))
        expect(inLegend).toHaveLength(20)
        expect(new Set(inLegend).size).toBe(20)
        // The first twelve are named at the chart itself, the same as above it.
        expect(await drawnAs(loss.locator('.legend .swatch-line line'))).toEqual(inLegend.slice(0, 12))
      })
    })
  },
)
