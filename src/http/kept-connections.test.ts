import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, expect, it, vi } from 'vitest'
import { KeptConnections, type KeptLimits } from './kept-connections.ts'
import { postOutside } from './outside-request.ts'

const ended: (() => void)[] = []
afterEach(() => {
  for (const end of ended.splice(0)) end()
})

/** A receiver on loopback that tells its connections apart. */
async function receiver(host = '127.0.0.1') {
  const sockets: Socket[] = []
  const requests: { by: Socket; host: string }[] = []
  const server = createServer((request, response) => {
    requests.push({ by: request.socket, host: request.headers.host! })
    request.resume().on('end', () => response.end('taken'))
  })
  server.keepAliveTimeout = 60_000
  server.on('connection', (socket) => sockets.push(socket))
  server.listen(0, host)
  await once(server, 'listening')
  ended.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { sockets, requests, port: (server.address() as AddressInfo).port }
}

function keeping(limits?: KeptLimits) {
  const kept = new KeptConnections(limits)
  ended.push(() => kept.close())
  const send = (url: string, addresses = ['127.0.0.1'], signal = new AbortController().signal) =>
    postOutside(
      { url: new URL(url), addresses: addresses.map((address) => ({ address, family: 4 })) },
      { headers: {}, body: Buffer.from('{}') },
      { connectMs: 5000, wholeMs: 10_000, signal },
      kept,
    )
  /** Until the last answer was read to its end. */
  const waiting = (count: number) => vi.waitFor(() => expect(kept.waiting).toBe(count), { timeout: 10_000 })
  return { kept, send, waiting }
}

it('is used again for the same host and addresses', async () => {
  const { sockets, requests, port } = await receiver()
  const { send, waiting } = keeping()
  for (let i = 0; i < 5; i += 1) {
    expect((await send(`http://hooks.invalid:${port}/${i}`)).status).toBe(200)
    await waiting(1)
  }
  expect(requests).toHaveLength(5)
  expect(sockets).toHaveLength(1)
})

it('is not used for another name, nor for the same name when it leads elsewhere', async () => {
  const { sockets, requests, port } = await receiver('0.0.0.0')
  const { send, waiting } = keeping()
  await send(`http://hooks.invalid:${port}/`)
  await waiting(1)
  await send(`http://other.invalid:${port}/`)
  await waiting(2)
  await send(`http://hooks.invalid:${port}/`, ['127.0.0.2'])
  await waiting(3)
  await send(`http://hooks.invalid:${port}/`, ['127.0.0.2', '127.0.0.1'])
  await waiting(4)
  expect(sockets).toHaveLength(4)
  expect(sockets.map(({ localAddress }) => localAddress)).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.2', '127.0.0.2'])
  // Both lists, in any order, lead to where they led before.
  await send(`http://hooks.invalid:${port}/`)
  await send(`http://hooks.invalid:${port}/`, ['127.0.0.1', '127.0.0.2'])
  expect(sockets).toHaveLength(4)
  expect(requests[4]!.by).toBe(requests[0]!.by)
  expect(requests[5]!.by).toBe(requests[3]!.by)
})

it('waits in a bounded number, one to a receiver, for a bounded time, and not beyond the end', async () => {
  const { sockets, port } = await receiver()
  const few = keeping({ most: 3, idleMs: 60_000 })
  const names = ['a', 'b', 'c', 'd', 'e']
  for (const name of names) await few.send(`http://${name}.invalid:${port}/`)
  await vi.waitFor(() => expect(sockets.filter(({ destroyed }) => destroyed)).toHaveLength(2), { timeout: 10_000 })
  expect(few.kept.waiting).toBe(3)
  few.kept.close()
  await vi.waitFor(() => expect(sockets.every(({ destroyed }) => destroyed)).toBe(true), { timeout: 10_000 })

  const many = keeping({ most: 20, idleMs: 60_000 })
  await Promise.all(names.map(() => many.send(`http://a.invalid:${port}/`)))
  await many.waiting(1)

  const short = keeping({ most: 20, idleMs: 50 })
  await short.send(`http://a.invalid:${port}/`)
  await short.waiting(0)
})

it('that was closed by its receiver is no failure: the same goes over a new one', async () => {
  const { sockets, requests, port } = await receiver()
  const { send, waiting } = keeping()
  await send(`http://hooks.invalid:${port}/`)
  await waiting(1)
  // With a reset behind the request, as of a receiver that was started anew.
  sockets[0]!.prependListener('data', () => sockets[0]!.resetAndDestroy())
  expect((await send(`http://hooks.invalid:${port}/`)).status).toBe(200)
  expect(sockets).toHaveLength(2)
  expect(requests.at(-1)!.by).toBe(sockets[1])
})
