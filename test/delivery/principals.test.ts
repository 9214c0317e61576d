import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { roles } from '../../src/contract/principal.ts'
import type { Route } from '../../src/contract/route.ts'
import { routes } from '../../src/contract/routes.ts'
import { type RunningPredictor, startPredictor } from '../../src/predictor/predictor.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { createToken, listTokens, removeToken, serviceToken } from '../../src/server/principals.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { applyFolder, projectFolder, shopFiles } from './shop.ts'

let folder: string
let home: string
let server: RunningServer
const as = (token?: string): Client => createClient(server.address, token ? { token } : {})
const token: Record<string, string> = {}
const start = async (host: string): Promise<void> => {
  server = await startServer({ home, host, port: 0 })
  server = { ...server, address: server.address.replace('0.0.0.0', '127.0.0.1') }
}

beforeAll(async () => {
  folder = await projectFolder(shopFiles())
  home = await mkdtemp(join(tmpdir(), 'millwright-principals-'))
  await start('127.0.0.1')
})
afterAll(async () => {
  await server?.close()
  await rm(home, { recursive: true, force: true })
  await rm(folder, { recursive: true, force: true })
})

it('asks nobody until there is a token, and everybody from then on, without a restart', async () => {
  await applyFolder(as(), folder, 'ada')
  expect((await as().project()).applied!.appliedBy).toBe('user:ada')
  for (const role of roles) token[role] = createToken(home, `the-${role}`, role)
  await expect(applyFolder(as(), folder)).rejects.toMatchObject({ code: 'unauthorized' })
  expect(await as().runs()).toMatchObject({ total: 0 })
  // Now that there are tokens, it may be reached from elsewhere.
  await server.close()
  await start('0.0.0.0')
})

it('keeps no token, and lets nobody else read who there is', () => {
  const path = join(home, 'principals.json')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(statSync(join(home, 'service.token')).mode & 0o777).toBe(0o600)
  for (const each of Object.values(token)) expect(readFileSync(path, 'utf8')).not.toContain(each)
  expect(listTokens(home).map((each) => each.role)).toEqual([...roles])
  expect(() => createToken(home, 'the-admin', 'viewer')).toThrowError(
    expect.objectContaining({ code: 'already-exists' }),
  )
  expect(() => createToken(home, 'a b', 'viewer')).toThrowError(expect.objectContaining({ code: 'invalid-request' }))
})

/** Reads, whose questions are too long for an address. */
const askedInBodies = ['trackedRunRows', 'metricCourses']

it('has no route that changes something and asks nobody', async () => {
  const open: string[] = []
  for (const [name, route] of Object.entries(routes) as [string, Route][]) {
    if (route.method === 'GET') continue
    for (const authorization of [undefined, 'Bearer wrong', `Basic ${token.admin}`]) {
      const response = await fetch(server.address + route.path.replace(/\{\w+\}/g, 'x'), {
        method: route.method,
        headers: { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) },
        body: '{}',
      })
      // So many wrong ones are told to wait, as those are that the tests below send.
      const refusals = authorization ? [401, 429] : [401]
      if (!refusals.includes(response.status)) open.push(`${name} ${authorization}`)
    }
    if (route.role === 'viewer' && !['signOut', ...askedInBodies].includes(name))
      open.push(`${name} needs no more than a viewer`)
    if (route.open && name !== 'signIn') open.push(`${name} is open`)
  }
  expect(open).toEqual([])
})

it('refuses a role without the right, says which it needs, and tells of it', async () => {
  await expect(applyFolder(as(token.viewer), folder)).rejects.toMatchObject({
    code: 'forbidden',
    message: 'apply needs the role developer; the-viewer is viewer',
  })
  await expect(as(token.developer).collectGarbage()).rejects.toMatchObject({ code: 'forbidden' })
  await expect(as(token.service).startRun({ body: { pipeline: 'sums' } })).rejects.toMatchObject({ code: 'forbidden' })
  await as(token.operator).collectGarbage()
  const { events } = await as().events({ query: { type: 'access.refused' } })
  expect(events.map(({ actor, data }) => [actor, data.route])).toEqual([
    ['user:the-service', 'startRun'],
    ['user:the-developer', 'collectGarbage'],
    ['user:the-viewer', 'apply'],
  ])
})

it('takes the token for who did it, whatever the body says', async () => {
  const { run } = await as(token.developer).startRun({
    body: { pipeline: 'sums', actor: 'user:the-admin', wait: true },
  })
  expect(run.startedBy).toBe('user:the-developer')
  await expect(as(token.developer).startRun({ body: { pipeline: 'sums', actor: 'system' } })).resolves.toMatchObject({
    run: { startedBy: 'user:the-developer' },
  })
})

describe('sessions of the screens', () => {
  const call = (method: string, path: string, { cookie = '', origin = server.address, body = {} } = {}) =>
    fetch(server.address + path, {
      method,
      headers: { origin, cookie, ...(method === 'POST' ? { 'content-type': 'application/json' } : {}) },
      ...(method === 'POST' ? { body: JSON.stringify(body) } : {}),
    })
  const signIn = async (of: string): Promise<{ cookie: string; attributes: string }> => {
    const response = await call('POST', '/api/session', { body: { token: of } })
    expect(response.status).toBe(200)
    const [cookie, ...attributes] = response.headers.get('set-cookie')!.split('; ')
    return { cookie: cookie!, attributes: attributes.join('; ') }
  }
  const who = async (cookie = '') => (await (await call('GET', '/api/session', { cookie })).json()) as unknown

  it('exchanges a token for a cookie that no script reads and no other page sends', async () => {
    expect(await who()).toEqual({ asked: true, principal: null, may: [] })
    const { cookie, attributes } = await signIn(token.developer!)
    expect(attributes).toBe('Path=/; HttpOnly; SameSite=Strict; Max-Age=43200')
    expect(await who(`other=1; ${cookie}`)).toEqual({
      asked: true,
      principal: { name: 'the-developer', role: 'developer' },
      may: ['viewer', 'service', 'developer'],
    })
    const kept = readFileSync(join(home, 'sessions.json'), 'utf8')
    expect(kept).not.toContain(cookie.split('=')[1])
    expect(kept).not.toContain(token.developer)
    expect(statSync(join(home, 'sessions.json')).mode & 0o777).toBe(0o600)
  })

  it('acts with the right of the role and in its name, for pages of this address alone', async () => {
    const { cookie } = await signIn(token.developer!)
    const start = { cookie, body: { pipeline: 'sums', actor: 'user:the-admin', wait: true } }
    const run = (await (await call('POST', '/api/runs', start)).json()) as { run: { startedBy: string } }
    expect(run.run.startedBy).toBe('user:the-developer')
    expect((await call('POST', '/api/gc', { cookie })).status).toBe(403)
    for (const origin of ['http://elsewhere.example', 'null', server.address.replace('http', 'https').concat('1')])
      expect((await call('POST', '/api/runs', { ...start, origin })).status).toBe(403)
    expect((await call('POST', '/api/session', { origin: 'http://elsewhere.example' })).status).toBe(403)
  })

  it('ends when it is ended, and with the token it was begun with', async () => {
    const first = await signIn(token.viewer!)
    const second = await signIn(token.viewer!)
    expect((await call('DELETE', '/api/session', first)).status).toBe(200)
    expect(await who(first.cookie)).toMatchObject({ principal: null })
    expect(await who(second.cookie)).toMatchObject({ principal: { name: 'the-viewer' } })
    removeToken(home, 'the-viewer')
    expect(await who(second.cookie)).toMatchObject({ principal: null })
    token.viewer = createToken(home, 'the-viewer', 'viewer')
    expect(await who(second.cookie)).toMatchObject({ principal: null })
  })

  it('begins none for a token that nobody has, or that a program has', async () => {
    for (const wrong of ['mw_wrong', serviceToken(home), ''])
      expect([401, 429]).toContain((await call('POST', '/api/session', { body: { token: wrong } })).status)
  })
})

it('lets nobody read from another machine without a token', async ({ skip }) => {
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((each) => each && each.family === 'IPv4' && !each.internal)?.address
  if (!outside) return skip('this machine has no address but the loopback')
  const address = server.address.replace('127.0.0.1', outside)
  await expect(createClient(address).runs()).rejects.toMatchObject({ code: 'unauthorized' })
  expect(await createClient(address, { token: token.viewer! }).runs()).toMatchObject({ total: expect.any(Number) })
  expect(await createClient(address).health()).toMatchObject({ status: 'ok' })
})

it('knows the prediction service that is started with it', async () => {
  const options = { home: join(home, 'predictor'), host: '127.0.0.1', port: 0, server: server.address, version: 'test' }
  const faults: string[] = []
  const stranger = await new Promise<RunningPredictor>((resolve) => {
    const started = startPredictor({
      ...options,
      onFault: (message) => {
        faults.push(message)
        resolve(started)
      },
    })
  })
  await stranger.close()
  expect(faults[0]).toContain('needs a token')
  expect(server.plane.sessions.connected()).toEqual([])
  const known = await startPredictor({ ...options, token: serviceToken(home) })
  await vi.waitFor(() => expect(server.plane.sessions.connected()).toHaveLength(1), { timeout: 10_000, interval: 10 })
  await known.close()
})

it('lets somebody in no longer once they are removed, and nobody when the list is broken or gone', async () => {
  removeToken(home, 'the-operator')
  await expect(as(token.operator).collectGarbage()).rejects.toMatchObject({
    code: expect.stringMatching(/^(unauthorized|too-many-attempts)$/),
  })
  const path = join(home, 'principals.json')
  const whole = readFileSync(path)
  writeFileSync(path, '{"principals": [{"name": "x"')
  await expect(as(token.admin).collectGarbage()).rejects.toMatchObject({ code: 'forbidden' })
  rmSync(path)
  await expect(as().collectGarbage()).rejects.toMatchObject({ code: 'unauthorized' })
  writeFileSync(path, whole)
  await as(token.admin).collectGarbage()
})
