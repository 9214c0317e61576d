import { Agent, request } from 'node:http'

export interface Answered {
  status: number
  headers: NodeJS.Dict<string | string[]>
  text: string
}

const agent = new Agent({ keepAlive: true, maxSockets: 12 })

/** Sends a request whose address is taken as it stands: nothing in it is resolved or encoded. */
export function ask(
  address: string,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<Answered> {
  const { hostname, port } = new URL(address)
  // A DELETE would not say by itself that it has one.
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  return new Promise((resolve, reject) => {
    const sent = { ...length, ...headers }
    const asked = request({ agent, host: hostname, port, method, path, headers: sent }, (answer) => {
      const pieces: Buffer[] = []
      answer.on('data', (piece) => pieces.push(piece))
      answer.on('end', () =>
        resolve({
          status: answer.statusCode!,
          headers: answer.headers,
          text: Buffer.concat(pieces).toString('utf8'),
        }),
      )
      answer.on('error', reject)
    })
    asked.on('error', (error) => reject(new Error(`${method} ${path.slice(0, 300)}: ${error.message}`)))
    asked.end(body)
  })
}

/** Twelve at a time. */
export async function inParallel<T>(work: readonly T[], one: (item: T) => Promise<void>): Promise<void> {
  const left = work[Symbol.iterator]()
  const worker = async () => {
    for (const item of left) await one(item)
  }
  await Promise.all(Array.from({ length: 12 }, worker))
}
