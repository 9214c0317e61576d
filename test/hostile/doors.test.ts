import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KnownHosts } from '../../src/http/doors.ts'
import { startPredictor } from '../../src/predictor/predictor.ts'
import { createToken } from '../../src/server/principals.ts'
import { startServer } from '../../src/server/start.ts'
import { type BothProcesses, bothProcesses, question } from './processes.ts'
import { raw, requestOf } from './raw.ts'

let both: BothProcesses
beforeAll(async () => {
  both = await bothProcesses({ MILLWRIGHT_HOSTS: 'flights.example, other.example' })
}, 60_000)
afterAll(async () => {
  await both?.close()
})
const ports = () => [both.server.port, both.predictor.port]
const json = { 'content-type': 'application/json' }

it.each([
  'evil.example',
  'evil.example:4300',
  '127.0.0.1.evil.example',
  '192.168.1.7',
  'localhost.',
  'a@127.0.0.1',
  '',
])('the host "%s" is not this machine: 403', async (host) => {
  for (const port of ports()) {
    for (const [method, path] of [
      ['GET', '/health'],
      ['GET', '/'],
      ['POST', '/api/plan'],
      ['POST', '/v2/models/small/infer'],
    ]) {
      const send = `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}`
      const answer = await raw(port, { send })
      expect(answer.statuses).toEqual([403])
      expect(answer.text).toContain('is not this machine')
    }
  }
})

it.each(['127.0.0.1', 'localhost:1', 'LOCALHOST', '[::1]:4300', 'flights.example', 'Other.Example:443'])(
  'the host "%s" is',
  async (host) => {
    for (const port of ports()) {
      const answer = await raw(port, { send: `GET /health HTTP/1.1\r\nHost: ${host}\r\n\r\n` })
      expect(answer.statuses).toEqual([200])
    }
  },
)

it('an address made of digits is one of this machine where it listens on more than itself', () => {
  const hosts = new KnownHosts('0.0.0.0', [])
  expect(
    ['192.168.1.7:4300', '[fe80::1]', 'evil.example', '1.2.3.4.evil.example'].map((host) => hosts.has(host)),
  ).toEqual([true, true, false, false])
})

it('a page of another address does not act here, and loads nothing from here', async () => {
  for (const port of ports()) {
    const address = `http://127.0.0.1:${port}`
    const path = port === both.server.port ? '/api/labels' : '/v2/models/small/infer'
    for (const origin of ['http://evil.example', 'null', 'http://127.0.0.1:1', `https://127.0.0.1:${port + 1}`]) {
      const response = await fetch(address + path, { method: 'POST', headers: { origin, ...json }, body: question })
      expect([origin, response.status]).toEqual([origin, 403])
    }
    const own = await fetch(address + path, { method: 'POST', headers: { origin: address, ...json }, body: question })
    expect(own.status).not.toBe(403)
    // A browser says of each request where it comes from; no page can change that.
    const site = (value: string, mode: string) =>
      raw(port, { send: requestOf('GET', '/health', { 'sec-fetch-site': value, 'sec-fetch-mode': mode }) })
    expect((await site('cross-site', 'no-cors')).statuses).toEqual([403])
    expect((await site('same-site', 'cors')).statuses).toEqual([403])
    expect((await site('same-origin', 'cors')).statuses).toEqual([200])
    expect((await site('cross-site', 'navigate')).statuses).toEqual([200])
  }
})

// The first page of a clone builds the screens.
describe('headers of safety', { timeout: 120_000 }, () => {
  it('come with every answer of both processes, refusals too', async () => {
    const paths = [
      '/health',
      '/openapi.json',
      '/nothing',
      '/api/nothing',
      '/api/endpoints',
      '/metrics',
      '/%ff',
      '/api/events/stream?after=0',
    ]
    for (const port of ports()) {
      for (const path of paths) {
        const { text } = await raw(port, { send: requestOf('GET', path) })
        expect([path, text]).toEqual([path, expect.stringMatching(/x-content-type-options: nosniff/i)])
        expect([path, text]).toEqual([
          path,
          expect.stringMatching(/content-security-policy: default-src '(none|self)'/i),
        ])
      }
      const infer = await fetch(`http://127.0.0.1:${port}/v2/models/small/infer`, {
        method: 'POST',
        headers: json,
        body: '{}',
      })
      expect(infer.headers.get('x-content-type-options')).toBe('nosniff')
    }
  })
  it('let the screens run scripts of their own files alone', async () => {
    const page = await fetch(both.server.address, { headers: { accept: 'text/html' } })
    const policy = page.headers.get('content-security-policy')!
    expect(policy).toContain("default-src 'self'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
    const html = await page.text()
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>|\son\w+=|javascript:/i)
    const [, script] = /<script[^>]*\bsrc="([^"]+)"/.exec(html)!
    const file = await fetch(new URL(script!, both.server.address), { headers: { 'sec-fetch-site': 'same-origin' } })
    expect(file.headers.get('content-type')).toContain('javascript')
    expect(file.headers.get('x-content-type-options')).toBe('nosniff')
  })
  it('and the page of the API has no script at all', async () => {
    const page = await fetch(`${both.server.address}/api`)
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/=]+'/)
    expect(await page.text()).not.toContain('<script')
  })
})

it('an artifact is a download that no browser shows in place', async () => {
  const { run } = await both.client.runScript({
    body: {
      command: ['sh', '-c', 'echo "<script>alert(1)</script>" > "$MILLWRIGHT_ARTIFACTS/page.html"'],
      folder: both.home,
    },
  })
  const { steps } = await both.client.run({ params: { run: run.id }, query: { waitMs: 20_000 } })
  const { hash } = steps.flatMap((step) => step.artifacts).find(({ name }) => name === 'page.html')!
  const { headers } = await fetch(`${both.server.address}/api/artifacts/${hash}`)
  expect(headers.get('content-disposition')).toMatch(/^attachment; filename="[0-9a-f]{12}"$/)
  expect(headers.get('content-type')).toBe('application/octet-stream')
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('content-security-policy')).toMatch(/sandbox/)
})

it('no name that somebody sends becomes a path', async () => {
  const names = ['..%2f..%2fescaped', '..%2F..%2F..%2Fetc%2Fpasswd', '%2e%2e%2fescaped', 'a%00b', '..%5cescaped', '.']
  for (const name of names) {
    for (const [method, path] of [
      ['PUT', `/api/predictors/${name}/segments/20250101-x?offset=0`],
      ['PUT', `/api/predictors/x/segments/${name}?offset=0`],
      ['POST', `/api/models/${name}/files`],
    ]) {
      const response = await fetch(both.server.address + path, {
        method,
        headers: { 'content-type': 'application/octet-stream' },
        body: 'x',
      })
      // `.` is no part of an address, and the library leaves it out.
      expect([path, response.status]).toEqual([path, name === '.' ? expect.any(Number) : 400])
      expect(response.ok).toBe(false)
    }
    for (const path of [`/api/artifacts/${name}`, `/api/packages/${name}/file`, `/api/runs/${name}/steps/x/log`])
      expect((await fetch(both.server.address + path)).ok).toBe(false)
    const labels = { endpoint: decodeURIComponent(name), labels: [{ key: 'a', value: 1 }] }
    const posted = await fetch(`${both.server.address}/api/labels`, {
      method: 'POST',
      headers: json,
      body: JSON.stringify(labels),
    })
    expect(posted.status).toBe(400)
  }
})

describe('an address that others reach', () => {
  it('asks for tokens first: neither process starts without', async () => {
    const home = await mkdtemp(join(tmpdir(), 'millwright doors '))
    const service = {
      home: join(home, 'predictor'),
      host: '0.0.0.0',
      port: 0,
      server: 'http://127.0.0.1:1',
      version: '0',
    }
    try {
      for (const host of ['0.0.0.0', '::', '192.168.0.1']) {
        await expect(startServer({ home, host, port: 0 })).rejects.toMatchObject({
          code: 'forbidden',
          hint: expect.stringContaining('millwright token create'),
        })
        await expect(startPredictor({ ...service, host })).rejects.toMatchObject({
          code: 'forbidden',
          hint: expect.stringContaining('MILLWRIGHT_PREDICTOR_TOKEN'),
        })
      }
      createToken(home, 'ada', 'admin')
      const server = await startServer({ home, host: '0.0.0.0', port: 0 })
      // Whoever comes through a proxy on this machine is not of this machine.
      const address = server.address.replace('0.0.0.0', '127.0.0.1')
      expect((await fetch(`${address}/api/runs`)).status).toBe(200)
      expect((await fetch(`${address}/api/runs`, { headers: { 'x-forwarded-for': '8.8.8.8' } })).status).toBe(401)
      await server.close()
      const predictor = await startPredictor({ ...service, askedToken: 'kept' })
      const at = (path: string, authorization?: string) =>
        fetch(predictor.address.replace('0.0.0.0', '127.0.0.1') + path, {
          method: path.endsWith('infer') ? 'POST' : 'GET',
          headers: { ...json, ...(authorization ? { authorization } : {}) },
          ...(path.endsWith('infer') ? { body: question } : {}),
        })
      for (const path of ['/v2/models/small/infer', '/v2/models/small', '/v2', '/metrics']) {
        for (const wrong of [undefined, 'Bearer other', 'Basic kept', 'Bearer kept2'])
          expect([path, wrong, (await at(path, wrong)).status]).toEqual([path, wrong, 401])
        expect((await at(path, 'Bearer kept')).status).not.toBe(401)
      }
      for (const path of ['/health', '/v2/health/live']) expect((await at(path)).status).toBe(200)
      await predictor.close()
    } finally {
      await rm(home, { recursive: true, force: true })
    }
  })
})
