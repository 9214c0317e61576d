import { readFileSync, statSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { webhookLimits } from '../../src/contract/webhook.ts'
import { Delivering, eventually } from './delivering.ts'

const here = new Delivering()

describe('a webhook', () => {
  it('that is not active collects nothing', async () => {
    const { id } = await here.add(['alert.raised'])
    await here.client.changeWebhook({ params: { webhook: id }, body: { active: false } })
    await here.alerts(5)
    await here.client.changeWebhook({ params: { webhook: id }, body: { active: true } })
    await here.alerts(1, 5)
    await here.receiver.until(1)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(here.receiver.received.map(({ body }) => body.data.data.i)).toEqual([5])
  })

  it('that listens to more is sent of that what happens from then on, and of the rest what waits', async () => {
    here.receiver.answer = (_request, response) => {
      response.statusCode = 503
      response.end()
    }
    const { id } = await here.add(['alert.raised'])
    await here.alerts(1)
    await here.model()
    await here.receiver.until(1)
    here.receiver.answer = (_request, response) => response.end()
    await here.client.changeWebhook({
      params: { webhook: id },
      body: { events: ['alert.raised', 'registered_model.created'] },
    })
    const name = await here.model()
    await eventually(async () => (await here.state(id)).delivered === 2)
    const [last, before] = here.receiver.received.toReversed()
    expect(last!.body.data.name).toBe(name)
    expect(before!.body.data.data.i).toBe(0)
  })

  it('has a backlog of a hundred thousand without work or memory of that size', { timeout: 120_000 }, async () => {
    const { id } = await here.add(['alert.raised', 'model.refused'])
    await here.client.changeWebhook({ params: { webhook: id }, body: { url: 'http://127.0.0.1:1/' } })
    for (let from = 0; from < 100_000; from += 5000) await here.alerts(5000, from)
    expect((await here.state(id)).waiting).toBe(1000)
    global.gc?.()
    const before = process.memoryUsage().rss
    const asked = performance.now()
    await here.client.webhooks()
    expect(performance.now() - asked).toBeLessThan(500)
    await here.client.changeWebhook({ params: { webhook: id }, body: { url: here.receiver.address } })
    await here.receiver.until(300, 60_000)
    await here.client.changeWebhook({ params: { webhook: id }, body: { active: false } })
    // Those that were set aside while nobody took them are told apart; what follows misses none.
    const numbers = here.receiver.received.slice(0, 300).map(({ body }) => body.data.data.i as number)
    expect(numbers).toEqual(numbers.map((_, i) => numbers[0]! + i))
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6)
    const seconds = (here.receiver.received[299]!.at - here.receiver.received[0]!.at) / 1000
    expect(300 / seconds).toBeGreaterThan(20)
  })

  it('is refused with the field that is wrong', async () => {
    const good = { name: 'ci', url: here.receiver.address, events: ['alert.raised'] }
    const wrongs: [field: string, wrong: Partial<typeof good> & { description?: string }][] = [
      ['name', { name: '' }],
      ['name', { name: '-a' }],
      ['name', { name: 'a'.repeat(64) }],
      ['events', { events: [] }],
      ['events', { events: ['model_version.deleted'] }],
      ['events', { events: ['budget_policy.exceeded'] }],
      ['events', { events: ['webhook.set-aside'] }],
      ['events', { events: ['webhook.*'] }],
      ['events', { events: ['*'] }],
      ['url', { url: 'no address' }],
      ['url', { url: `${here.receiver.address}/${'a'.repeat(webhookLimits.url)}` }],
      ['description', { description: 'a'.repeat(webhookLimits.description + 1) }],
    ]
    for (const [field, wrong] of wrongs)
      await expect(here.client.addWebhook({ body: { ...good, ...wrong } })).rejects.toMatchObject({
        code: 'invalid-request',
        field,
      })
    expect((await here.client.webhooks()).webhooks).toEqual([])
    const { id } = await here.add(['alert.raised'])
    await expect(
      here.client.changeWebhook({ params: { webhook: id }, body: { url: 'http://10.0.0.1/' } }),
    ).rejects.toMatchObject({
      field: 'url',
    })
    await here.add(['alert.raised'])
    const refused = here.client.removeWebhook({ params: { webhook: 'ci' } })
    await expect(refused).rejects.toMatchObject({ code: 'conflict', hint: expect.stringContaining(id) })
    await expect(here.client.webhook({ params: { webhook: 'nobody' } })).rejects.toMatchObject({ code: 'not-found' })
  })

  it('is one, however often the same request comes; the same change again changes nothing', async () => {
    const body = { name: 'once', url: here.receiver.address, events: ['alert.raised'], secret: 's' }
    const made = await Promise.all([1, 2, 3].map(() => here.client.addWebhook({ body, idempotencyKey: 'k' })))
    expect(new Set(made.map(({ webhook }) => webhook.id)).size).toBe(1)
    const { id } = made[0]!.webhook
    for (let i = 0; i < 3; i += 1)
      await here.client.changeWebhook({ params: { webhook: id }, body: { description: 'what for' } })
    expect(await here.eventsOf(id)).toEqual(['webhook.created', 'webhook.changed'])
  })

  it('shows its secret nowhere, and keeps it for its owner alone', async () => {
    const secret = 'hush-3141592653'
    const { id } = await here.add(['alert.raised', 'registered_model.created'], { secret })
    await here.client.changeWebhook({ params: { webhook: id }, body: { secret: `${secret}-2` } })
    await here.alerts(1)
    await here.receiver.until(1)
    const home = here.server.plane.home.path
    const seen = [
      await here.client.webhooks(),
      await here.client.webhook({ params: { webhook: id } }),
      await here.client.events({ query: { limit: 1000 } }),
      (await here.ask('GET', `/webhooks/${id}`)).json,
      (await here.ask('GET', '/webhooks')).json,
      await here.client.testWebhook({ params: { webhook: id }, body: {} }),
    ]
    expect(JSON.stringify(seen)).not.toContain('hush')
    // Nor is what may be one: the query of its address is in no event.
    expect(JSON.stringify(await here.client.events({ query: { limit: 1000 } }))).not.toContain('key=abc')
    for (const name of (await readdir(home)).filter((each) => each.startsWith('metadata.db')))
      expect((await readFile(join(home, name))).includes('hush')).toBe(false)
    const file = join(home, 'webhook-secrets.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8')).toContain(`${secret}-2`)
    await here.client.removeWebhook({ params: { webhook: id } })
    expect(readFileSync(file, 'utf8')).not.toContain('hush')
  })

  it('is tested with an example, now and once', async () => {
    const { id } = await here.add(['model_version_alias.created', 'alert.raised'], { active: false })
    expect(await here.client.testWebhook({ params: { webhook: id }, body: {} })).toMatchObject({
      success: true,
      status: 200,
      reason: null,
    })
    expect(here.receiver.received[0]!.body).toMatchObject({
      entity: 'model_version_alias',
      data: { alias: 'example_alias' },
    })
    await here.client.testWebhook({ params: { webhook: id }, body: { event: 'alert.raised' } })
    expect(here.receiver.received[1]!.body).toMatchObject({ entity: 'alert', data: { id: 'evt_example' } })
    here.receiver.answer = (_request, response) => {
      response.statusCode = 500
      response.end('inside')
    }
    const failed = await here.client.testWebhook({ params: { webhook: id }, body: {} })
    expect(failed).toMatchObject({ success: false, status: 500, reason: 'it answered 500' })
    expect(here.receiver.received).toHaveLength(3)
    await expect(
      here.client.testWebhook({ params: { webhook: id }, body: { event: 'no.such' } }),
    ).rejects.toMatchObject({
      field: 'event',
    })
  })
})
