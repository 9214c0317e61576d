import { rm } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packProject } from '../../src/domain/delivery/pack-project.ts'
import type { Packed } from '../../src/domain/delivery/package-file.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { loadProject } from '../../src/sdk/project-file.ts'
import { createToken } from '../../src/server/principals.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { projectFolder, runSums, shopFiles } from '../delivery/shop.ts'
import { chromiumPath, launchBrowser, visit, whyNoBrowser } from './browser.ts'
import { inAllViews, wide } from './in-all-views.ts'

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

  test('shows what runs where, and what waits for whom and why', async () => {
    const [there, here] = [createClient(staging.address), createClient(production.address)]
    await bring(there, first)
    await there.deployPackage({ params: { package: first.hash }, body: {} })
    await runSums(there)
    await bring(here, first)
    await inAllViews(browser, `${staging.address}/delivery`, 'delivery', async (page) => {
      const table = page.getByRole('table', { name: 'Packages by environment' })
      await table.getByText(first.hash.slice(0, 12)).waitFor()
      expect(await table.innerText()).toMatch(/staging \(here\)\s+production/)
      expect(await table.innerText()).toMatch(/in force[\s\S]*1 green run\s+is there/)
      await page.getByText('Everything runs as it was applied').waitFor()
      await page.waitForTimeout(300)
    })
    await inAllViews(browser, `${production.address}/delivery`, 'delivery-waiting', async (page) => {
      await page.getByText('needs 2 green runs of sums in staging, has 1').waitFor()
      await page.getByText(/needs an approval by an approver/).waitFor()
      const [waiting] = await page.getByRole('region', { name: 'Waiting for production' }).all()
      expect(await waiting!.getByRole('button').allInnerTexts()).toEqual(['Approve', 'Put into force'])
    })
  })

  test('shows upgrades that were tried: versions, the verdict with its reasons, and the package by its hash', async () => {
    const here = createClient(staging.address)
    const harmless = {
      lock: 'package-lock.json',
      name: '@example/a-package-with-a-long-name',
      from: '1.0.0',
      to: '1.1.0',
    }
    const tuning = { lock: 'package-lock.json', name: 'tuning', from: '1.0.0', to: '1.0.1' }
    const needy = { lock: 'requirements.txt', name: 'needy', from: '2.31.0', to: '2.32.5' }
    const report = {
      project: 'shop',
      reach: 'minor' as const,
      commit: null,
      movedAlong: [],
      notes: [],
      checks: [],
      models: [],
      answers: [],
      load: [],
      memoryMb: null,
      millwright: { before: '1.0.0', after: '1.0.0' },
      node: 'v20.19.0',
      seconds: 80,
    }
    const nothing = { reasons: [], culprits: [], readyWithout: [], undecided: [], package: null }
    const fell = {
      kind: 'metric' as const,
      what: 'returns auc',
      message:
        'auc of "returns" fell from 0.7421 to 0.6603, beyond chance: −0.08180 (−0.1012 … −0.06241) on the same 1240 rows',
    }
    const keep = (more: Partial<Parameters<Client['keepUpgrade']>[0]['body']['report']>) =>
      here.keepUpgrade({
        body: {
          report: { ...report, ...nothing, verdict: 'not-ready', message: fell.message, upgraded: [tuning], ...more },
          actor: 'user:ada',
        },
      })
    const { page, context, errors } = await visit(browser, `${staging.address}/delivery`, wide)
    const panel = page.getByRole('region', { name: 'Upgrades tried' })
    await panel.getByText('npx millwright upgrade-check').waitFor()
    await keep({ reasons: [fell] })
    // It comes by itself.
    await panel.getByText(fell.message).waitFor()
    await keep({
      upgraded: [harmless, needy, tuning],
      reasons: [fell],
      culprits: [
        {
          upgraded: [needy],
          reasons: [
            {
              kind: 'install',
              what: 'needy',
              message: 'needy 2.31.0 → 2.32.5 cannot be installed: pip finds no set that fits',
            },
          ],
        },
        { upgraded: [tuning], reasons: [fell] },
      ],
      readyWithout: [harmless],
    })
    await keep({ verdict: 'ready', message: 'ready', upgraded: [harmless], package: first.hash })
    await keep({ verdict: 'ready', message: 'ready', upgraded: [harmless], package: 'f'.repeat(64) })
    expect(errors).toEqual([])
    await context.close()
    await inAllViews(browser, `${staging.address}/delivery`, 'delivery-upgrades', async (page) => {
      const panel = page.getByRole('region', { name: 'Upgrades tried' })
      await panel.getByText('not brought here yet').waitFor()
      const text = await panel.innerText()
      expect(text).toMatch(/Ready @example\/a-package-with-a-long-name 1\.0\.0 → 1\.1\.0\s+[\s\S]*by user:ada/)
      expect(text).toMatch(
        /Not ready[\s\S]*To blame: needy 2\.31\.0 → 2\.32\.5 – needy[\s\S]*To blame: tuning[\s\S]*Ready without: @example/,
      )
      const link = panel.getByRole('link', { name: first.hash.slice(0, 12) })
      expect(await link.getAttribute('href')).toBe(`/api/packages/${first.hash}/file`)
    })
  })

  test('is a way from the overview, and follows events', async () => {
    const { page, context } = await visit(browser, staging.address, wide)
    await page.getByRole('link', { name: 'Delivery' }).click()
    const table = page.getByRole('table', { name: 'Packages by environment' })
    await table.getByText(first.hash.slice(0, 12)).waitFor()
    const second = await packageOf(3)
    await bring(createClient(staging.address), second)
    await table.getByText(second.hash.slice(0, 12)).waitFor()
    await context.close()
  })
  test('approves and puts into force by who may, and says first what will happen', async () => {
    const second = await packageOf(5)
    const here = createClient(staging.address)
    await bring(here, second)
    const tokens = {
      ada: createToken(staging.plane.home.path, 'ada', 'viewer'),
      bob: createToken(staging.plane.home.path, 'bob', 'operator'),
    }
    const signsIn = async (page: Page, lookAt: (name: string) => Promise<void>): Promise<void> => {
      const isNarrow = page.viewportSize()!.width < 720
      const waiting = page.getByRole('region', { name: 'Waiting for staging' })
      const put = waiting
        .locator('li', { hasText: second.hash.slice(0, 12) })
        .getByRole('button', { name: 'Put into force' })
      await put.waitFor()
      expect(await put.isDisabled()).toBe(true)
      expect(await put.getAttribute('title')).toBe('Sign in: this needs the role operator')
      // On a phone it is in the drawer of the screens.
      const drawer = page.getByRole('button', { name: 'Screens' })
      if (isNarrow) await drawer.click()
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByLabel('Token', { exact: true }).fill('mw_wrong')
      await page.getByRole('dialog', { name: 'Sign in' }).getByRole('button', { name: 'Sign in' }).click()
      await page.getByText('nobody has this token').waitFor()
      await lookAt('sign-in')
      await page.getByLabel('Token', { exact: true }).fill(tokens.ada)
      await page.getByRole('dialog', { name: 'Sign in' }).getByRole('button', { name: 'Sign in' }).click()
      await page.getByText('ada', { exact: true }).waitFor()
      expect(await put.getAttribute('title')).toBe('Needs the role operator; ada is viewer')
      await page.getByRole('button', { name: 'Sign out' }).click()
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByLabel('Token', { exact: true }).fill(tokens.bob)
      await page.keyboard.press('Enter')
      await page.getByText('bob', { exact: true }).waitFor()
      if (isNarrow) await page.keyboard.press('Escape')
      await put.click()
      const dialog = page.getByRole('dialog')
      await dialog.getByText(`Package ${second.hash.slice(0, 12)} comes into force in staging.`).waitFor()
      await dialog.getByText('changes code').waitFor()
      await lookAt('put-into-force')
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
    }
    const mayWrite = /status of 40[13]/
    await inAllViews(browser, `${staging.address}/delivery`, 'delivery-signed-in', signsIn, { mayWrite })
    expect(staging.plane.projects.current!.packageHash).not.toBe(second.hash)

    const { page, context } = await visit(browser, `${staging.address}/delivery`, wide)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByLabel('Token', { exact: true }).fill(tokens.bob)
    await page.keyboard.press('Enter')
    const waiting = page.getByRole('region', { name: 'Waiting for staging' })
    await waiting
      .locator('li', { hasText: second.hash.slice(0, 12) })
      .getByRole('button', { name: 'Put into force' })
      .click()
    await page.getByLabel('Reason').fill('it is cheaper')
    await page.getByRole('dialog').getByRole('button', { name: 'Put into force' }).click()
    await page.getByText(`Package ${second.hash.slice(0, 12)} is in force.`).waitFor()
    expect(staging.plane.projects.current!.packageHash).toBe(second.hash)
    const [last] = (await here.delivery({ query: { others: 'false' } })).history
    expect(last).toMatchObject({ by: 'user:bob', reason: 'it is cheaper', package: second.hash })
    const table = page.getByRole('table', { name: 'Packages by environment' })
    await table
      .getByRole('row', { name: first.hash.slice(0, 12) })
      .getByRole('button', { name: 'Return to it' })
      .click()
    await page.getByRole('dialog').getByRole('button', { name: 'Return to it' }).click()
    await page.getByText(`Package ${first.hash.slice(0, 12)} is in force again.`).waitFor()
    await context.close()
  })
})
