import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { chromiumPath, launchBrowser, picture, visit, whyNoBrowser } from './browser.ts'
import { inAllViews, wide } from './in-all-views.ts'
import { tripsDefinition } from './trips.ts'

const sdk = new URL('../../src/sdk/index.ts', import.meta.url).href

describe.skipIf(!chromiumPath)(`project in a browser (${chromiumPath ?? whyNoBrowser})`, { timeout: 120_000 }, () => {
  let folder: string
  let server: RunningServer
  let browser: Browser

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millwright project '))
    server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0 })
    const client = createClient(server.address)
    // What the folder says is loaded by whoever looks; applied is what the tests apply.
    for (const owner of ['operations', 'the night shift'])
      await client.apply({ body: { definition: tripsDefinition({ owner }), projectDir: folder, actor: 'ada' } })
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('one sees what is in force, opens a part, and compares it with what was before', async () => {
    await inAllViews(browser, `${server.address}/project`, 'project', async (page) => {
      await page.getByText('the night shift').waitFor()
      await page.getByText('The files cannot be loaded.').waitFor()
      await page.getByRole('row', { name: /^monitor .*quality of/ }).focus()
      await page.keyboard.press('Enter')
      await page.locator('.one-part').getByText('"quality"').waitFor()
      const history = page.getByRole('table', { name: 'Definitions, the last applied first' })
      for (const box of await history.getByRole('checkbox').all()) await box.check()
      const difference = page.locator('.difference')
      await difference.getByText('brief', { exact: true }).waitFor()
      await difference.locator('ins', { hasText: 'the night shift' }).waitFor()
      await difference.locator('del', { hasText: 'operations' }).waitFor()
    })
  })

  test('what the files say otherwise is told; an earlier definition has an address', async () => {
    const stated = `import { defineProject } from '${sdk}'\nexport default defineProject('trips', { datasets: [] })\n`
    writeFileSync(join(folder, 'millwright.config.ts'), stated)
    const { page, errors, context } = await visit(browser, `${server.address}/project`, wide)
    await page.getByText(/Applying them would change \d+ parts:/).waitFor({ timeout: 30_000 })
    await page.locator('.folder-panel').getByText('datasets.trips').waitFor()
    await picture(page, 'project-differs')
    const earlier = page
      .getByRole('row', { name: /earlier/ })
      .getByRole('link')
      .first()
    await earlier.click()
    await page.getByText('You see an earlier definition.').waitFor()
    await page.getByText('operations', { exact: true }).waitFor()
    expect(new URL(page.url()).searchParams.get('definition')).toHaveLength(64)
    expect(errors).toEqual([])
    await context.close()
  })
})
