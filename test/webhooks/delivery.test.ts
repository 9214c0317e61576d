import { createHmac } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { webhookLimits } from '../../src/contract/webhook.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { type Receiver, startReceiver } from './receiver.ts'

const pace = { firstRetryMs: 40, longestRetryMs: 400, mostAttempts: 4 }
const patience = { connectMs: 1000, wholeMs: 600 }
const rules = {
  plainHttp: true,
  allowed: [{ name: null, range: { value: 127n << 24n, width: 32, length: 8 }, port: null }],
} as const

let folder: string
let server: RunningServer
let client: Client
let receiver: Receiver
const start = (home = join(folder, 'home')) =>
  startServer({ home, host: '127.0.0.1', port: 0, webhooks: { rules, pace, patience } })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright webhooks '))
  server = await start()
  client = createClient(server.address)
})
afterAll(async () => {
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(async () => {
  for (const { id } of (await client.webhooks()).webhooks) await client.removeWebhook({ params: { webhook: id } })
  await receiver.close()
})

const ask = async (method: string, path: string, body?: object): Promise<{ status: number; json: never }> => {
  const answer = await fetch(`${server.address}/api/2.0/mlflow${path}`, {
    method,
    ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
  })
  return { status: answer.status, json: (await answer.json()) as never }
}
const add = async (events: string[], more: object = {}) => {
  const body = { name: 'ci', url: `${receiver.address}/in?key=abc`, events, ...more }
  return (await client.addWebhook({ body })).webhook
}
const state = async (id: string) => (await client.webhook({ params: { webhook: id } })).webhook
let last = 0
const model = async (name = `m${++last}`): Promise<string> => {
  expect((await ask('POST', '/registered-models/create', { name })).status).toBe(200)
  return name
}
const alerts = (count: number, from = 0) =>
  server.plane.data.metadata.transaction(async (writer) => {
    for (let i = from; i < from + count; i += 1)
      await writer.emit({
        type: 'alert.raised',
        subject: `alert:${i}`,
        actor: 'system',
        message: `alert ${i}`,
        data: { i },
      })
  })
const eventsOf = async (id: string): Promise<string[]> =>
  (await client.events({ query: { subject: `webhook:${id}` } })).events.map(({ type }) => type).reverse()
const eventually = async (look: () => Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 15_000
  while (!(await look())) {
    if (Date.now() > deadline) throw new Error('it did not come to that')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('what happens', () => {
  it('arrives in order, signed, each with an id of its own', async () => {
    const { id } = await add(['registered_model.created', 'model_version_tag.set'], { secret: 'a secret' })
    for (let i = 0; i < 20; i += 1) await model(`order${i}`)
    const received = await receiver.until(20)
    expect(received.map(({ body }) => body.data.name)).toEqual(Array.from({ length: 20 }, (_, i) => `order${i}`))
    expect(new Set(received.map((each) => each.id)).size).toBe(20)
    for (const { id: delivery, timestamp, signature, text, path } of received) {
      expect(delivery).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      const mac = createHmac('sha256', 'a secret').update(`${delivery}.${timestamp}.${text}`).digest('base64')
      expect(signature).toBe(`v1,${mac}`)
      expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(60)
      expect(path).toBe('/in?key=abc')
    }
    await eventually(async () => (await state(id)).delivered === 20)
    expect(await state(id)).toMatchObject({ waiting: 0, setAside: 0, attempts: 0, last: { status: 200, reason: null } })
  })

  it('arrives as our own events do, by type and by all that begin so', async () => {
    await add(['alert.*', 'run.failed'])
    await alerts(1)
    await model()
    const [one] = await receiver.until(1)
    expect(one!.body).toMatchObject({
      entity: 'alert',
      action: 'raised',
      data: {
        type: 'alert.raised',
        stage: 'monitoring',
        message: 'alert 0',
        hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    })
    expect(one!.signature).toBeUndefined()
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(receiver.received).toHaveLength(1)
  })

  it('arrives in the words of MLflow: versions, tags, aliases, and those of prompts', async () => {
    const kinds = (await client.webhooks()).kinds.filter((kind) => kind.includes('_') || kind === 'prompt.created')
    await add(kinds)
    const name = await model()
    await ask('POST', '/model-versions/create', {
      name,
      source: 's3://bucket/m',
      tags: [{ key: 'a', value: '1' }],
      description: 'first',
    })
    await ask('POST', '/model-versions/set-tag', { name, version: '1', key: 'checked', value: 'yes' })
    // Nothing changes, and nothing is told.
    await ask('POST', '/model-versions/set-tag', { name, version: '1', key: 'checked', value: 'yes' })
    await ask('POST', '/model-versions/set-tag', { name, version: '1', key: 'long', value: 'x'.repeat(5000) })
    await ask('DELETE', '/model-versions/delete-tag', { name, version: '1', key: 'checked' })
    await ask('POST', '/registered-models/alias', { name, alias: 'champion', version: '1' })
    await ask('DELETE', '/registered-models/alias', { name, alias: 'champion' })
    // Of a model as a whole MLflow tells nothing.
    await ask('POST', '/registered-models/set-tag', { name, key: 'team', value: 'a' })
    const isPrompt = { key: 'mlflow.prompt.is_prompt', value: 'true' }
    await ask('POST', '/registered-models/create', { name: 'ask', tags: [isPrompt, { key: 't', value: 'u' }] })
    await ask('POST', '/model-versions/create', {
      name: 'ask',
      source: 'dummy-source',
      tags: [isPrompt, { key: 'mlflow.prompt.text', value: 'Hi {{x}}' }],
    })
    await ask('POST', '/registered-models/set-tag', { name: 'ask', key: 'team', value: 'b' })
    const received = await receiver.until(10)
    const said = received.map(({ body: { entity, action, data } }) => [`${entity}.${action}`, data])
    expect(said).toEqual([
      ['registered_model.created', { name, tags: {}, description: '' }],
      [
        'model_version.created',
        { name, version: '1', source: 's3://bucket/m', run_id: null, tags: { a: '1' }, description: 'first' },
      ],
      ['model_version_tag.set', { name, version: '1', key: 'checked', value: 'yes' }],
      ['model_version_tag.set', { name, version: '1', key: 'long', value: 'x'.repeat(5000) }],
      ['model_version_tag.deleted', { name, version: '1', key: 'checked' }],
      ['model_version_alias.created', { name, alias: 'champion', version: '1' }],
      ['model_version_alias.deleted', { name, alias: 'champion' }],
      ['prompt.created', { name: 'ask', tags: { t: 'u' }, description: '' }],
      ['prompt_version.created', { name: 'ask', version: '1', template: 'Hi {{x}}', tags: {}, description: null }],
      ['prompt_tag.set', { name: 'ask', key: 'team', value: 'b' }],
    ])
  })
})

describe('a receiver', () => {
  it('that fails is asked again, with the same id and a new signature, and what follows waits', async () => {
    const { id } = await add(['alert.raised'], { secret: 's' })
    let failures = 2
    receiver.answer = (_request, response) => {
      response.statusCode = failures-- > 0 ? 503 : 200
      response.end()
    }
    await alerts(3)
    const received = await receiver.until(5)
    expect(received.map(({ body }) => body.data.data.i)).toEqual([0, 0, 0, 1, 2])
    expect(new Set(received.map((each) => each.id)).size).toBe(3)
    expect(received[1]!.text).toBe(received[0]!.text)
    const [first, second, third] = received.map(({ at }) => at)
    expect(second! - first!).toBeGreaterThanOrEqual(pace.firstRetryMs / 2 - 5)
    expect(third! - second!).toBeGreaterThanOrEqual(pace.firstRetryMs - 5)
    await eventually(async () => (await state(id)).delivered === 3)
    expect(await eventsOf(id)).toEqual(['webhook.created'])
  })

  it('that never takes a thing has it set aside, told once, and is offered the next', async () => {
    const { id } = await add(['alert.raised'])
    receiver.answer = (request, response) => {
      response.statusCode = request.body.data.data.i < 2 ? 500 : 204
      response.end('a stack trace with a password')
    }
    await alerts(3)
    await eventually(async () => (await state(id)).delivered === 1)
    expect(receiver.received).toHaveLength(2 * pace.mostAttempts + 1)
    expect(await eventsOf(id)).toEqual(['webhook.created', 'webhook.set-aside', 'webhook.recovered'])
    const { webhook, setAside } = await client.webhook({ params: { webhook: 'ci' } })
    expect(webhook).toMatchObject({ setAside: 2, setAsideInRow: 0, delivered: 1 })
    expect(setAside).toMatchObject([
      { attempts: 4, status: 500, reason: 'it answered 500' },
      { attempts: 4, status: 500 },
    ])
    expect(setAside[1]!.id).toBe(receiver.received[0]!.id)
    expect(JSON.stringify([await client.events(), setAside])).not.toContain('password')
  })

  it.each([400, 404, 410, 301, 307])('that answers %i is not asked the same again', async (status) => {
    const { id } = await add(['alert.raised'])
    receiver.answer = (request, response) => {
      response.statusCode = request.body.data.data.i === 0 ? status : 200
      response.setHeader('location', `${receiver.address}/elsewhere`)
      response.end()
    }
    await alerts(2)
    await eventually(async () => (await state(id)).delivered === 1)
    expect(receiver.received.map(({ path }) => path)).toEqual(['/in?key=abc', '/in?key=abc'])
    expect((await client.webhook({ params: { webhook: id } })).setAside).toMatchObject([{ status, attempts: 1 }])
  })

  it('that says how long to wait is left alone so long', async () => {
    const { id } = await add(['alert.raised'])
    let isFirst = true
    receiver.answer = (_request, response) => {
      if (isFirst) response.writeHead(429, { 'retry-after': '1' })
      isFirst = false
      response.end()
    }
    await alerts(1)
    const [first, second] = await receiver.until(2)
    // At most the longest wait.
    expect(second!.at - first!.at).toBeGreaterThanOrEqual(pace.longestRetryMs - 20)
    await eventually(async () => (await state(id)).delivered === 1)
  })

  it('that does not answer, or answers without end, holds up no other', async () => {
    const other = await startReceiver()
    try {
      const { id } = await add(['alert.raised'])
      await add(['alert.raised'], { name: 'other', url: other.address })
      receiver.answer = () => {}
      await alerts(20)
      const began = Date.now()
      await other.until(20)
      expect(Date.now() - began).toBeLessThan(patience.wholeMs * 3)
      expect(receiver.received.length).toBeLessThan(5)
      receiver.answer = (_request, response) => {
        const drip = setInterval(() => response.write('x'.repeat(10_000)), 5)
        response.on('close', () => clearInterval(drip))
      }
      await eventually(async () => (await state(id)).delivered > 2)
    } finally {
      await other.close()
    }
  })

  it('that is gone is asked again when it is back, also by the next process', async () => {
    const { port } = receiver
    const { id } = await add(['alert.raised'])
    await receiver.close()
    await alerts(2)
    await eventually(async () => (await state(id)).attempts > 0)
    expect((await state(id)).last).toMatchObject({ status: null, reason: 'the connection was refused' })
    await server.close()
    receiver = await startReceiver(port)
    server = await start()
    client = createClient(server.address)
    const received = await receiver.until(2)
    expect(received.map(({ body }) => body.data.data.i)).toEqual([0, 1])
  })
})

describe('a webhook', () => {
  it('that is not active collects nothing', async () => {
    const { id } = await add(['alert.raised'])
    await client.changeWebhook({ params: { webhook: id }, body: { active: false } })
    await alerts(5)
    await client.changeWebhook({ params: { webhook: id }, body: { active: true } })
    await alerts(1, 5)
    await receiver.until(1)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(receiver.received.map(({ body }) => body.data.data.i)).toEqual([5])
  })

  it('that listens to more is sent of that what happens from then on, and of the rest what waits', async () => {
    receiver.answer = (_request, response) => {
      response.statusCode = 503
      response.end()
    }
    const { id } = await add(['alert.raised'])
    await alerts(1)
    await model()
    await receiver.until(1)
    receiver.answer = (_request, response) => response.end()
    await client.changeWebhook({
      params: { webhook: id },
      body: { events: ['alert.raised', 'registered_model.created'] },
    })
    const name = await model()
    await eventually(async () => (await state(id)).delivered === 2)
    const [last, before] = receiver.received.toReversed()
    expect(last!.body.data.name).toBe(name)
    expect(before!.body.data.data.i).toBe(0)
  })

  it('has a backlog of a hundred thousand without work or memory of that size', { timeout: 120_000 }, async () => {
    const { id } = await add(['alert.raised', 'model.refused'])
    await client.changeWebhook({ params: { webhook: id }, body: { url: 'http://127.0.0.1:1/' } })
    for (let from = 0; from < 100_000; from += 5000) await alerts(5000, from)
    expect((await state(id)).waiting).toBe(1000)
    global.gc?.()
    const before = process.memoryUsage().rss
    const asked = performance.now()
    await client.webhooks()
    expect(performance.now() - asked).toBeLessThan(500)
    await client.changeWebhook({ params: { webhook: id }, body: { url: receiver.address } })
    await receiver.until(300, 60_000)
    await client.changeWebhook({ params: { webhook: id }, body: { active: false } })
    // Those that were set aside while nobody took them are told apart; what follows misses none.
    const numbers = receiver.received.slice(0, 300).map(({ body }) => body.data.data.i as number)
    expect(numbers).toEqual(numbers.map((_, i) => numbers[0]! + i))
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6)
    const seconds = (receiver.received[299]!.at - receiver.received[0]!.at) / 1000
    expect(300 / seconds).toBeGreaterThan(20)
  })

  it('is refused with the field that is wrong', async () => {
    const good = { name: 'ci', url: receiver.address, events: ['alert.raised'] }
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
      ['url', { url: `${receiver.address}/${'a'.repeat(webhookLimits.url)}` }],
      ['description', { description: 'a'.repeat(webhookLimits.description + 1) }],
    ]
    for (const [field, wrong] of wrongs)
      await expect(client.addWebhook({ body: { ...good, ...wrong } })).rejects.toMatchObject({
        code: 'invalid-request',
        field,
      })
    expect((await client.webhooks()).webhooks).toEqual([])
    const { id } = await add(['alert.raised'])
    await expect(
      client.changeWebhook({ params: { webhook: id }, body: { url: 'http://10.0.0.1/' } }),
    ).rejects.toMatchObject({
      field: 'url',
    })
    await add(['alert.raised'])
    const refused = client.removeWebhook({ params: { webhook: 'ci' } })
    await expect(refused).rejects.toMatchObject({ code: 'conflict', hint: expect.stringContaining(id) })
    await expect(client.webhook({ params: { webhook: 'nobody' } })).rejects.toMatchObject({ code: 'not-found' })
  })

  it('is one, however often the same request comes; the same change again changes nothing', async () => {
    const body = { name: 'once', url: receiver.address, events: ['alert.raised'], secret: 's' }
    const made = await Promise.all([1, 2, 3].map(() => client.addWebhook({ body, idempotencyKey: 'k' })))
    expect(new Set(made.map(({ webhook }) => webhook.id)).size).toBe(1)
    const { id } = made[0]!.webhook
    for (let i = 0; i < 3; i += 1)
      await client.changeWebhook({ params: { webhook: id }, body: { description: 'what for' } })
    expect(await eventsOf(id)).toEqual(['webhook.created', 'webhook.changed'])
  })

  it('shows its secret nowhere, and keeps it for its owner alone', async () => {
    const secret = 'hush-3141592653'
    const { id } = await add(['alert.raised', 'registered_model.created'], { secret })
    await client.changeWebhook({ params: { webhook: id }, body: { secret: `${secret}-2` } })
    await alerts(1)
    await receiver.until(1)
    const home = server.plane.home.path
    const seen = [
      await client.webhooks(),
      await client.webhook({ params: { webhook: id } }),
      await client.events({ query: { limit: 1000 } }),
      (await ask('GET', `/webhooks/${id}`)).json,
      (await ask('GET', '/webhooks')).json,
      await client.testWebhook({ params: { webhook: id }, body: {} }),
    ]
    expect(JSON.stringify(seen)).not.toContain('hush')
    // Nor is what may be one: the query of its address is in no event.
    expect(JSON.stringify(await client.events({ query: { limit: 1000 } }))).not.toContain('key=abc')
    for (const name of (await readdir(home)).filter((each) => each.startsWith('metadata.db')))
      expect((await readFile(join(home, name))).includes('hush')).toBe(false)
    const file = join(home, 'webhook-secrets.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'utf8')).toContain(`${secret}-2`)
    await client.removeWebhook({ params: { webhook: id } })
    expect(readFileSync(file, 'utf8')).not.toContain('hush')
  })

  it('is tested with an example, now and once', async () => {
    const { id } = await add(['model_version_alias.created', 'alert.raised'], { active: false })
    expect(await client.testWebhook({ params: { webhook: id }, body: {} })).toMatchObject({
      success: true,
      status: 200,
      reason: null,
    })
    expect(receiver.received[0]!.body).toMatchObject({
      entity: 'model_version_alias',
      data: { alias: 'example_alias' },
    })
    await client.testWebhook({ params: { webhook: id }, body: { event: 'alert.raised' } })
    expect(receiver.received[1]!.body).toMatchObject({ entity: 'alert', data: { id: 'evt_example' } })
    receiver.answer = (_request, response) => {
      response.statusCode = 500
      response.end('inside')
    }
    const failed = await client.testWebhook({ params: { webhook: id }, body: {} })
    expect(failed).toMatchObject({ success: false, status: 500, reason: 'it answered 500' })
    expect(receiver.received).toHaveLength(3)
    await expect(client.testWebhook({ params: { webhook: id }, body: { event: 'no.such' } })).rejects.toMatchObject({
      field: 'event',
    })
  })
})
