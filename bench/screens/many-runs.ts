import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { createClient } from '../../src/sdk/client.ts'
import { startServer } from '../../src/server/start.ts'
import { visit } from '../../test/browser/browser.ts'
import { pricesDefinition } from '../../test/browser/prices.ts'

/** Milliseconds, of the runs screen with so many runs behind it. */
export interface ManyRuns {
  /** Until the newest can be read. */
  newest: number
  /** Until all can be filtered and sorted. */
  all: number
  /** From a filter typed to its one row. */
  filtered: number
  nodes: number
}

/** The runs screen over a real control plane whose home has so many runs: copies of one that was made. */
export async function measureManyRuns(browser: Browser, many: number): Promise<ManyRuns> {
  const folder = await mkdtemp(join(tmpdir(), 'millwright bench runs '))
  const server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0 })
  try {
    const client = createClient(server.address)
    await client.apply({ body: { definition: pricesDefinition(), projectDir: folder } })
    const { run } = await client.startRun({ body: { pipeline: 'prices', params: {}, wait: true } })
    const { metadata } = server.plane.data
    const pattern = (await metadata.get('run', run.id))!
    await metadata.transaction(async (writer) => {
      for (let at = 0; at < many; at += 1) {
        const began = pattern.queuedAt - (at + 1) * 60_000
        const id = `run_00${String(many - at).padStart(24, '0')}`
        const times = { time: began, queuedAt: began, startedAt: began, endedAt: began + at }
        await writer.put('run', { ...pattern, ...times, id, params: { ...pattern.params, lines: at } })
      }
    })
    const { page, context } = await visit(browser, 'about:blank', { width: 1280, height: 900, colorScheme: 'light' })
    const begun = performance.now()
    await page.goto(`${server.address}/runs`)
    const table = page.getByRole('table', { name: 'Runs' })
    await table.locator('tbody tr').first().waitFor()
    const newest = performance.now() - begun
    // Its rows and its head.
    await page.locator(`table[aria-rowcount="${many + 2}"]`).waitFor({ timeout: 120_000 })
    const all = performance.now() - begun
    const nodes = await page.locator('*').count()
    await page.keyboard.press('/')
    const typed = performance.now()
    await page.keyboard.insertText(`lines=${many - 2}`)
    await page.locator('table[aria-rowcount="2"]').waitFor()
    const filtered = performance.now() - typed
    await context.close()
    return { newest, all, filtered, nodes }
  } finally {
    await server.close()
    await rm(folder, { recursive: true, force: true })
  }
}
