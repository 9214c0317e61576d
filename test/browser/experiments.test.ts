import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { chromiumPath, launchBrowser, visit, whyNoBrowser } from './browser.ts'
import { inAllViews, wide } from './in-all-views.ts'
import { Script } from './script.ts'

const manyRuns = 30_000
const manyMetrics = 1_000
/** A picture of one dot. */
const dot = Uint8Array.from(
  Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  ),
)

const began = Date.UTC(2026, 0, 1)
/** A loss that falls, the faster the higher the rate. */
const course = (rate: number, steps: number, key = 'loss') =>
  Array.from({ length: steps }, (_, step) => ({
    key,
    value: 0.05 + Math.exp(-step * rate),
    step,
    timestamp: began + 1000 + step * 1000,
  }))

describe.skipIf(!chromiumPath)(
  `experiments and runs of scripts in a browser (${chromiumPath ?? whyNoBrowser})`,
  { timeout: 180_000 },
  () => {
    let folder: string
    let server: RunningServer
    let script: Script
    let browser: Browser
    let flights: string
    let wideOne: string
    const runs: string[] = []

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'millwright experiments '))
      server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0 })
      script = new Script(server.address)
      flights = await script.experiment('flights')
      for (const [place, rate] of [0.02, 0.05, 0.1, 0.2, 0.4].entries()) {
        const run = await script.start(flights, `night-${place}`, began + place * 60_000)
        await script.log(run, {
          params: { rate: String(rate), optimizer: place % 2 ? 'adam' : 'sgd', layers: '3' },
          tags: { owner: place < 3 ? 'ada' : 'grace' },
          metrics: [
            ...course(rate, 60),
            ...course(rate, 60, 'val loss'),
            { key: 'system/cpu_utilization_percentage', value: 40 + place, step: 0, timestamp: began },
          ],
        })
        await script.end(run, place === 4 ? 'FAILED' : 'FINISHED', began + place * 60_000 + 45_000)
        runs.push(run)
      }
      const [first] = runs
      await script.input(first!, 'orders', 'abc123')
      await script.file(flights, first!, 'notes/read me.txt', 'a note about it')
      await script.file(flights, first!, 'rows.csv', 'a,b\n1,x\n2,y\n')
      await script.file(flights, first!, 'eval.json', '{"columns":["question","score"],"data":[["why",0.5]]}')
      await script.file(flights, first!, 'dot.png', dot)
      await script.file(flights, first!, 'page.html', '<script>document.title = "taken over"</script>')
      wideOne = await script.experiment('wide')
      browser = await launchBrowser()
    }, 120_000)
    afterAll(async () => {
      await browser?.close()
      await server?.close()
      rmSync(folder, { recursive: true, force: true })
    })

    const table = (page: Page) => page.getByRole('grid', { name: 'Runs' })
    const names = (page: Page) => table(page).locator('tbody td.stays a').allTextContents()

    test('one finds an experiment, and its runs', async () => {
      await inAllViews(browser, `${server.address}/experiments`, 'experiments', async (page) => {
        await page.getByRole('table', { name: 'Experiments' }).getByText('flights').waitFor()
      })
      const { page, errors, context } = await visit(browser, `${server.address}/experiments`, wide)
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
      await inAllViews(browser, `${server.address}/experiments/${flights}`, 'tracked-runs', async (each) => {
        await expect.poll(() => names(each)).toHaveLength(5)
        await table(each).getByText('finished').first().waitFor()
      })
    })

    test('experiments lie in folders: one opens them, sees all runs below, and moves them, from the keyboard too', async () => {
      for (const name of ['team/churn/baseline', 'team/churn/trees', 'team/fraud']) {
        const made = await script.experiment(name)
        await script.start(made, `run of ${name}`, began)
      }
      const entries = (page: Page) =>
        page.getByRole('table', { name: 'Experiments' }).locator('tbody td:nth-child(2) a').allTextContents()
      await inAllViews(browser, `${server.address}/experiments?folder=team`, 'folders', async (page) => {
        await expect.poll(() => entries(page)).toEqual(['churn/', 'fraud'])
        await page.getByRole('link', { name: '2 below' }).waitFor()
      })
      const { page, errors, context } = await visit(browser, `${server.address}/experiments`, wide)
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
      const taken = await script.experiment('team/trees')
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

    test('a filter is completed, underlined where it is wrong, and kept in the address', async () => {
      const { page, errors, context } = await visit(browser, `${server.address}/experiments/${flights}`, wide)
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
        browser,
        `${server.address}/experiments/${flights}?q=${encodeURIComponent('metrics.loss <')}`,
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
      const { page, errors, context } = await visit(browser, `${server.address}/experiments/${flights}`, wide)
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
      await page.goto(`${server.address}/experiments/${flights}`)
      await page.getByText('Views 1').click()
      await page.getByRole('link', { name: 'by owner' }).click()
      await expect.poll(() => names(page)).toEqual(['night-0', 'night-1', 'night-2', 'night-3', 'night-4'])
      expect(errors).toEqual([])
      await context.close()
    })

    test('chosen runs are tagged, deleted and restored, and say before what will happen', async () => {
      const { page, errors, context } = await visit(browser, `${server.address}/experiments/${flights}`, wide)
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
        `${server.address}/experiments/${flights}?q=${encodeURIComponent("tags.reviewed = 'yes'")}&pick=all`,
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
      await page.goto(`${server.address}/events?text=too`)
      await page.getByText('the run night-3 was deleted: too old').waitFor()
      expect(errors).toEqual([])
      await context.close()
    })

    test('a run shows what went in, what it measured and what it left', async () => {
      const [first] = runs
      await inAllViews(
        browser,
        `${server.address}/#/experiments/${flights}/runs/${first}`,
        'tracked-run',
        async (page) => {
          await page.waitForURL(`**/experiments/run/${first}`)
          await page.getByRole('table', { name: 'Params' }).getByText('optimizer').waitFor()
          await page.getByText('abc123').waitFor()
        },
      )
      await inAllViews(
        browser,
        `${server.address}/experiments/run/${first}?tab=charts&smooth=0.6`,
        'tracked-run-charts',
        async (page) => {
          await page.getByRole('region', { name: 'val loss' }).locator('.u-over').waitFor()
          await page.getByText('60 points; smoothed by 0.6.').first().waitFor()
        },
      )
      await inAllViews(
        browser,
        `${server.address}/experiments/run/${first}?tab=files&path=eval.json`,
        'tracked-run-files',
        async (page) => {
          await page.getByRole('table', { name: 'Files' }).getByText('notes/').waitFor()
          await page.getByText('1 of 1 rows, 2 columns').waitFor()
        },
      )
      const { page, errors, context } = await visit(
        browser,
        `${server.address}/experiments/run/${first}?tab=files`,
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
      await page.goto(`${server.address}/experiments/run/${'0'.repeat(32)}`)
      await page.getByText('not found').waitFor()
      expect(errors.filter((error) => !error.includes('404'))).toEqual([])
      await context.close()
    })

    test('while a run logs, its screen and the table show it', async () => {
      const run = await script.start(flights, 'live one')
      const point = (step: number) => ({ key: 'loss', value: 1 / (step + 1), step, timestamp: Date.now() })
      await script.log(run, { metrics: [point(0)] })
      const [one, all] = await Promise.all([
        visit(browser, `${server.address}/experiments/run/${run}?tab=charts`, wide),
        visit(browser, `${server.address}/experiments/${flights}`, wide),
      ])
      await one.page.getByText('1 point.').waitFor()
      await table(all.page).getByText('live one').waitFor()
      await script.log(run, { metrics: [point(1), point(2)] })
      await one.page.getByText('3 points.').waitFor()
      await table(all.page).getByRole('row').filter({ hasText: 'live one' }).getByText('0.3333').waitFor()
      await script.end(run, 'KILLED')
      await one.page.locator('.screen-head').getByText('killed').waitFor()
      await table(all.page).getByRole('row').filter({ hasText: 'live one' }).getByText('killed').waitFor()
      expect([...one.errors, ...all.errors]).toEqual([])
      await one.context.close()
      await all.context.close()
    })

    test('runs beside each other: what differs, ranges of axes, and their courses over each other', async () => {
      const compare = runs.join(',')
      await inAllViews(
        browser,
        `${server.address}/experiments/${flights}?compare=${compare}`,
        'tracked-comparison',
        async (page) => {
          await page.getByRole('table', { name: 'Params that differ' }).getByText('night-2').waitFor()
          await page.locator('.parallel .run-line').first().waitFor()
        },
      )
      const { page, errors, context } = await visit(
        browser,
        `${server.address}/experiments/${flights}?compare=${compare}`,
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
        browser,
        `${server.address}/experiments/${flights}?compare=${compare}&tab=charts&log=y`,
        'tracked-comparison-charts',
        async (each) => {
          await each.getByRole('region', { name: 'loss', exact: true }).locator('.u-over').waitFor()
        },
      )
    })

    test('twenty runs beside each other are told apart by colour and pattern, in every figure the same', async () => {
      const many = await script.experiment('twenty')
      const ids: string[] = []
      for (let place = 0; place < 20; place += 1) {
        const run = await script.start(many, `of-twenty-${place}`, began + place)
        const rate = 0.02 + place / 50
        await script.log(run, { params: { rate: String(rate), seed: String(place % 3) }, metrics: course(rate, 30) })
        await script.end(run, 'FINISHED', began + place + 1000)
        ids.push(run)
      }
      const address = `${server.address}/experiments/${many}?compare=${ids.join(',')}`
      const drawnAs = (each: Locator) =>
        each.evaluateAll((all) =>
          all.map((one) => [one.getAttribute('stroke'), one.getAttribute('stroke-dasharray') ?? ''].join(' ').trim()),
        )
      await inAllViews(browser, address, 'twenty-compared', async (page) => {
        const lines = page.locator('.parallel .run-line')
        await lines.nth(19).waitFor()
        expect(new Set(await drawnAs(lines)).size).toBe(20)
        await page.getByRole('region', { name: 'Scatter' }).locator('circle').nth(19).waitFor()
        expect(
          new Set(await drawnAs(page.locator('.scatter .dot[stroke-dasharray]:not([stroke-dasharray=""])'))).size,
        ).toBe(12)
      })
      await inAllViews(browser, `${address}&tab=charts`, 'twenty-compared-charts', async (page) => {
        const loss = page.getByRole('region', { name: 'loss', exact: true })
        await loss.locator('.u-over').waitFor()
        const inLegend = await drawnAs(page.getByRole('list', { name: 'Runs' }).locator('.swatch-line line'))
        expect(inLegend).toHaveLength(20)
        expect(new Set(inLegend).size).toBe(20)
        // The first twelve are named at the chart itself, the same as above it.
        expect(await drawnAs(loss.locator('.legend .swatch-line line'))).toEqual(inLegend.slice(0, 12))
      })
    })

    test('the palette finds experiments and runs of scripts', async () => {
      const { page, errors, context } = await visit(browser, server.address, wide)
      await page.getByRole('heading', { name: 'The loop' }).waitFor()
      await page.keyboard.press('Control+k')
      await page.getByRole('combobox').fill('flig')
      await page.getByRole('option').getByText('experiment, number').waitFor()
      await page.getByRole('combobox').fill('night-2')
      await page.getByRole('option').getByText('run of a script, finished').waitFor()
      await page.getByRole('combobox').fill(runs[2]!)
      await page.getByRole('option').getByText('run of a script, finished').click()
      await page.waitForURL(`**/experiments/run/${runs[2]}`)
      await page.getByRole('heading', { name: 'night-2' }).waitFor()
      expect(errors).toEqual([])
      await context.close()
    })

    test(`${manyRuns.toLocaleString('en')} runs with ${manyMetrics.toLocaleString('en')} metrics have few nodes, at both ends`, async () => {
      const { metadata } = server.plane.data
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
        await script.log(idOf(place), {
          metrics: Array.from({ length: manyMetrics }, (_, at) => ({
            key: metric(at),
            value: place + at / 1000,
            step: 0,
            timestamp: began,
          })),
        })
      const address = `${server.address}/experiments/${wideOne}?columns=all`
      await inAllViews(browser, address, 'tracked-runs-many', async (page) => {
        await table(page)
          .getByText(`many-${manyRuns - 1}`)
          .waitFor()
        expect(await table(page).getAttribute('aria-rowcount')).toBe(String(manyRuns + 1))
        expect(await page.locator('*').count()).toBeLessThan(2_500)
      })
      const { page, errors, context } = await visit(browser, address, wide)
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
