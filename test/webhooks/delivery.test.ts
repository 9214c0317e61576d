import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Delivering, eventually, pace, patience } from './delivering.ts'
import { startReceiver } from './receiver.ts'

const here = new Delivering()

describe('what happens', () => {
  it('arrives in order, signed, each with an id of its own', async () => {
    const { id } = await here.add(['registered_model.created', 'model_version_tag.set'], { secret: 'a secret' })
    for (let i = 0; i < 20; i += 1) await here.model(`order${i}`)
    const received = await here.receiver.until(20)
    expect(received.map(({ body }) => body.data.name)).toEqual(Array.from({ length: 20 }, (_, i) => `order${i}`))
    expect(new Set(received.map((each) => each.id)).size).toBe(20)
    for (const { id: delivery, timestamp, signature, text, path } of received) {
      expect(delivery).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      const mac = createHmac('sha256', 'a secret').update(`${delivery}.${timestamp}.${text}`).digest('base64')
      expect(signature).toBe(`v1,${mac}`)
      expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(60)
      expect(path).toBe('/in?key=abc')
    }
    await eventually(async () => (await here.state(id)).delivered === 20)
    expect(await here.state(id)).toMatchObject({
      waiting: 0,
      setAside: 0,
      attempts: 0,
      last: { status: 200, reason: null },
    })
  })

  it('arrives as our own events do, by type and by all that begin so', async () => {
    await here.add(['alert.*', 'run.failed'])
    await here.alerts(1)
    await here.model()
    const [one] = await here.receiver.until(1)
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
    expect(here.receiver.received).toHaveLength(1)
  })

  it('arrives in the words of MLflow: versions, tags, aliases, and those of prompts', async () => {
    const kinds = (await here.client.webhooks()).kinds.filter((kind) => kind.includes('_') || kind === 'prompt.created')
    await here.add(kinds)
    const name = await here.model()
    await here.ask('POST', '/model-versions/create', {
      name,
      source: 's3://bucket/m',
      tags: [{ key: 'a', value: '1' }],
      description: 'first',
    })
    await here.ask('POST', '/model-versions/set-tag', { name, version: '1', key: 'checked', value: 'yes' })
    // Nothing changes, and nothing is told.
    await here.ask('POST', '/model-versions/set-tag', { name, version: '1', key: 'checked', value: 'yes' })
    await here.ask('POST', '/model-versions/set-tag', { name, version: '1', key: 'long', value: 'x'.repeat(5000) })
    await here.ask('DELETE', '/model-versions/delete-tag', { name, version: '1', key: 'checked' })
    await here.ask('POST', '/registered-models/alias', { name, alias: 'champion', version: '1' })
    await here.ask('DELETE', '/registered-models/alias', { name, alias: 'champion' })
    // Of a model as a whole MLflow tells nothing.
    await here.ask('POST', '/registered-models/set-tag', { name, key: 'team', value: 'a' })
    const isPrompt = { key: 'mlflow.prompt.is_prompt', value: 'true' }
    await here.ask('POST', '/registered-models/create', { name: 'ask', tags: [isPrompt, { key: 't', value: 'u' }] })
    await here.ask('POST', '/model-versions/create', {
      name: 'ask',
      source: 'dummy-source',
      tags: [isPrompt, { key: 'mlflow.prompt.text', value: 'Hi {{x}}' }],
    })
    await here.ask('POST', '/registered-models/set-tag', { name: 'ask', key: 'team', value: 'b' })
    const received = await here.receiver.until(10)
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
    const { id } = await here.add(['alert.raised'], { secret: 's' })
    let failures = 2
    here.receiver.answer = (_request, response) => {
      response.statusCode = failures-- > 0 ? 503 : 200
      response.end()
    }
    await here.alerts(3)
    const received = await here.receiver.until(5)
    expect(received.map(({ body }) => body.data.data.i)).toEqual([0, 0, 0, 1, 2])
    expect(new Set(received.map((each) => each.id)).size).toBe(3)
    expect(received[1]!.text).toBe(received[0]!.text)
    const [first, second, third] = received.map(({ at }) => at)
    expect(second! - first!).toBeGreaterThanOrEqual(pace.firstRetryMs / 2 - 5)
    expect(third! - second!).toBeGreaterThanOrEqual(pace.firstRetryMs - 5)
    await eventually(async () => (await here.state(id)).delivered === 3)
    expect(await here.eventsOf(id)).toEqual(['webhook.created'])
  })

  it('that never takes a thing has it set aside, told once, and is offered the next', async () => {
    const { id } = await here.add(['alert.raised'])
    here.receiver.answer = (request, response) => {
      response.statusCode = request.body.data.data.i < 2 ? 500 : 204
      response.end('a stack trace with a password')
    }
    await here.alerts(3)
    await eventually(async () => (await here.state(id)).delivered === 1)
    expect(here.receiver.received).toHaveLength(2 * pace.mostAttempts + 1)
    expect(await here.eventsOf(id)).toEqual(['webhook.created', 'webhook.set-aside', 'webhook.recovered'])
    const { webhook, setAside } = await here.client.webhook({ params: { webhook: 'ci' } })
    expect(webhook).toMatchObject({ setAside: 2, setAsideInRow: 0, delivered: 1 })
    expect(setAside).toMatchObject([
      { attempts: 4, status: 500, reason: 'it answered 500' },
      { attempts: 4, status: 500 },
    ])
    expect(setAside[1]!.id).toBe(here.receiver.received[0]!.id)
    expect(JSON.stringify([await here.client.events(), setAside])).not.toContain('password')
  })

  it.each([400, 404, 410, 301, 307])('that answers %i is not asked the same again', async (status) => {
    const { id } = await here.add(['alert.raised'])
    here.receiver.answer = (request, response) => {
      response.statusCode = request.body.data.data.i === 0 ? status : 200
      response.setHeader('location', `${here.receiver.address}/elsewhere`)
      response.end()
    }
    await here.alerts(2)
    await eventually(async () => (await here.state(id)).delivered === 1)
    expect(here.receiver.received.map(({ path }) => path)).toEqual(['/in?key=abc', '/in?key=abc'])
    expect((await here.client.webhook({ params: { webhook: id } })).setAside).toMatchObject([{ status, attempts: 1 }])
  })

  it('that says how long to wait is left alone so long', async () => {
    const { id } = await here.add(['alert.raised'])
    let isFirst = true
    here.receiver.answer = (_request, response) => {
      if (isFirst) response.writeHead(429, { 'retry-after': '1' })
      isFirst = false
      response.end()
    }
    await here.alerts(1)
    const [first, second] = await here.receiver.until(2)
    // At most the longest wait.
    expect(second!.at - first!.at).toBeGreaterThanOrEqual(pace.longestRetryMs - 20)
    await eventually(async () => (await here.state(id)).delivered === 1)
  })

  it('that does not answer, or answers without end, holds up no other', async () => {
    const other = await startReceiver()
    try {
      const { id } = await here.add(['alert.raised'])
      await here.add(['alert.raised'], { name: 'other', url: other.address })
      here.receiver.answer = () => {}
      await here.alerts(20)
      const began = Date.now()
      await other.until(20)
      expect(Date.now() - began).toBeLessThan(patience.wholeMs * 3)
      expect(here.receiver.received.length).toBeLessThan(5)
      here.receiver.answer = (_request, response) => {
        const drip = setInterval(() => response.write('x'.repeat(10_000)), 5)
        response.on('close', () => clearInterval(drip))
      }
      await eventually(async () => (await here.state(id)).delivered > 2)
    } finally {
      await other.close()
    }
  })

  it('that is gone is asked again when it is back, also by the next process', async () => {
    const { port } = here.receiver
    const { id } = await here.add(['alert.raised'])
    await here.receiver.close()
    await here.alerts(2)
    await eventually(async () => (await here.state(id)).attempts > 0)
    expect((await here.state(id)).last).toMatchObject({ status: null, reason: 'the connection was refused' })
    await here.server.close()
    here.receiver = await startReceiver(port)
    await here.start()
    const received = await here.receiver.until(2)
    expect(received.map(({ body }) => body.data.data.i)).toEqual([0, 1])
  })
})
