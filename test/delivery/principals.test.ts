import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { roles } from '../../src/contract/principal.ts'
import type { Route } from '../../src/contract/route.ts'
import { routes } from '../../src/contract/routes.ts'
import { startPredictor } from '../../src/predictor/predictor.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { createToken, listTokens, removeToken, serviceToken } from '../../src/server/principals.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { applyFolder, projectFolder, shopFiles } from './shop.ts'

let folder: string
let home: string
let server: RunningServer
const as = (token?: string): Client => createClient(server.address, token ? { token } : {})
const token: Record<string, string> = {}

beforeAll(async () => {
  folder = await projectFolder(shopFiles())
  home = await mkdtemp(join(tmpdir(), 'millwright-principals-'))
  server = await startServer({ home, host: '0.0.0.0', port: 0 })
  server = { ...server, address: server.address.replace('0.0.0.0', '127.0.0.1') }
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
      if (response.status !== 401) open.push(`${name} ${authorization}`)
    }
    if (route.role === 'viewer') open.push(`${name} needs no more than a viewer`)
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
  const stranger = await startPredictor({ ...options, onFault: (message) => faults.push(message) })
  await new Promise((resolve) => setTimeout(resolve, 400))
  await stranger.close()
  expect(faults[0]).toContain('needs a token')
  expect(server.plane.sessions.connected()).toEqual([])
  const known = await startPredictor({ ...options, token: serviceToken(home) })
  const deadline = Date.now() + 10_000
  while (server.plane.sessions.connected().length === 0 && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 30))
  expect(server.plane.sessions.connected()).toHaveLength(1)
  await known.close()
})

it('lets somebody in no longer once they are removed, and nobody when the list is broken or gone', async () => {
  removeToken(home, 'the-operator')
  await expect(as(token.operator).collectGarbage()).rejects.toMatchObject({ code: 'unauthorized' })
  const path = join(home, 'principals.json')
  const whole = readFileSync(path)
  writeFileSync(path, '{"principals": [{"name": "x"')
  await expect(as(token.admin).collectGarbage()).rejects.toMatchObject({ code: 'forbidden' })
  rmSync(path)
  await expect(as().collectGarbage()).rejects.toMatchObject({ code: 'unauthorized' })
  writeFileSync(path, whole)
  await as(token.admin).collectGarbage()
})
