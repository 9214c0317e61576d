import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { KeptConnections } from './kept-connections.ts'
import { NoAnswer, postOutside } from './outside-request.ts'

const hosts: (string | undefined)[] = []
const server = createServer((request, response) => {
  hosts.push(request.headers.host)
  response.writeHead(request.url === '/moved' ? 302 : 201, { location: '/', 'retry-after': '7' })
  response.end('x'.repeat(1_000_000))
})
let port: number
beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as { port: number }).port
})
afterAll(() => {
  kept.close()
  server.closeAllConnections()
  server.close()
})
const kept = new KeptConnections()
const send = (url: string, address = '127.0.0.1', signal = new AbortController().signal) =>
  postOutside(
    { url: new URL(url), addresses: [{ address, family: 4 }] },
    { headers: {}, body: Buffer.from('{}') },
    { connectMs: 500, wholeMs: 1000, signal },
    kept,
  )

it('goes to the addresses that were found, and looks up no name again', async () => {
  expect(await send(`http://nowhere.invalid:${port}/`)).toEqual({ status: 201, retryAfter: '7' })
  expect(hosts).toEqual([`nowhere.invalid:${port}`])
})

it('follows nowhere', async () => {
  hosts.length = 0
  expect(await send(`http://nowhere.invalid:${port}/moved`)).toMatchObject({ status: 302 })
  expect(hosts).toHaveLength(1)
})

it('says why there was no answer in words that tell nothing of who was asked', async () => {
  const why = (work: Promise<unknown>) => work.then(String, (error) => [error instanceof NoAnswer, error.message])
  expect(await why(send('http://nowhere.invalid:1/'))).toEqual([true, 'the connection was refused'])
  expect(await why(send(`https://nowhere.invalid:${port}/`))).toEqual([true, 'there was no connection by TLS'])
  const stop = new AbortController()
  const broken = send(`http://nowhere.invalid:${port}/`, '127.0.0.1', stop.signal)
  stop.abort()
  expect(await why(broken)).toEqual([true, 'the request failed'])
})
