import { connect, type Socket } from 'node:net'

export interface Answer {
  /** Of each answer that came, in order. */
  statuses: number[]
  text: string
  /** Whether the other side ended the connection, and not our patience. */
  isClosed: boolean
  sentBytes: number
}

export interface Raw {
  /** What is sent; a generator may wait between its pieces, and is left when the connection ends or an answer has come. */
  send: string | Uint8Array | AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>
  /** Answers that are waited for, or the end of the connection; 1 where nothing is said. */
  answers?: number
  /** Go on to wait for the end of the connection. */
  untilClosed?: boolean
  withinMs?: number
}

const statusesOf = (text: string): number[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]))

/** Speaks to a port byte by byte, as no library would. */
export async function raw(port: number, { send, answers = 1, untilClosed, withinMs = 20_000 }: Raw): Promise<Answer> {
  const socket: Socket = connect(port, '127.0.0.1')
  // Each piece that has to wait listens for the end.
  socket.setMaxListeners(0)
  const pieces: Buffer[] = []
  let isClosed = false
  let sentBytes = 0
  const text = () => Buffer.concat(pieces).toString('latin1')
  const isDone = () => isClosed || (!untilClosed && statusesOf(text()).length >= answers)
  const done = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, withinMs)
    const look = () => {
      if (!isDone()) return
      clearTimeout(timer)
      resolve()
    }
    socket.on('data', (piece) => {
      pieces.push(piece)
      look()
    })
    const end = () => {
      isClosed = true
      look()
    }
    socket.on('end', end)
    socket.on('close', end)
    socket.on('error', end)
  })
  const sending = (async () => {
    const parts = typeof send === 'string' || send instanceof Uint8Array ? [send] : send
    for await (const part of parts) {
      if (isDone() || (statusesOf(text()).length > 0 && answers === 1)) return
      sentBytes += part.length
      if (!socket.write(part))
        await Promise.race([new Promise((resolve) => socket.once('drain', resolve).once('close', resolve)), done])
    }
  })()
  await done
  await Promise.race([sending, new Promise((resolve) => setTimeout(resolve, 500))])
  // What was handed to the system and never taken by the other side was not sent.
  sentBytes -= socket.writableLength
  socket.destroy()
  return { statuses: statusesOf(text()), text: text(), isClosed, sentBytes }
}

export const requestOf = (method: string, path: string, headers: Record<string, string | number> = {}): string =>
  `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
