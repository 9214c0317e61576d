import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

export interface Received {
  path: string
  id: string
  timestamp: string
  signature: string | undefined
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: what arrives is looked at by the tests, each in its own way.
  body: any
  at: number
}

export interface Receiver {
  readonly address: string
  readonly port: number
  readonly received: Received[]
  /** Connections that were ever made to it. */
  connections(): number
  /** Answers from now on; 200 where nothing is said. */
  answer: (request: Received, response: ServerResponse, raw: IncomingMessage) => void
  /** Waits until so many arrived. */
  until(count: number, patienceMs?: number): Promise<Received[]>
  close(): Promise<void>
}

/** A receiver of news on loopback, which keeps all that arrives. */
export async function startReceiver(port = 0): Promise<Receiver> {
  const received: Received[] = []
  let connections = 0
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    const header = (name: string) => request.headers[name] as string
    const one: Received = {
      path: request.url!,
      id: header('x-mlflow-delivery-id'),
      timestamp: header('x-mlflow-timestamp'),
      signature: header('x-mlflow-signature'),
      text,
      body: JSON.parse(text),
      at: Date.now(),
    }
    received.push(one)
    receiver.answer(one, response, request)
  })
  server.on('connection', () => {
    connections += 1
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const bound = (server.address() as { port: number }).port
  const receiver: Receiver = {
    address: `http://127.0.0.1:${bound}`,
    port: bound,
    received,
    connections: () => connections,
    answer: (_request, response) => response.end('taken'),
    until: async (count, patienceMs = 20_000) => {
      const deadline = Date.now() + patienceMs
      while (received.length < count) {
        if (Date.now() > deadline) throw new Error(`${received.length} of ${count} arrived`)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      return received
    },
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return receiver
}
