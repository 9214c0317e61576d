import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { seriousFindings } from './axe.ts'
import { chromiumPath, launchBrowser, picture, visit, whyNoBrowser } from './browser.ts'
import { tripsDefinition } from './trips.ts'

const pathOf = (page: Page): string => new URL(page.url()).pathname

/** Both keys at once, as fast fingers: a wait for the page after the first could be longer than the pair may take. */
const pressBoth = (page: Page, first: string, second: string): Promise<unknown> =>
  Promise.all([page.keyboard.press(first), page.keyboard.press(second)])

describe.skipIf(!chromiumPath)(
  `what is around every screen, in a browser (${chromiumPath ?? whyNoBrowser})`,
  { timeout: 60_000 },
  () => {
    let folder: string
    let server: RunningServer
    let browser: Browser

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'millwright shell '))
      server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0 })
      await createClient(server.address).apply({
        body: { definition: tripsDefinition(), projectDir: folder, actor: 'ada' },
      })
      browser = await launchBrowser()
    })
    afterAll(async () => {
      await browser?.close()
      await server?.close()
      rmSync(folder, { recursive: true, force: true })
    })

    test('finds screens and things by keyboard alone, and goes there', async () => {
      for (const [name, width] of [
        ['wide', 1280],
        ['phone', 390],
      ] as const) {
        const { page, errors, context } = await visit(browser, server.address, {
          width,
          height: 844,
          colorScheme: name === 'wide' ? 'light' : 'dark',
        })
        await page.getByRole('heading', { name: 'The loop' }).waitFor()
        await page.keyboard.press('Control+k')
        const field = page.getByRole('combobox')
        await field.waitFor()
        await field.fill('trips')
        const options = page.getByRole('listbox').getByRole('option')
        await options.getByText('answers with late').waitFor()
        await picture(page, `palette-${name}`, false)
        expect(await seriousFindings(page)).toEqual([])
        await field.fill('delivery')
        await options.getByText('Delivery').waitFor()
        await page.keyboard.press('Enter')
        await page.waitForURL('**/delivery')
        expect(await page.getByRole('dialog').count()).toBe(0)
        await page.keyboard.press('Control+k')
        await field.fill('no such thing')
        await page.getByText('Nothing has this in its name').waitFor()
        await page.keyboard.press('Escape')
        expect(errors).toEqual([])
        await context.close()
      }
    })

    test('goes by two keys, lists them, and leaves alone what is typed', async () => {
      const { page, errors, context } = await visit(browser, server.address, {
        width: 1280,
        height: 900,
        colorScheme: 'light',
      })
      await page.getByRole('heading', { name: 'The loop' }).waitFor()
      await pressBoth(page, 'g', 'y')
      await page.waitForURL('**/delivery')
      await page.keyboard.type('?')
      await page.getByRole('dialog', { name: 'Keys' }).waitFor()
      await pressBoth(page, 'g', 'o')
      expect(pathOf(page)).toBe('/delivery')
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      await page.keyboard.press('Control+k')
      await page.getByRole('combobox').waitFor()
      await page.keyboard.type('go')
      expect(await page.getByRole('combobox').inputValue()).toBe('go')
      // A field that is closed does not swallow what is typed right after.
      await Promise.all([page.keyboard.press('Escape'), pressBoth(page, 'g', 'o')])
      await page.waitForURL(/:\d+\/$/)
      expect(errors).toEqual([])
      await context.close()
    })
  },
)
