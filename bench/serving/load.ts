import { Agent, request } from 'node:http'

/** A round of requests, as `run.ts` orders it. */
export interface LoadOrder {
  url: string
  bodies: string[]
  concurrency: number
  ms: number
}
export interface LoadDone {
  requests: number
  /** Milliseconds of every request, ascending. */
  latencies: number[]
  seconds: number
  answerBytes: number
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 })

function post(url: URL, body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        hostname: url.hostname,
        port: url.port,
        path: url.pathname,
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': body.length },
      },
      (response) => {
        let bytes = 0
        response.on('data', (piece: Buffer) => {
          bytes += piece.length
        })
        response.on('end', () =>
          response.statusCode === 200 ? resolve(bytes) : reject(new Error(`status ${response.statusCode}`)),
        )
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

/** A process of its own that asks, so many at a time, each the next as soon as it is answered. */
process.on('message', async ({ url: address, bodies, concurrency, ms }: LoadOrder) => {
  const url = new URL(address)
  const buffers = bodies.map((body) => Buffer.from(body))
  const latencies: number[] = []
  let next = 0
  let answerBytes = 0
  const started = performance.now()
  const end = started + ms
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (performance.now() < end) {
        const at = performance.now()
        answerBytes = await post(url, buffers[next++ % buffers.length]!)
        latencies.push(performance.now() - at)
      }
    }),
  )
  const seconds = (performance.now() - started) / 1000
  latencies.sort((a, b) => a - b)
  const done: LoadDone = { requests: latencies.length, latencies, seconds, answerBytes }
  process.send!(done)
})
process.on('disconnect', () => process.exit(0))
