import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ErrorBody, ErrorCode } from '../../src/contract/errors.ts'
import { statusOf } from '../../src/contract/errors.ts'
import { createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { screens } from '../../src/ui/shell/screens.ts'
import { seriousFindings } from './axe.ts'
import { chromiumPath, launchBrowser, picture, visit, whyNoBrowser } from './browser.ts'
import { inView, phone, wide } from './in-all-views.ts'
import { tripRows, tripsDefinition, tripsStart } from './trips.ts'

const day = 86_400_000
/** Everything but the news: what a screen reads. */
const reads = /\/api\/(?!events\/stream)/

/** What a screen says of a project that was applied and of which nothing has happened, and how to go on. */
const nothingYet: Record<string, { says: string; how: string }> = {
  '/': { says: 'Nothing is measured yet', how: 'npx millwright apply' },
  '/pipelines': { says: 'None has fired yet', how: 'Start' },
  '/runs': { says: 'Nothing has run yet', how: 'npx millwright run' },
  '/experiments': { says: 'No script has logged here yet', how: 'export MLFLOW_TRACKING_URI=' },
  '/data': { says: 'No rows came yet', how: 'npx millwright ingest trips' },
  '/features': { says: 'No feature view is defined', how: 'npx millwright apply' },
  '/models': { says: 'No version was made yet', how: 'npx millwright run train-late' },
  '/endpoints': { says: 'nothing yet', how: 'npx millwright predictor' },
  '/delivery': { says: 'There is no package here yet', how: 'npx millwright ci --package .' },
  '/monitors': { says: 'Nothing is measured yet', how: 'npx millwright deploy trips 1' },
  '/events': { says: 'Project trips applied', how: 'Verify the chain' },
  '/project': { says: 'The files cannot be loaded', how: 'Look again' },
}
const nameOf = (path: string): string => path.slice(1) || 'overview'
const main = (page: Page): Locator => page.locator('#main')

/** Until the screen has read what it shows. */
async function settled(page: Page): Promise<void> {
  await main(page).getByRole('heading', { level: 1 }).waitFor()
  await main(page).locator('.loading').first().waitFor({ state: 'detached' })
  await page.waitForTimeout(300)
}

describe.skipIf(!chromiumPath)(
  `states of every screen, in a browser (${chromiumPath ?? whyNoBrowser})`,
  { timeout: 120_000 },
  () => {
    const folders: string[] = []
    const servers: RunningServer[] = []
    let browser: Browser
    /** Where nothing is, where a project is applied and nothing has happened, and where something has. */
    let bare: RunningServer
    let applied: RunningServer
    let lived: RunningServer

    const apply = (server: RunningServer, projectDir: string, owner = 'operations') =>
      createClient(server.address).apply({
        body: { definition: tripsDefinition({ owner }), projectDir, actor: 'ada' },
      })
    async function start(home = mkdtempSync(join(tmpdir(), 'millwright states ')), port = 0): Promise<RunningServer> {
      folders.push(home)
      const server = await startServer({ home: join(home, 'home'), host: '127.0.0.1', port })
      servers.push(server)
      return server
    }

    beforeAll(async () => {
      browser = await launchBrowser()
      bare = await start()
      applied = await start()
      await apply(applied, folders.at(-1)!)
      lived = await start()
      const folder = folders.at(-1)!
      const client = createClient(lived.address)
      await apply(lived, folder)
      const lines = tripRows(tripsStart - 60 * day, 1400).map(({ departs_at, lands_at, ...row }) =>
        [
          row.trip_id,
          new Date(departs_at).toISOString(),
          new Date(lands_at).toISOString(),
          row.distance,
          row.delay,
        ].join(),
      )
      writeFileSync(join(folder, 'trips.csv'), ['trip_id,departs_at,lands_at,distance,delay', ...lines].join('\n'))
      await client.ingest({ params: { dataset: 'trips' }, body: {} })
      await client.startRun({ body: { pipeline: 'train-late', wait: true } })
    }, 120_000)
    afterAll(async () => {
      await browser?.close()
      for (const server of servers) await server.close()
      for (const folder of folders) rmSync(folder, { recursive: true, force: true })
    })

    describe.concurrent('side by side', () => {
      test.each(screens)(
        'empty: without a project $title says what there is not, and the command',
        async ({ path }) => {
          await inView(browser, `${bare.address}${path}`, `state-bare-${nameOf(path)}`, phone, async (page) => {
            await settled(page)
            expect(await main(page).locator('.empty code').allTextContents()).toContainEqual(
              expect.stringMatching(/^(npx millwright |export MLFLOW_TRACKING_URI=http)/),
            )
            expect(await main(page).locator('.error').count()).toBe(0)
          })
        },
      )

      test.each(screens)(
        'empty: with a project of which nothing has happened, $title says how to begin',
        async ({ path }) => {
          await inView(browser, `${applied.address}${path}`, `state-empty-${nameOf(path)}`, wide, async (page) => {
            await settled(page)
            const { says, how } = nothingYet[path]!
            expect(await main(page).innerText()).toContain(says)
            expect(await main(page).innerText()).toContain(how)
            expect(await main(page).locator('.error').count()).toBe(0)
          })
        },
      )

      test.each(screens)(
        'loading: $title holds the room of what it reads, and invents nothing',
        async ({ path, title }) => {
          let letGo = (): void => undefined
          const held = new Promise<void>((resolve) => {
            letGo = resolve
          })
          const { page, context, errors, shift } = await visit(browser, 'about:blank', wide)
          await page.route(reads, async (route) => {
            await held
            await route.continue()
          })
          await page.goto(`${lived.address}${path}`)
          await main(page).locator('.loading').first().waitFor()
          await page.waitForTimeout(500)
          expect(await main(page).getByRole('heading', { level: 1 }).textContent()).toBe(title)
          for (const invented of ['.empty', '.error', 'tbody tr', 'canvas', '.stage-state svg', '.attention svg'])
            expect([invented, await main(page).locator(invented).count()]).toEqual([invented, 0])
          await picture(page, `state-loading-${nameOf(path)}`)
          expect(await seriousFindings(page)).toEqual([])
          letGo()
          await settled(page)
          expect((await shift()).by).toBeLessThan(0.02)
          expect(errors).toEqual([])
          await context.close()
        },
      )

      const problems: { code: ErrorCode; message: string; hint?: string }[] = [
        { code: 'internal', message: 'A fault of Millwright itself; the log of the process has the details.' },
        { code: 'forbidden', message: 'This needs the role viewer.', hint: 'Ask somebody who may.' },
      ]
      test.each(screens.flatMap((screen) => problems.map((problem) => ({ ...screen, problem }))))(
        'error: $title says that it was refused ($problem.code), and tries again',
        async ({ path, problem }) => {
          const { page, context, errors } = await visit(browser, 'about:blank', wide)
          const status = statusOf(problem.code)
          const body: ErrorBody = { error: problem }
          await page.route(reads, (route) => route.fulfill({ status, json: body }))
          await page.goto(`${lived.address}${path}`)
          await main(page).getByRole('alert').getByText(problem.message).first().waitFor()
          await page.locator('.banner').getByText(problem.message).waitFor()
          await main(page).locator('.loading').first().waitFor({ state: 'detached' })
          expect(await main(page).locator('.empty').count()).toBe(0)
          await picture(page, `state-error-${status}-${nameOf(path)}`)
          expect(await seriousFindings(page)).toEqual([])
          const again = main(page).getByRole('button', { name: 'Try again' })
          const news = /\/api\/events\?limit=200$/
          const isAsked = page.waitForRequest((asked) => news.test(asked.url()) === (path === '/events'))
          await again.first().click()
          await isAsked
          await page.unroute(reads)
          const failed = main(page).locator('.error')
          const answered = () => main(page).locator('.loading').first().waitFor({ state: 'detached' })
          await answered()
          const until = Date.now() + 20_000
          while ((await failed.count()) > 0 && Date.now() < until) {
            // What did not wait for it may be gone by itself: the page tries again, too.
            for (const button of await again.all()) await button.click({ timeout: 500 }).catch(() => undefined)
            await page.waitForTimeout(200)
            await answered()
          }
          expect(await failed.count()).toBe(0)
          await settled(page)
          expect(await main(page).locator('tbody tr, .timeline li, .empty').count()).toBeGreaterThan(0)
          expect(errors.filter((error) => !error.includes('Failed to load resource'))).toEqual([])
          await context.close()
        },
      )
    })

    test('offline: every screen keeps what it showed, says so, and comes back by itself', async () => {
      const open = await Promise.all(
        screens.map(async ({ path }, at) => ({
          path,
          ...(await visit(browser, `${lived.address}${path}`, at % 2 === 0 ? wide : phone)),
        })),
      )
      const shown = new Map<string, string>()
      for (const { path, page } of open) {
        await settled(page)
        await page.getByRole('status').getByText('Live').waitFor()
        shown.set(path, await main(page).innerText())
      }
      await lived.close()
      for (const { path, page } of open) {
        await page.getByRole('status').getByText('Offline').waitFor()
        await page.getByText('The control plane does not answer.').waitFor()
        await page.getByText('npx millwright up', { exact: true }).waitFor()
        // Somebody who comes back to the page has it read again.
        await page.evaluate(`dispatchEvent(new Event('visibilitychange'))`)
        await page.waitForTimeout(500)
        await picture(page, `state-offline-${nameOf(path)}`, false)
        expect([path, await main(page).innerText()]).toEqual([path, shown.get(path)])
        expect(await seriousFindings(page)).toEqual([])
      }
      lived = await start(join(folders.at(-1)!), Number(new URL(lived.address).port))
      await apply(lived, folders.at(-1)!, 'the night shift')
      for (const { path, page, errors, context } of open) {
        await page.getByRole('status').getByText('Live').waitFor()
        expect([path, await page.locator('.banner, #main .error').count()]).toEqual([path, 0])
        if (path === '/' || path === '/project') await main(page).getByText('the night shift').first().waitFor()
        expect(errors.filter((error) => !/Failed to load resource|net::ERR/.test(error))).toEqual([])
        await context.close()
      }
    })
  },
)
