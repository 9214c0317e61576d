import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Json } from '../../src/contract/pipeline.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { chromiumPath, launchBrowser, visit, whyNoBrowser } from './browser.ts'
import { inAllViews, wide } from './in-all-views.ts'
import { pricesDefinition } from './prices.ts'

const manyRuns = 20_000

describe.skipIf(!chromiumPath)(`runs in a browser (${chromiumPath ?? whyNoBrowser})`, { timeout: 120_000 }, () => {
  let folder: string
  let server: RunningServer
  let client: Client
  let browser: Browser
  let good: string
  let again: string
  let failed: string

  const run = async (params: Record<string, Json>, wait = true): Promise<string> => {
    const answer = await client.startRun({ body: { pipeline: 'prices', params, wait, actor: 'ada', reason: 'a look' } })
    return answer.run.id
  }
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millwright runs '))
    server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0 })
    client = createClient(server.address)
    await client.apply({ body: { definition: pricesDefinition(), projectDir: folder, actor: 'ada' } })
    good = await run({})
    again = await run({ note: 'with a note' })
    failed = await run({ factor: 0 })
    browser = await launchBrowser()
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('one finds the run that failed, and reads first why', async () => {
    const { page, errors, context } = await visit(browser, `${server.address}/runs`, wide)
    const table = page.getByRole('table', { name: 'Runs' })
    await table.getByText('failed').waitFor()
    expect(await table.locator('tbody tr').count()).toBe(3)
    await page.getByLabel('State').selectOption('failed')
    await expect.poll(() => table.locator('tbody tr').count()).toBe(1)
    // The address holds what was chosen.
    await page.reload()
    await expect.poll(() => table.locator('tbody tr').count()).toBe(1)
    await table.locator('tbody tr').focus()
    await page.keyboard.press('Enter')
    await page.waitForURL(`**/runs/${failed}`)
    const why = page.getByRole('region', { name: 'check failed' })
    await why.getByText('a factor of 0 makes every price 0').first().waitFor()
    await why.getByRole('alert').getByText('exit code 3').waitFor()
    expect(errors).toEqual([])
    await context.close()
    await inAllViews(browser, `${server.address}/runs/${failed}`, 'run-failed', async (each) => {
      await each.getByRole('region', { name: 'check failed' }).getByText('checking prices').waitFor()
      await each.getByRole('button', { name: /publish/ }).waitFor()
    })
  })

  test('a log is followed while its step runs, and the page is true at its end without being read again', async () => {
    const id = await run({ lines: 30, note: 'live' }, false)
    const { page, errors, context } = await visit(browser, `${server.address}/runs/${id}?step=talk`, wide)
    const log = page.getByRole('region', { name: 'Log of talk', exact: true })
    await log.getByText('line 3', { exact: true }).waitFor()
    expect(await log.getByText('line 29', { exact: true }).count()).toBe(0)
    await log.getByText('line 29', { exact: true }).waitFor()
    const atEnd = () =>
      log.evaluate((box: { scrollHeight: number; scrollTop: number; clientHeight: number }) => {
        return box.scrollHeight - box.scrollTop - box.clientHeight
      })
    await expect.poll(atEnd).toBeLessThan(2)
    await page.locator('.screen-head').getByText('succeeded after').waitFor()
    await page.getByRole('tab', { name: 'Resources' }).click()
    const memory = page.getByRole('region', { name: 'Memory' })
    await memory.getByRole('button', { name: 'Table' }).click()
    const looks = await memory.getByRole('row').filter({ hasText: ' MB' }).count()
    expect(looks).toBeGreaterThan(3)
    await page.getByRole('region', { name: 'Cores in use' }).locator('.u-over').waitFor()
    expect(errors).toEqual([])
    await context.close()
  })

  test('a run says why each step ran or not, what it took and what it made', async () => {
    const { page, errors, context } = await visit(browser, `${server.address}/runs/${again}?step=talk&part=why`, wide)
    const parts = page.getByRole('table', { name: 'What the step depends on' })
    const changed = parts.getByRole('row').filter({ hasText: 'changed' })
    await changed.getByText('parameter note').waitFor()
    expect(await changed.locator('del').textContent()).toBe('by hand')
    expect(await changed.locator('ins').textContent()).toBe('with a note')
    await page.getByRole('button', { name: /^fetch/ }).click()
    await page.getByText('reused: nothing it depends on has changed').first().waitFor()
    await page.getByRole('tab', { name: 'Output 3' }).click()
    const artifact = (name: string) => page.getByRole('listitem').filter({ has: page.getByText(name, { exact: true }) })
    await artifact('rows.csv').getByRole('button', { name: 'Show' }).click()
    await page.getByText('2 of 2 rows, 2 columns').waitFor()
    await page.getByRole('cell', { name: '12.5' }).waitFor()
    await artifact('price.png').getByRole('button', { name: 'Show' }).click()
    await page.getByRole('img', { name: 'price.png' }).waitFor()
    await artifact('report.json').getByRole('button', { name: 'Show' }).click()
    await page.getByText('fetched').first().waitFor()
    await page.getByRole('button', { name: 'Timeline' }).click()
    await page.getByRole('heading', { name: 'Steps over time' }).waitFor()
    await page.getByRole('button', { name: /^shop/ }).click()
    await page.getByRole('table', { name: 'Elements of shop' }).getByText('"south"').waitFor()
    expect(errors).toEqual([])
    await context.close()
    await inAllViews(
      browser,
      `${server.address}/runs/${good}?view=timeline&step=fetch&part=out`,
      'run-timeline',
      async (each) => {
        await each.getByRole('heading', { name: 'Steps over time' }).waitFor()
        await each.getByText('price.png').waitFor()
      },
    )
  })

  test('one runs again from a step, and is told before what that will do', async () => {
    const { page, errors, context } = await visit(browser, `${server.address}/runs/${failed}?step=check`, wide)
    await page.getByRole('button', { name: 'Run again from here' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('A new run takes over the 3 steps before, and runs these 2 again:').waitFor()
    await dialog.getByText('publish, which changes the world outside').waitFor()
    await dialog.getByRole('button', { name: 'Run again from here' }).click()
    await page.waitForURL((url) => url.pathname.startsWith('/runs/') && !url.pathname.endsWith(failed))
    await page.getByRole('region', { name: 'check failed' }).waitFor()
    expect(errors).toEqual([])
    await context.close()
  })

  test('chosen runs stand beside each other, with what differs', async () => {
    const { page, errors, context } = await visit(browser, `${server.address}/runs`, wide)
    await page.getByLabel(`Compare ${good}`).check()
    await page.getByLabel(`Compare ${again}`).check()
    await page.getByRole('link', { name: 'Compare 2 runs' }).click()
    const origin = page.getByRole('table', { name: 'Parameters and origin' })
    await origin.locator('strong').getByText('parameter note').waitFor()
    expect(await origin.locator('strong').getByText('parameter factor').count()).toBe(0)
    await page.getByRole('table', { name: 'Artifacts' }).getByText('the same').first().waitFor()
    expect(errors).toEqual([])
    await context.close()
    await inAllViews(browser, `${server.address}/runs?compare=${good},${again}`, 'comparison', async (each) => {
      await each.getByRole('table', { name: 'Artifacts' }).getByText('the same').first().waitFor()
      await each.getByText('are the same but for what stands above').waitFor()
    })
  })

  test('a view is kept under a name, and an unknown run is said to be none', async () => {
    const { page, context } = await visit(browser, `${server.address}/runs?q=note`, wide)
    await page.getByText('Views').click()
    await page.getByLabel('This screen as it is now, under a name').fill('with notes')
    await page.getByRole('button', { name: 'Keep' }).click()
    await page.goto(`${server.address}/runs`)
    await page.getByText('Views 1').click()
    await page.getByRole('link', { name: 'with notes' }).click()
    await page.waitForURL('**/runs?q=note')
    await page.goto(`${server.address}/runs/run_none`)
    await page.getByText('there is no run "run_none"').waitFor()
    await context.close()
  })

  test(`${manyRuns.toLocaleString('en')} runs are filtered and sorted with few rows in the page`, async () => {
    const { metadata } = server.plane.data
    const pattern = (await metadata.get('run', good))!
    await metadata.transaction(async (writer) => {
      for (let at = 0; at < manyRuns; at += 1) {
        const began = pattern.queuedAt - (at + 1) * 60_000
        // In the order of time, as ids are.
        await writer.put('run', {
          ...pattern,
          id: `run_00${String(manyRuns - at).padStart(24, '0')}`,
          params: { ...pattern.params, lines: at },
          time: began,
          queuedAt: began,
          startedAt: began,
          endedAt: began + at,
        })
      }
    })
    await inAllViews(browser, `${server.address}/runs`, 'runs', async (page) => {
      const table = page.getByRole('table', { name: 'Runs' })
      await expect
        .poll(() => table.getAttribute('aria-rowcount').then(Number), { timeout: 30_000 })
        .toBeGreaterThan(manyRuns)
      expect(await page.locator('*').count()).toBeLessThan(2500)
    })
    const { page, context } = await visit(browser, `${server.address}/runs?sort=-took`, wide)
    const table = page.getByRole('table', { name: 'Runs' })
    await table.getByText('20 s').first().waitFor({ timeout: 30_000 })
    await page.keyboard.press('/')
    await page.keyboard.type('lines=19998')
    await expect.poll(() => table.locator('tbody tr').count()).toBe(1)
    await context.close()
  })
})
