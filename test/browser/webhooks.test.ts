import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { type Receiver, startReceiver } from '../webhooks/receiver.ts'
import { chromiumPath, launchBrowser, visit, whyNoBrowser } from './browser.ts'
import { inAllViews, wide } from './in-all-views.ts'

describe.skipIf(!chromiumPath)(`webhooks in a browser (${chromiumPath ?? whyNoBrowser})`, { timeout: 90_000 }, () => {
  let folder: string
  let server: RunningServer
  let client: Client
  let browser: Browser
  let receiver: Receiver
  let other: Receiver

  const alert = (message: string) =>
    server.plane.data.metadata.transaction((writer) =>
      writer.emit({ type: 'alert.raised', subject: 'alert:1', actor: 'system', message }),
    )

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millwright webhooks browser '))
    const range = { value: 127n << 24n, width: 32, length: 8 } as const
    server = await startServer({
      home: join(folder, 'home'),
      host: '127.0.0.1',
      port: 0,
      webhooks: {
        rules: { plainHttp: true, allowed: [{ name: null, range, port: null }] },
        pace: { firstRetryMs: 10, longestRetryMs: 60_000, mostAttempts: 2 },
      },
    })
    client = createClient(server.address)
    receiver = await startReceiver()
    other = await startReceiver()
    other.answer = (_request, response) => {
      response.statusCode = 410
      response.end()
    }
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    await receiver?.close()
    await other?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('one adds a webhook, tests it, sees what it is sent, switches it off and removes it', async () => {
    const { page, context, errors } = await visit(browser, `${server.address}/events`, wide)
    await page.getByRole('tab', { name: 'Webhooks' }).click()
    await page.getByText('Nobody is told of what happens').waitFor()
    await page.getByRole('button', { name: 'Add a webhook' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name').fill('chat')
    await dialog.getByLabel('Address').fill('http://10.0.0.1/')
    await dialog.getByLabel('alert.*').check()
    await dialog.getByLabel(/^Secret/).fill('hush')
    await dialog.getByRole('button', { name: 'Add a webhook' }).click()
    await dialog.getByRole('alert').getByText('not public').waitFor()
    await dialog.getByLabel('Address').fill(`${receiver.address}/in`)
    await dialog.getByRole('button', { name: 'Add a webhook' }).click()
    await page.getByText('chat is sent what happens from now on').waitFor()
    const one = page.getByRole('article', { name: 'chat' })
    await one.getByText('Nothing sent yet').waitFor()
    await one.getByRole('button', { name: 'Test' }).click()
    await one.getByText(/Taken: 200 in \d+ ms/).waitFor()
    await alert('late')
    await one.getByText('Up to date').waitFor()
    await one.getByText(/answered 200/).waitFor()
    expect(receiver.received[1]!.body.data.message).toBe('late')
    expect(receiver.received.every(({ signature }) => signature?.startsWith('v1,'))).toBe(true)
    await one.getByRole('button', { name: 'Switch off' }).click()
    await dialog.getByRole('button', { name: 'Switch off' }).click()
    await one.getByText('Not active').waitFor()
    await one.getByRole('button', { name: 'Remove' }).click()
    await dialog.getByRole('button', { name: 'Remove' }).click()
    await page.getByText('Nobody is told of what happens').waitFor()
    // The refusal that was asked for.
    expect(errors.filter((error) => !/400/.test(error))).toEqual([])
    await context.close()
  })

  test('one sees how it goes with each, and what was set aside and why', async () => {
    const add = (name: string, url: string, more: object = {}) =>
      client.addWebhook({ body: { name, url, events: ['alert.*'], ...more } })
    await add('chat', `${receiver.address}/services/T00/B00/xyz`, {
      secret: 's',
      description: 'The room of operations',
    })
    await add('old-system', `${other.address}/`, {})
    await add('gone', 'http://127.0.0.1:1/', {
      events: ['alert.*', 'run.failed', 'deployment.*', 'model_version.created'],
    })
    await add('sleeping', `${receiver.address}/`, { active: false })
    await alert('one')
    await expect
      .poll(async () => (await client.webhooks()).webhooks.filter(({ setAside }) => setAside > 0).length, {
        timeout: 20_000,
      })
      .toBe(2)
    await inAllViews(browser, `${server.address}/events?tab=webhooks`, 'webhooks', async (page, lookAt) => {
      const old = page.getByRole('article', { name: 'old-system' })
      await old.getByText('News are set aside').waitFor()
      await page.getByRole('article', { name: 'sleeping' }).getByText('Not active').waitFor()
      await lookAt('webhooks-list')
      await page.getByRole('button', { name: 'Add a webhook' }).click()
      await lookAt('webhooks-add')
      await page.keyboard.press('Escape')
      await old.getByText('1 set aside').click()
      await old.getByRole('region', { name: 'Set aside of old-system' }).getByText('it answered 410').waitFor()
      await lookAt('webhooks-set-aside')
    })

    const { page, context, errors } = await visit(browser, `${server.address}/events?tab=webhooks`, wide)
    const old = page.getByRole('article', { name: 'old-system' })
    await old.getByText('1 set aside').click()
    other.answer = (_request, response) => response.end()
    const before = other.received.length
    await old.getByRole('button', { name: 'Send again' }).click()
    await page.getByRole('dialog').getByText('What is not taken stays set aside').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Send again' }).click()
    await page.getByText(/old-system is sent event \d+ again\./).waitFor()
    await old.getByText('Up to date').waitFor()
    await old.getByText('1 set aside').waitFor({ state: 'detached' })
    expect(other.received).toHaveLength(before + 1)
    expect(other.received.at(-1)!.id).toBe(other.received[0]!.id)
    expect(errors).toEqual([])
    await context.close()
  })
})
