import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seriousFindings } from './axe.ts'
import {
  chromiumPath,
  launchBrowser,
  picture,
  type Shift,
  shiftOf,
  type Visit,
  visit,
  watchedPage,
  whyNoBrowser,
} from './browser.ts'
import { inAllViews, phone, wide } from './in-all-views.ts'
import { liveOrders, type Orders } from './orders.ts'

// Pages are loaded from their sources, file by file, and a model is trained three times: a busy machine takes its time.
describe.skipIf(!chromiumPath)(
  `models, endpoints, predictions and monitors in a browser (${chromiumPath ?? whyNoBrowser})`,
  { timeout: 120_000 },
  () => {
    let shop: Orders
    let browser: Browser
    const open = async (path: string): Promise<Visit> => {
      const visited = await visit(browser, `${shop.server.address}${path}`, wide)
      visited.page.setDefaultTimeout(30_000)
      return visited
    }
    const look = (path: string, name: string, shows: (page: Page) => Promise<unknown>): Promise<void> =>
      inAllViews(browser, `${shop.server.address}${path}`, name, async (page) => {
        page.setDefaultTimeout(30_000)
        await shows(page)
        await page.locator('.loading').first().waitFor({ state: 'detached' })
        await page.waitForTimeout(300)
      })

    beforeAll(async () => {
      browser = await launchBrowser()
      shop = await liveOrders()
      await (await open('/')).context.close()
    }, 300_000)
    afterAll(async () => {
      await browser?.close()
      await shop?.close()
    })

    test('a data scientist sees at one glance why a candidate was refused', async () => {
      const { page, context, errors } = await open('/models')
      await page.getByRole('link', { name: 'returns', exact: true }).click()
      const row = page.getByRole('table', { name: 'Versions of returns' }).getByRole('row', { name: 'returns@2' })
      await row.getByText('3 of 4').waitFor()
      expect(await row.innerText()).toMatch(/0\.\d+, bound 0\.99: auc at least 0\.99/)
      await row.click()
      const gates = page.getByRole('region', { name: 'Gates' })
      expect(await gates.getByRole('row').nth(1).innerText()).toContain('auc at least 0.99')
      await page.getByRole('img', { name: /^What it said against what happened/ }).waitFor()
      await page.getByRole('img', { name: /in each part of kind/ }).waitFor()
      // A refused version has no way to traffic.
      expect(await page.getByRole('button', { name: 'Roll out to returns' }).count()).toBe(0)
      expect(errors).toEqual([])
      await context.close()
      await look('/models/returns', 'models', (each) => each.getByText('From version to version').waitFor())
      await look('/models/returns/2', 'model-version', (each) => each.getByText('What was found').waitFor())
    })

    test('a data scientist names a version, is told what moves, and sees it with the reason', async () => {
      await look('/models/returns/3', 'model-alias', async (page) => {
        await page.getByRole('button', { name: 'Set an alias' }).click()
        const dialog = page.getByRole('dialog')
        await dialog.getByText('production names returns@1 now').waitFor()
        const set = dialog.getByRole('button', { name: 'Set an alias' })
        for (const [alias, why] of [
          ['production', /follows what serves/],
          ['3', /begins with a letter/],
        ] as const) {
          await dialog.getByLabel('Alias').fill(alias)
          await dialog.getByText(why).waitFor()
          expect(await set.isDisabled()).toBe(true)
        }
        await dialog.getByLabel('Alias').fill('shadow')
        await dialog.getByText(/shadow (is new|moves from returns@1 to returns@3)/).waitFor()
      })
      const name = async (version: number, says: string): Promise<void> => {
        const { page, context, errors } = await open(`/models/returns/${version}`)
        await page.getByRole('button', { name: 'Set an alias' }).click()
        const dialog = page.getByRole('dialog')
        await dialog.getByLabel('Alias').fill('shadow')
        await dialog.getByText(says).waitFor()
        await dialog.getByLabel('Reason').fill(`a look at ${version}`)
        await dialog.getByRole('button', { name: 'Set an alias' }).click()
        await page.getByText(`shadow of returns names returns@${version}.`).waitFor()
        expect(errors).toEqual([])
        await context.close()
      }
      await name(1, 'shadow is new.')
      await name(3, 'shadow moves from returns@1 to returns@3.')
      const { version } = await shop.client.modelVersion({ params: { model: 'returns', version: 'shadow' } })
      expect(version.id).toBe('returns@3')
      const { page, context } = await open('/models/returns')
      const moves = page.getByRole('region', { name: 'Aliases' })
      await moves.getByText('a look at 3').waitFor()
      await moves.getByText('a look at 1').waitFor()
      await context.close()
      // A refused version has no name, and a name that reads as a version is none.
      const { page: refused, context: other } = await open('/models/returns/2')
      await refused.getByRole('heading', { name: 'Gates' }).waitFor()
      expect(await refused.getByRole('button', { name: 'Set an alias' }).count()).toBe(0)
      await other.close()
      const wrong = shop.client.setAlias({ params: { model: 'returns', alias: '7' }, body: { version: '1' } })
      await expect(wrong).rejects.toMatchObject({ code: 'invalid-request' })
    })

    test('lineage of a version leads both ways; its card prints as one clean document', async () => {
      await look('/models/returns/1?tab=lineage', 'model-lineage', (page) =>
        page.getByRole('region', { name: 'Lineage of returns@1' }).getByText('orders@').first().waitFor(),
      )
      const { page, context } = await open('/models/returns/1?tab=lineage')
      const graph = page.getByRole('region', { name: 'Lineage of returns@1' })
      expect(await graph.getByRole('link', { name: /endpoint returns/ }).getAttribute('href')).toBe(
        '/endpoints/returns',
      )
      expect(await graph.getByRole('link', { name: /returns@3/ }).getAttribute('href')).toBe('/models/returns/3')
      await page.getByRole('tab', { name: 'Card' }).click()
      await page.getByRole('heading', { name: 'How well it does' }).waitFor()
      expect(await page.locator('.card table').first().locator('tr').count()).toBeGreaterThan(4)
      await picture(page, 'model-card')
      await page.emulateMedia({ media: 'print' })
      expect(await page.getByRole('heading', { name: 'How well it does' }).isVisible()).toBe(true)
      for (const around of ['.sidebar', '.tabs', '.screen-head'])
        expect(await page.locator(around).isVisible()).toBe(false)
      await picture(page, 'model-card-print')
      await context.close()
    })

    test('an operator sees traffic, how a rollout is judged, tries the endpoint and follows the answer', async () => {
      await shop.ask(60)
      await look('/endpoints', 'endpoints', (each) => each.getByText('what it should').waitFor())
      await look('/endpoints/returns', 'endpoint', (each) =>
        each.getByText(/It waits: the step has not been held long enough/).waitFor(),
      )
      const { page, context, errors } = await open('/endpoints/returns')
      await page.getByText('serves alone').waitFor()
      await page.getByLabel('price FP64').fill('cheap')
      await page.getByRole('button', { name: 'Ask', exact: true }).click()
      await page.getByText('price must be a number').waitFor()
      await page.getByLabel('price FP64').fill('80')
      await page.getByLabel('order_id BYTES').fill('tried-1')
      await page.getByRole('button', { name: 'Ask', exact: true }).click()
      const inputs = page.getByRole('table', { name: 'Inputs of the model' })
      await inputs.getByRole('row', { name: /returns_7d/ }).waitFor()
      await picture(page, 'endpoint-tried')
      await page.getByLabel('Key or id of a prediction').fill('tried-1')
      await page.getByRole('button', { name: 'Find', exact: true }).click()
      const found = page.getByRole('table', { name: 'Predictions' }).getByRole('row', { name: 'tried-1' })
      await found.first().waitFor()
      expect(new URL(page.url()).search).toBe('?key=tried-1')
      await found.first().getByRole('link').last().click()
      await page.getByRole('heading', { name: 'tried-1' }).waitFor()
      await page.getByText('its label has not come').waitFor()
      expect(errors).toEqual([])
      await context.close()
    })

    test('a lead follows a prediction back to the data, the code and who rolled it out, and sees what came true', async () => {
      const { predictions } = await shop.client.predictions({ query: { endpoint: 'returns', key: 'o8005' } })
      await look(`/predictions/${predictions[0]!.id}`, 'prediction', async (page) => {
        const graph = page.getByRole('region', { name: /^Lineage of/ })
        for (const part of ['dataset version', 'code', 'run', 'model version', 'prediction', 'came true'])
          await graph.getByText(part, { exact: true }).first().waitFor()
        await page.getByText('Rolled out by').waitFor()
      })
      const { page, context } = await open('/predictions/20250501-nothing.1')
      await page.getByText('there is no prediction "20250501-nothing.1"').waitFor()
      await context.close()
    })

    test('an operator sees each figure with its bound, and looks into a period', async () => {
      await look('/monitors', 'monitors', (each) => each.getByRole('table', { name: 'Monitors' }).waitFor())
      await look('/monitors/returns-drift', 'monitor', (each) => each.getByText(/: then and now$/).waitFor())
      const { page, context, errors } = await open('/monitors/returns-drift')
      await page.getByRole('button', { name: 'Look closer at price' }).click()
      await page.getByRole('heading', { name: 'price: then and now' }).waitFor()
      expect(new URL(page.url()).searchParams.get('figure')).toBe('price')
      await page.getByLabel('Time', { exact: true }).selectOption('Last 30 days')
      await page.waitForURL(/from=\d+/)
      await page.reload()
      await page.getByRole('heading', { name: 'price: then and now' }).waitFor()
      expect(errors).toEqual([])
      await context.close()
    })

    test('a monitor whose answers come one after the other stays where it is', async () => {
      const context = await browser.newContext({ viewport: phone, isMobile: true })
      const moved: Shift[] = []
      for (const last of ['monitors', 'measurements', 'alerts', 'events']) {
        const page = await watchedPage(context)
        await page.route(
          (url) => url.pathname.endsWith(`/${last}`),
          async (route) => {
            await page.waitForTimeout(1500)
            await route.continue()
          },
        )
        await page.goto(`${shop.server.address}/monitors/returns-drift`)
        await page.getByText(/: then and now$/).waitFor()
        // What comes last may come after that.
        await page.waitForTimeout(2000)
        moved.push(await shiftOf(page))
        await page.unrouteAll({ behavior: 'ignoreErrors' })
        await page.close()
      }
      expect(moved.filter(({ by }) => by >= 0.01)).toEqual([])
      await context.close()
    })

    test('a rollout goes back by hand, which says first what will happen', async () => {
      const { page, context } = await open('/endpoints/returns')
      await page.getByRole('button', { name: 'Return returns to returns@1' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByText('the rollout of returns@3 ends').waitFor()
      await picture(page, 'endpoint-return', false)
      await page.getByLabel('Reason').fill('a drill')
      await dialog.getByRole('button', { name: 'Return returns to returns@1' }).click()
      await page.getByText(/^returns@1 serves returns again/).waitFor()
      await page.getByText('No rollout is under way').waitFor()
      await page.goto(`${shop.server.address}/models/returns/3`)
      await page.getByRole('button', { name: 'Roll out to returns' }).click()
      await dialog.getByText('returns@3 begins with 30 % of the traffic of returns.').waitFor()
      await dialog.getByText(/tried just now: answers the golden rows/).waitFor()
      await picture(page, 'model-roll-out', false)
      expect(await seriousFindings(page)).toEqual([])
      await page.keyboard.press('Escape')
      expect((await shop.client.endpoint({ params: { endpoint: 'returns' } })).endpoint.serving).toBe('returns@1')
      await context.close()
    })
  },
)
