import { rm } from 'node:fs/promises'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packProject } from '../../src/domain/delivery/pack-project.ts'
import type { Packed } from '../../src/domain/delivery/package-file.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { loadProject } from '../../src/sdk/project-file.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { projectFolder, runSums, shopFiles } from '../delivery/shop.ts'
import { chromiumPath, launchBrowser, picture, type View, visit, whyNoBrowser } from './browser.ts'

const views: Record<string, View> = {
  'wide-light': { width: 1280, height: 900, colorScheme: 'light' },
  'wide-dark': { width: 1280, height: 900, colorScheme: 'dark' },
  'phone-light': { width: 390, height: 844, colorScheme: 'light' },
  'phone-dark': { width: 390, height: 844, colorScheme: 'dark' },
}

describe.skipIf(!chromiumPath)(`delivery in a browser (${chromiumPath ?? whyNoBrowser})`, { timeout: 120_000 }, () => {
  const folders: string[] = []
  const servers: RunningServer[] = []
  let browser: Browser
  let staging: RunningServer
  let production: RunningServer
  let first: Packed

  const planeOf = async (environment: string): Promise<RunningServer> => {
    const home = await projectFolder({})
    folders.push(home)
    const server = await startServer({ home, host: '127.0.0.1', port: 0, environment })
    servers.push(server)
    return server
  }
  const packageOf = async (rate: number): Promise<Packed> => {
    const environments = `
const staging = environment('staging', { address: '${staging.address}', packagesOnly: true })
const production = environment('production', {
  address: '${production.address}',
  packagesOnly: true,
  needs: { checks: true, greenRuns: { in: staging, count: 2 }, approvals: { count: 1, by: ['approver'] } },
})`
    const defining = 'environments: [staging, production]'
    const folder = await projectFolder(shopFiles({ rate, environments, defining }))
    folders.push(folder)
    const checks = [{ check: 'types', outcome: 'passed' as const, summary: 'no faults' }]
    return packProject({ ...(await loadProject(folder)), by: 'ci', millwright: '1.0.0', checks })
  }
  const bring = (client: Client, { bytes }: Packed) => {
    // A route that takes bytes has no body in its types.
    const call = { query: {}, body: bytes }
    return client.receivePackage(call)
  }

  beforeAll(async () => {
    browser = await launchBrowser()
    staging = await planeOf('staging')
    production = await planeOf('production')
    first = await packageOf(2)
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    for (const server of servers) await server.close()
    for (const folder of folders) await rm(folder, { recursive: true, force: true })
  })

  test('says what to do while there is no package', async () => {
    const { page, context, errors } = await visit(browser, `${production.address}/delivery`, views['wide-light']!)
    await page.getByText('There is no package here yet').waitFor()
    expect(errors).toEqual([])
    await context.close()
  })

  test('shows what runs where, and what waits for whom and why', async () => {
    const [there, here] = [createClient(staging.address), createClient(production.address)]
    await bring(there, first)
    await there.deployPackage({ params: { package: first.hash }, body: {} })
    await runSums(there)
    await bring(here, first)
    const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
    for (const [name, view] of Object.entries(views)) {
      const { page, context, errors } = await visit(browser, `${staging.address}/delivery`, view)
      const table = page.getByRole('table', { name: 'Packages by environment' })
      await table.getByText(first.hash.slice(0, 12)).waitFor()
      expect(await table.innerText()).toMatch(/staging \(here\)\s+production/)
      expect(await table.innerText()).toMatch(/in force[\s\S]*1 green run\s+is there/)
      await page.getByText('Everything runs as it was applied').waitFor()
      await page.waitForTimeout(300)
      await picture(page, `delivery-${name}`)
      expect(await page.evaluate<number>(overflow), name).toBeLessThanOrEqual(0)
      await page.goto(`${production.address}/delivery`)
      await page.getByText('needs 2 green runs of sums in staging, has 1').waitFor()
      await page.getByText(/needs an approval by an approver/).waitFor()
      const [waiting] = await page.getByRole('region', { name: 'Waiting for production' }).all()
      expect(await waiting!.innerText()).toContain(`npx millwright approve ${first.hash.slice(0, 12)}`)
      await picture(page, `delivery-waiting-${name}`)
      expect(await page.evaluate<number>(overflow), name).toBeLessThanOrEqual(0)
      expect(errors).toEqual([])
      await context.close()
    }
  })

  test('is a way from the overview, and follows events', async () => {
    const { page, context } = await visit(browser, staging.address, views['wide-light']!)
    await page.getByRole('link', { name: 'Delivery' }).click()
    const table = page.getByRole('table', { name: 'Packages by environment' })
    await table.getByText(first.hash.slice(0, 12)).waitFor()
    const second = await packageOf(3)
    await bring(createClient(staging.address), second)
    await table.getByText(second.hash.slice(0, 12)).waitFor()
    await context.close()
  })
})
