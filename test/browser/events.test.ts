import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { chromiumPath, launchBrowser, visit, whyNoBrowser } from './browser.ts'
import { inAllViews, wide } from './in-all-views.ts'
import { tripsDefinition } from './trips.ts'
import { writePast } from './trips-past.ts'

describe.skipIf(!chromiumPath)(`events in a browser (${chromiumPath ?? whyNoBrowser})`, { timeout: 90_000 }, () => {
  let folder: string
  let server: RunningServer
  let browser: Browser

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millwright events '))
    server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0 })
    await createClient(server.address).apply({
      body: { definition: tripsDefinition(), projectDir: folder, actor: 'ada' },
    })
    const { metadata } = server.plane.data
    await writePast(metadata, (to) => server.plane.clock.advance(to, metadata))
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('one finds what happened, opens it, and sees that nobody changed it', async () => {
    await inAllViews(browser, `${server.address}/events`, 'events', async (page, lookAt) => {
      const log = page.getByRole('region', { name: 'Events, newest first' })
      await log.getByRole('button').first().waitFor()
      await page.getByLabel('Level').selectOption('bad')
      await log.getByText('late@3 was refused').first().waitFor()
      await log.getByRole('button', { name: /late@3 was refused/ }).click()
      const one = page.locator('.one-event')
      await one.getByText('model.refused').waitFor()
      await page.getByRole('button', { name: 'Verify the chain' }).click()
      await page.getByText(/Whole: \d+ events, head/).waitFor()
      await lookAt('events-verified')
      expect(new URL(page.url()).search).toMatch(/^\?level=bad&event=%22\d+%22$/)
      await page.reload()
      await one.getByText('model.refused').waitFor()
    })
  })

  test('what arrives appears if it is looked for; what is typed is looked for in the whole past', async () => {
    const { page, context } = await visit(browser, `${server.address}/events`, wide)
    const log = page.getByRole('region', { name: 'Events, newest first' })
    await log.getByRole('button').first().waitFor()
    await page.keyboard.press('/')
    await page.keyboard.type('PROJECT TRIPS applied')
    await page.waitForURL(/text=/)
    await log.getByRole('button', { name: /Project trips applied/ }).waitFor()
    await expect.poll(() => log.getByRole('listitem').count()).toBe(1)
    await createClient(server.address).apply({
      body: { definition: tripsDefinition({ owner: 'somebody else' }), projectDir: folder, actor: 'eve' },
    })
    await expect.poll(() => log.getByRole('listitem').count()).toBe(2)
    await page.getByLabel('Only events that hold').fill('there is nothing like that')
    await page.getByText('No event is like that').waitFor()
    await context.close()
  })

  test('a saved view is the address with all that was chosen, and what was typed stands in its field again', async () => {
    await inAllViews(browser, `${server.address}/events?level=bad&text=refused`, 'events-views', async (page) => {
      const log = page.getByRole('region', { name: 'Events, newest first' })
      await log.getByText('late@3 was refused').first().waitFor()
      const { search } = new URL(page.url())
      await page.getByText('Views', { exact: true }).click()
      await page.getByLabel('This screen as it is now, under a name').fill('refusals')
      await page.getByRole('button', { name: 'Keep' }).click()
      await page.goto(`${server.address}/events?level=good`)
      await log
        .getByText(/passed all of its/)
        .first()
        .waitFor()
      await page.getByText('Views 1').click()
      await page.getByRole('link', { name: 'refusals' }).click()
      await log.getByText('late@3 was refused').first().waitFor()
      expect(new URL(page.url()).search).toBe(search)
      expect(await page.getByLabel('Only events that hold').inputValue()).toBe('refused')
      // It stays what it was asked for.
      await page.waitForTimeout(500)
      expect(new URL(page.url()).search).toBe(search)
    })
  })
})
