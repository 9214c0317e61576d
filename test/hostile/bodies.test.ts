import { describe, expect, it } from 'vitest'
import { attacked, json, patienceMs } from './attacked.ts'
import { question, type Running } from './processes.ts'
import { pause, raw, requestOf } from './raw.ts'

const here = attacked()

function* pieces(total: number, size = 1 << 16): Generator<Buffer> {
  const piece = Buffer.alloc(size, 'x')
  for (let sent = 0; sent < total; sent += size) yield piece
}

describe('a body of 100 MB', () => {
  const total = 100 << 20
  it.each([0, 1])('that says so is refused before it is read (%i)', async (at) => {
    const [process, , path] = here.taking()[at]!
    const before = process.memoryMb()
    const head = requestOf('POST', path, { ...json, 'content-length': total })
    const answer = await raw(process.port, {
      send: (function* () {
        yield head
        yield* pieces(total)
      })(),
      untilClosed: true,
    })
    expect(answer.statuses).toEqual([413])
    expect(answer.isClosed).toBe(true)
    expect(answer.sentBytes).toBeLessThan(12 << 20)
    expect(process.memoryMb() - before).toBeLessThan(40)
  })

  it.each([0, 1])('in pieces of unknown number is read to its bound and no further (%i)', async (at) => {
    const [process, , path] = here.taking()[at]!
    const before = process.memoryMb()
    const answer = await raw(process.port, {
      send: (function* () {
        yield requestOf('POST', path, { ...json, 'transfer-encoding': 'chunked' })
        for (const piece of pieces(total)) {
          yield `${piece.length.toString(16)}\r\n`
          yield piece
          yield '\r\n'
        }
      })(),
      untilClosed: true,
    })
    expect(answer.statuses).toEqual([413])
    expect(answer.sentBytes).toBeLessThan(32 << 20)
    expect(process.memoryMb() - before).toBeLessThan(80)
  })

  it('reaches a program of Node as an answer, and not as a broken connection', async () => {
    for (const [process, , path] of here.taking()) {
      const response = await fetch(`${process.address}${path}`, {
        method: 'POST',
        headers: json,
        body: 'x'.repeat(total),
      })
      expect(response.status).toBe(413)
      expect(await response.json()).toHaveProperty('error')
    }
  })
})

describe('a client that is slow', () => {
  async function* trickled(first: string): AsyncGenerator<string> {
    yield first
    for (;;) {
      await pause(100)
      yield 'a'
    }
  }
  it('with its headers is told 408 and cut off', async () => {
    for (const [process] of here.taking()) {
      const begun = performance.now()
      const answer = await raw(process.port, { send: trickled('GET /health HTTP/1.1\r\nHost: '), untilClosed: true })
      expect(answer.statuses).toEqual([408])
      expect(answer.text).toContain('too slowly')
      expect(answer.isClosed).toBe(true)
      expect(performance.now() - begun).toBeLessThan(patienceMs * 3)
    }
  })
  it('with its body is told 408 and cut off, whatever the route would take', async () => {
    const all: [Running, string, Record<string, string>][] = [
      ...here.taking().map(([process, , path]): [Running, string, Record<string, string>] => [process, path, json]),
      [here.both.server, '/api/models/small/files', { 'content-type': 'application/octet-stream' }],
      [here.both.server, '/nothing/here', json],
      [here.both.predictor, '/nothing/here', json],
    ]
    await Promise.all(
      all.map(async ([process, path, type]) => {
        const begun = performance.now()
        const head = requestOf('POST', path, { ...type, 'content-length': 1000 })
        const answer = await raw(process.port, { send: trickled(head), untilClosed: true })
        expect([path, ...answer.statuses]).toEqual([path, 408])
        expect(answer.isClosed).toBe(true)
        expect(performance.now() - begun).toBeLessThan(patienceMs * 3)
      }),
    )
  })
  it('but not too slow is heard to the end', async () => {
    const body = `${' '.repeat(12_000)}${question}`
    const answer = await raw(here.both.predictor.port, {
      send: (async function* () {
        yield requestOf('POST', '/v2/models/small/infer', { ...json, 'content-length': body.length })
        // 4 kB a second, over longer than the patience.
        for (let at = 0; at < body.length; at += 400) {
          yield body.slice(at, at + 400)
          await pause(100)
        }
      })(),
    })
    expect(answer.statuses).toEqual([200])
  })
})

describe('headers', () => {
  it.each([
    ['one of a megabyte', [`GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\na: `, ...Array(64).fill('b'.repeat(1 << 14))]],
    ['a million', ['GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n', ...Array(1000).fill('a: b\r\n'.repeat(1000))]],
    ['an address of a megabyte', ['GET /', ...Array(64).fill('b'.repeat(1 << 14))]],
  ])('%s: 431', async (_, send) => {
    for (const [process] of here.taking()) {
      const answer = await raw(process.port, { send, untilClosed: true })
      expect(answer.statuses).toEqual([431])
      expect(answer.text).toContain('larger than 16 KB')
      expect(answer.sentBytes).toBeLessThan(6_000_000)
    }
  })
})

describe('bytes that are no text', () => {
  it('in a body: 400, and the reason', async () => {
    for (const [process, , path] of here.taking()) {
      const body = Buffer.from([0x7b, 0x22, 0xff, 0xc0, 0x80, 0x22, 0x3a, 0x31, 0x7d])
      const response = await fetch(process.address + path, { method: 'POST', headers: json, body })
      expect(response.status).toBe(400)
      expect(JSON.stringify(await response.json())).toContain('UTF-8')
    }
  })
  it.each(['/api/runs/%ff', '/%', '/api/runs/%E0%80%80', '/v2/models/%ff', '/v2/models/%ff/infer', '/api/runs/\xff'])(
    'in the address %s: 400, in the form of the process',
    async (path) => {
      for (const [process] of here.taking()) {
        const head = Buffer.from(
          requestOf(path.endsWith('infer') ? 'POST' : 'GET', path, { 'content-length': 0 }),
          'latin1',
        )
        const answer = await raw(process.port, { send: head })
        // The prediction service has no such routes beyond `/v2`, and the other way round.
        expect([400, 404]).toContain(answer.statuses[0])
        const { error } = JSON.parse(answer.text.slice(answer.text.indexOf('\r\n\r\n') + 4))
        expect(typeof (process === here.both.server ? error.code : error)).toBe('string')
      }
    },
  )
})

describe('what JSON can hide', () => {
  const deep = (open: string, close: string, depth = 100_000) => open.repeat(depth) + close.repeat(depth)
  it.each([
    ['arrays', deep('[', ']')],
    ['objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['arrays without an end', '['.repeat(1_000_000)],
    ['a value of a request', `{"rows": [{"a": ${deep('[', ']')}}]}`],
  ])('100,000 levels of %s: 400', async (_, body) => {
    const all = [
      ...here.taking().map(([process, , path]) => process.address + path),
      `${here.both.server.address}/api/datasets/x/rows`,
    ]
    for (const url of all) {
      const response = await fetch(url, { method: 'POST', headers: json, body })
      expect([url, response.status]).toEqual([url, 400])
      expect(await response.text()).toContain('levels deep')
    }
  })
  it('brackets in texts are texts', async () => {
    const [server] = here.taking()[0]!
    const body = JSON.stringify({ definition: { name: deep('[', ']', 5000) }, projectDir: '"\\[[[' })
    const response = await fetch(`${server.address}/api/plan`, { method: 'POST', headers: json, body })
    expect(await response.text()).not.toContain('levels deep')
  })
  it.each([
    '{"__proto__": {"isAdmin": true}, "definition": {}, "inputs": []}',
    '{"constructor": {"prototype": {"isAdmin": true}}, "rows": [{"__proto__": {"isAdmin": true}}]}',
    '{"rows": [{"\\u005f_proto__": {"isAdmin": true}, "x": 1}]}',
    '{"inputs": [{"name": "__proto__", "shape": [1], "datatype": "FP32", "data": [1]}]}',
  ])('a key that would reach a prototype changes nothing: %s', async (body) => {
    for (const [process, , path] of here.taking()) {
      const response = await fetch(process.address + path, { method: 'POST', headers: json, body })
      expect(response.status).toBe(400)
      expect(JSON.stringify(await (await fetch(`${process.address}/health`)).json())).not.toContain('isAdmin')
    }
  })
})
