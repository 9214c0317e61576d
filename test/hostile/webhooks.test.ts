import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { createServer as createListener } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { createToken } from '../../src/server/principals.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'

/** Whoever would be reached on loopback, if anybody were: it counts connections and answers as something inside would. */
let canary: Server
let touched = 0
let port: number
let folder: string
let server: RunningServer
let client: Client
/** What names lead to, each time that they are looked up. */
const names = new Map<string, string[][]>()

beforeAll(async () => {
  canary = createServer((_request, response) => response.end('the keys of the house'))
  canary.on('connection', () => {
    touched += 1
  })
  canary.listen(0, '::')
  await once(canary, 'listening')
  port = (canary.address() as { port: number }).port
  folder = await mkdtemp(join(tmpdir(), 'millwright webhooks hostile '))
  server = await startServer({
    home: join(folder, 'home'),
    host: '127.0.0.1',
    port: 0,
    webhooks: {
      rules: { plainHttp: true, allowed: [] },
      pace: { firstRetryMs: 20, longestRetryMs: 100, mostAttempts: 3 },
      patience: { connectMs: 300, wholeMs: 600 },
      find: async (name) => {
        const turns = names.get(name)
        const addresses = turns && (turns.length > 1 ? turns.shift()! : turns[0]!)
        return (addresses ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
      },
    },
  })
  client = createClient(server.address)
})
afterAll(async () => {
  await server?.close()
  canary?.closeAllConnections()
  canary?.close()
  await rm(folder, { recursive: true, force: true })
})

const events = ['registered_model.created']
const post = async (path: string, body: object, method = 'POST') => {
  const answer = await fetch(server.address + path, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: answer.status, text: await answer.text() }
}
const mlflowEvents = [{ entity: 'REGISTERED_MODEL', action: 'CREATED' }]

const own = Object.values(networkInterfaces())
  .flatMap((each) => each ?? [])
  .filter(({ family, internal }) => family === 'IPv4' && !internal)
  .map(({ address }) => address)

describe('no address that somebody states leads inside', () => {
  it.each([
    'http://127.0.0.1:PORT/',
    'http://127.9.9.9:PORT/',
    'http://localhost:PORT/',
    'http://localhost.:PORT/',
    'http://LocalHost:PORT/',
    'http://x.localhost:PORT/',
    'http://127.1:PORT/',
    'http://2130706433:PORT/',
    'http://0x7f000001:PORT/',
    'http://0x7f.1:PORT/',
    'http://0177.0.0.1:PORT/',
    'http://017700000001:PORT/',
    'http://127.0.0.1.:PORT/',
    'http://%31%32%37.0.0.1:PORT/',
    'http://127。0。0。1:PORT/',
    'http://0:PORT/',
    'http://0.0.0.0:PORT/',
    'http://[::]:PORT/',
    'http://[::1]:PORT/',
    'http://[0:0:0:0:0:0:0:1]:PORT/',
    'http://[::ffff:127.0.0.1]:PORT/',
    'http://[::ffff:7f00:1]:PORT/',
    'http://[64:ff9b::127.0.0.1]:PORT/',
    'http://[2002:7f00:1::]:PORT/',
    'http://[::127.0.0.1]:PORT/',
    'http://[fe80::1]:PORT/',
    'http://[fd00::1]:PORT/',
    'http://10.0.0.1:PORT/',
    'http://100.64.0.1:PORT/',
    'http://169.254.169.254/latest/meta-data/',
    'http://172.16.0.1:PORT/',
    'http://192.168.0.1:PORT/',
    'http://198.18.0.1:PORT/',
    'http://224.0.0.1:PORT/',
    'http://255.255.255.255:PORT/',
    'http://user@127.0.0.1:PORT/',
    'http://93.184.215.14@127.0.0.1:PORT/',
    'http://93.184.215.14#@127.0.0.1:PORT/',
    'http:\\\\127.0.0.1:PORT/',
    'http:127.0.0.1:PORT/',
    'file:///etc/passwd',
    'gopher://127.0.0.1:PORT/',
    'ftp://127.0.0.1:PORT/',
    'unix:/var/run/docker.sock',
    'http://inside.example:PORT/',
    'http://mixed.example:PORT/',
    'http://inside6.example:PORT/',
    'http://nowhere.example:PORT/',
    ...own.map((address) => `http://${address}:PORT/`),
  ])('%s', async (template) => {
    names.set('inside.example', [['127.0.0.1']])
    names.set('mixed.example', [['93.184.215.14', '127.0.0.1']])
    names.set('inside6.example', [['::ffff:127.0.0.1']])
    const url = template.replace('PORT', String(port))
    const before = touched
    const made = await post('/api/2.0/mlflow/webhooks', { name: 'x', url, events: mlflowEvents })
    const stated = await post('/api/webhooks', { name: 'x', url, events })
    names.set('public.example', [['93.184.215.14']])
    const good = await client.addWebhook({ body: { name: 'y', url: 'http://public.example/', events, active: false } })
    const changed = await post(`/api/2.0/mlflow/webhooks/${good.webhook.id}`, { url }, 'PATCH')
    const patched = await post(`/api/webhooks/${good.webhook.id}`, { url }, 'PATCH')
    await client.removeWebhook({ params: { webhook: good.webhook.id } })
    for (const { status, text } of [made, stated, changed, patched]) {
      expect([status, text]).toEqual([400, expect.any(String)])
      expect(text).not.toMatch(/keys of the house|at .*\.ts/)
    }
    expect((await client.webhooks()).webhooks).toEqual([])
    expect(touched).toBe(before)
  })
})

it('a name that led outside when it was stated, and inside afterwards, is not followed there', async () => {
  for (const [name, turns] of [
    ['rebound.example', [['93.184.215.14'], ['127.0.0.1']]],
    ['rebound6.example', [['93.184.215.14'], ['::1']]],
    ['both.example', [['93.184.215.14'], ['93.184.215.14', '127.0.0.1']]],
  ] as const) {
    names.set(
      name,
      turns.map((each) => [...each]),
    )
    const before = touched
    const url = `http://${name}:${port}/`
    const { webhook } = await client.addWebhook({ body: { name: 'r', url, events } })
    const params = { webhook: webhook.id }
    expect(await client.testWebhook({ params, body: {} })).toMatchObject({ success: false, status: null })
    await post('/api/2.0/mlflow/registered-models/create', { name })
    for (;;) {
      const { setAside } = await client.webhook({ params })
      if (setAside.length > 0) {
        expect(setAside[0]).toMatchObject({ attempts: 3, status: null, reason: expect.stringContaining('not public') })
        break
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    await client.removeWebhook({ params })
    expect(touched).toBe(before)
  }
})

describe('with a receiver on loopback that the operator allows', () => {
  let allowed: RunningServer
  let here: Client
  beforeAll(async () => {
    allowed = await startServer({
      home: join(folder, 'allowed'),
      host: '127.0.0.1',
      port: 0,
      webhooks: {
        rules: {
          plainHttp: false,
          allowed: [{ name: null, range: { value: 0x7f000001n, width: 32, length: 32 }, port: null }],
        },
        patience: { connectMs: 500, wholeMs: 500 },
      },
    })
    here = createClient(allowed.address)
  })
  afterAll(async () => {
    await allowed?.close()
  })

  it('a redirect to somewhere else is not followed', async () => {
    const before = touched
    for (const status of [301, 302, 303, 307, 308]) {
      const redirecting = createServer((_request, response) => {
        response.writeHead(status, { location: `http://127.0.0.1:${port}/` })
        response.end()
      })
      redirecting.listen(0, '127.0.0.1')
      await once(redirecting, 'listening')
      const url = `http://127.0.0.1:${(redirecting.address() as { port: number }).port}/`
      const { webhook } = await here.addWebhook({ body: { name: 'r', url, events, active: false } })
      const params = { webhook: webhook.id }
      expect(await here.testWebhook({ params, body: {} })).toMatchObject({ success: false, status })
      await here.removeWebhook({ params })
      redirecting.close()
    }
    expect(touched).toBe(before)
  })

  it('what it answers is shown by no route', async () => {
    const url = `http://127.0.0.1:${port}/`
    const { webhook } = await here.addWebhook({ body: { name: 'c', url, events } })
    const test = await fetch(`${allowed.address}/api/2.0/mlflow/webhooks/${webhook.id}/test`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
    expect(await test.json()).toEqual({ result: { success: true, response_status: 200 } })
    await here.removeWebhook({ params: { webhook: webhook.id } })
  })

  it('one that speaks no HTTP, hangs, or ends at once is a failure in words of our own', async () => {
    const behaviours: ((socket: import('node:net').Socket) => void)[] = [
      (socket) => socket.end('SSH-2.0-OpenSSH_9.9 secret\r\n'),
      () => {},
      (socket) => socket.destroy(),
      (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nsecret'),
      (socket) => socket.write(`HTTP/1.1 200 OK\r\nX: ${'secret'.repeat(10_000)}\r\n\r\n`),
      (socket) => socket.write('HTTP/1.1 100 Continue\r\n\r\n'),
    ]
    for (const behave of behaviours) {
      const listener = createListener((socket) => {
        socket.on('error', () => {})
        socket.once('data', () => behave(socket))
      })
      listener.listen(0, '127.0.0.1')
      await once(listener, 'listening')
      const url = `http://127.0.0.1:${(listener.address() as { port: number }).port}/`
      const { webhook } = await here.addWebhook({ body: { name: 'n', url, events, active: false } })
      const params = { webhook: webhook.id }
      const result = await here.testWebhook({ params, body: {} })
      expect(result).toMatchObject({ success: false, status: null })
      expect(result.reason).not.toContain('secret')
      expect(result.ms).toBeLessThan(2000)
      await here.removeWebhook({ params })
      listener.close()
    }
  })

  it('the control plane itself is none', async () => {
    const body = { name: 'self', url: `${allowed.address}/api/gc`, events }
    await expect(here.addWebhook({ body })).rejects.toMatchObject({ field: 'url' })
  })
})

it('a viewer reads whom it is sent to and not by which address; an operator changes it, a developer does not', async () => {
  const home = join(folder, 'roles')
  const guarded = await startServer({
    home,
    host: '127.0.0.1',
    port: 0,
    webhooks: { rules: { plainHttp: true, allowed: [] }, find: async () => [{ address: '93.184.215.14', family: 4 }] },
  })
  try {
    const as = (role: 'viewer' | 'developer' | 'operator') =>
      createClient(guarded.address, { token: createToken(home, role, role) })
    const [viewer, developer, operator] = [as('viewer'), as('developer'), as('operator')]
    const body = { name: 'x', url: 'https://hooks.example/services/T0/secret?key=k3y', events, active: false }
    await expect(developer.addWebhook({ body })).rejects.toMatchObject({ code: 'forbidden' })
    await expect(viewer.addWebhook({ body })).rejects.toMatchObject({ code: 'forbidden' })
    const { webhook } = await operator.addWebhook({ body })
    expect(webhook.url).toBe(body.url)
    const params = { webhook: webhook.id }
    for (const { url } of [
      (await viewer.webhooks()).webhooks[0]!,
      (await viewer.webhook({ params })).webhook,
      (await createClient(guarded.address).webhooks()).webhooks[0]!,
    ])
      expect(url).toBe('https://hooks.example')
    for (const call of [
      () => developer.changeWebhook({ params, body: { name: 'z' } }),
      () => developer.testWebhook({ params, body: {} }),
      () => developer.resendWebhook({ params, body: {} }),
      () => developer.removeWebhook({ params, query: {} }),
      () => createClient(guarded.address).removeWebhook({ params, query: {} }),
    ])
      await expect(call()).rejects.toMatchObject({ code: expect.stringMatching(/forbidden|unauthorized/) })
    const mlflow = (method: string, path: string) =>
      fetch(`${guarded.address}/api/2.0/mlflow/webhooks${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        ...(method === 'GET' ? {} : { body: '{}' }),
      })
    expect(JSON.stringify(await (await mlflow('GET', '')).json())).not.toContain('secret')
    expect((await mlflow('POST', `/${webhook.id}/test`)).status).toBe(401)
    expect((await mlflow('DELETE', `/${webhook.id}`)).status).toBe(401)
    const { events: told } = await operator.events({ query: { subject: `webhook:${webhook.id}` } })
    expect(told).toMatchObject([{ type: 'webhook.created', actor: 'user:operator' }])
    expect(JSON.stringify(told)).not.toMatch(/secret|k3y/)
  } finally {
    await guarded.close()
  }
})
