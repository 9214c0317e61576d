import { connect, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { attacked, mostConnections, patienceMs, until } from './attacked.ts'
import { pause, raw, requestOf } from './raw.ts'

const here = attacked()

describe('connections', () => {
  const openMany = async (port: number, count: number): Promise<Socket[]> => {
    const sockets: Socket[] = []
    for (let opened = 0; opened < count; opened += 1) {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      // An end is only heard by those who read.
      socket.resume()
      sockets.push(socket)
      if (opened % 100 === 99) await pause(5)
    }
    await pause(300)
    return sockets
  }

  it('2,000 that say nothing are bounded, others are served, and they end by themselves', async () => {
    for (const [process] of here.taking()) {
      const before = process.openFiles()
      const sockets = await openMany(process.port, 2000)
      expect(process.openFiles()).toBeLessThanOrEqual(before + mostConnections)
      expect((await fetch(`${process.address}/health`)).status).toBe(200)
      await until(() => process.openFiles() <= before + 10)
      for (const socket of sockets) socket.destroy()
    }
  })

  it('5,000 requests in one go are all answered, in their order', async () => {
    for (const [process] of here.taking()) {
      const before = process.memoryMb()
      const send = Array.from({ length: 50 }, () => requestOf('GET', '/health').repeat(100))
      const answer = await raw(process.port, { send, answers: 5000, withinMs: 60_000 })
      expect(answer.statuses).toHaveLength(5000)
      expect(new Set(answer.statuses)).toEqual(new Set([200]))
      expect(process.memoryMb() - before).toBeLessThan(100)
    }
  })

  it.each([
    ['both lengths', 'Content-Length: 6\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\nG'],
    ['both lengths, the other way round', 'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', '0\r\n\r\n'],
    ['two lengths', 'Content-Length: 0\r\nContent-Length: 40\r\n', ''],
    ['a length of two numbers', 'Content-Length: 0, 40\r\n', ''],
    ['a length with a sign', 'Content-Length: +0\r\n', ''],
    ['an encoding that is none', 'Transfer-Encoding: xchunked\r\n', ''],
    ['an encoding twice', 'Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n'],
    ['a space before the colon', 'Transfer-Encoding : chunked\r\n', '0\r\n\r\n'],
    ['a header of two lines', 'X: a\r\n Transfer-Encoding: chunked\r\n', ''],
    ['a length of a piece that overflows', 'Transfer-Encoding: chunked\r\n', 'ffffffffffffffffff\r\n'],
    ['a piece without its end', 'Transfer-Encoding: chunked\r\n', '1\r\naXX0\r\n\r\n'],
    ['no host', null, ''],
  ])('a second request hidden behind %s is not carried out', async (_, headers, body) => {
    const { head: headBefore } = await here.both.client.events({ query: { limit: 1 } })
    for (const [process, , path] of here.taking()) {
      const host = headers === null ? '' : 'Host: 127.0.0.1\r\n'
      const hidden = `POST /api/scripts HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n{"command":["true"],"folder":"/tmp"}    `
      const send = `POST ${path} HTTP/1.1\r\n${host}Content-Type: application/json\r\n${headers ?? ''}\r\n${body}${hidden}`
      const answer = await raw(process.port, { send, untilClosed: true, withinMs: 10_000 })
      expect(answer.statuses.length).toBeLessThanOrEqual(1)
      expect(answer.statuses[0]).toBe(400)
      expect(answer.isClosed).toBe(true)
    }
    expect((await here.both.client.events({ query: { limit: 1 } })).head).toEqual(headBefore)
  })
})

it('a request with two hosts is refused: whoever stands between may have taken the other', async () => {
  for (const [process] of here.taking()) {
    const answer = await raw(process.port, {
      send: 'GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nhOST: 127.0.0.1\r\n\r\n',
    })
    expect(answer.statuses).toEqual([400])
  }
})

describe('a client that never reads its answer', () => {
  it('costs no memory by the size of the answer, and is cut off', async () => {
    const { run } = await here.both.client.runScript({
      body: {
        command: ['sh', '-c', 'head -c 60000000 /dev/urandom > "$MILLWRIGHT_ARTIFACTS/big"'],
        folder: here.both.home,
      },
    })
    const { steps } = await here.both.client.run({ params: { run: run.id }, query: { waitMs: 20_000 } })
    const { hash } = steps.flatMap((step) => step.artifacts).find(({ name }) => name === 'big')!
    // Once, by somebody who reads: all of it comes, as something to be kept.
    const response = await fetch(`${here.both.server.address}/api/artifacts/${hash}`)
    expect((await response.arrayBuffer()).byteLength).toBe(60_000_000)
    const before = here.both.server.memoryMb()
    const open = here.both.server.openFiles()
    const sockets = Array.from({ length: 30 }, () => {
      const socket = connect(here.both.server.port, '127.0.0.1')
      socket.on('error', () => {})
      socket.pause()
      socket.write(requestOf('GET', `/api/artifacts/${hash}`))
      return socket
    })
    let most = before
    await until(() => {
      most = Math.max(most, here.both.server.memoryMb())
      return here.both.server.openFiles() > open + sockets.length
    })
    for (let looks = 0; looks < (patienceMs * 2) / 100; looks += 1) {
      await pause(100)
      most = Math.max(most, here.both.server.memoryMb())
    }
    // As a whole in memory, they would be 1,800 MB.
    expect(most - before).toBeLessThan(250)
    await until(() => here.both.server.openFiles() <= open + 10)
    for (const socket of sockets) socket.destroy()
  }, 60_000)

  it('of a stream of events leaves it to those that do', async () => {
    const streams = Array.from({ length: 50 }, () => {
      const socket = connect(here.both.server.port, '127.0.0.1')
      socket.on('error', () => {})
      socket.pause()
      socket.write(requestOf('GET', '/api/events/stream?after=0'))
      return socket
    })
    const before = here.both.server.memoryMb()
    const reading = await fetch(`${here.both.server.address}/api/events/stream?after=0`)
    const reader = reading.body!.getReader()
    let text = ''
    while (!text.includes('model.registered')) text += Buffer.from((await reader.read()).value!).toString()
    await reader.cancel()
    expect(here.both.server.memoryMb() - before).toBeLessThan(60)
    for (const socket of streams) socket.destroy()
  })
})
