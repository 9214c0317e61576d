import { randomBytes } from 'node:crypto'
import { Agent, request } from 'node:http'
import { Readable } from 'node:stream'

/** Callers at once for each rate; `manyCallers` for that of many writers. */
export const callers = 8
export const manyCallers = 64

const agent = new Agent({ keepAlive: true, maxSockets: manyCallers })

/** What took longer than one is willing to wait for. */
export class OutOfPatience extends Error {}

/** Asks one of the routes of MLflow. @throws OutOfPatience after `patienceMs`, where it is given. */
export async function send(
  address: string,
  method: string,
  path: string,
  body?: unknown,
  patienceMs?: number,
): Promise<unknown> {
  return JSON.parse((await sendForBytes(address, method, path, body, patienceMs)).toString())
}

/** As `send`, its answer not looked into: of a long list that would take this process as long as the other. */
export function sendForBytes(
  address: string,
  method: string,
  path: string,
  body?: unknown,
  patienceMs?: number,
): Promise<Buffer> {
  const text = body === undefined ? '' : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
    const asked = request(`${address}/api/2.0/mlflow${path}`, { method, agent, headers }, (answer) => {
      const pieces: Buffer[] = []
      answer.on('data', (piece: Buffer) => pieces.push(piece))
      answer.on('error', reject)
      answer.on('end', () => {
        clearTimeout(patience)
        const said = Buffer.concat(pieces)
        if (answer.statusCode === 200) resolve(said)
        else reject(new Error(`${method} ${path}: ${answer.statusCode} ${said.toString().slice(0, 300)}`))
      })
    })
    const patience =
      patienceMs === undefined ? undefined : setTimeout(() => asked.destroy(new OutOfPatience()), patienceMs)
    asked.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(patience)
      // A server may close a connection that waited just when it is used again.
      if (asked.reusedSocket && error.code === 'ECONNRESET')
        resolve(sendForBytes(address, method, path, body, patienceMs))
      else reject(error)
    })
    asked.end(text)
  })
}

/** @returns the id of a run that was made. */
export async function newRun(address: string, more: object = {}): Promise<string> {
  const made = await send(address, 'POST', '/runs/create', { experiment_id: '0', start_time: 1, ...more })
  return (made as { run: { info: { run_id: string } } }).run.info.run_id
}

/** Requests a second that some callers get, each asking again when it was answered. */
export async function rate(seconds: number, work: (count: number) => Promise<unknown>, by = callers): Promise<number> {
  const begun = performance.now()
  const until = begun + seconds * 1000
  let count = 0
  const caller = async (): Promise<void> => {
    while (performance.now() < until) {
      count += 1
      await work(count)
    }
  }
  await Promise.all(Array.from({ length: by }, caller))
  return count / ((performance.now() - begun) / 1000)
}

/** The median of several, in milliseconds; the first one is left out, unless all took more than `patienceMs`. */
export async function medianMs(times: number, patienceMs: number, work: () => Promise<unknown>): Promise<number> {
  const taken: number[] = []
  const first = performance.now()
  for (let time = 0; time <= times; time += 1) {
    const begun = performance.now()
    await work()
    const isLast = performance.now() - first > patienceMs
    if (time > 0 || isLast) taken.push(performance.now() - begun)
    if (isLast) break
  }
  return taken.sort((a, b) => a - b)[taken.length >> 1]!
}

/** Of a file of random bytes, up or down, in MB a second. */
export async function megabytesASecond(address: string, method: 'PUT' | 'GET', megabytes: number): Promise<number> {
  const begun = performance.now()
  const piece = randomBytes(1 << 20)
  const headers = method === 'PUT' ? { 'content-length': megabytes << 20 } : {}
  const bytes = await new Promise<number>((resolve, reject) => {
    const asked = request(address, { method, headers }, (answer) => {
      let length = 0
      answer.on('data', (some: Buffer) => {
        length += some.length
      })
      answer.on('error', reject)
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve(length) : reject(new Error(`${method} ${address}: ${answer.statusCode}`)),
      )
    })
    asked.on('error', reject)
    if (method === 'GET') return void asked.end()
    Readable.from(Array.from({ length: megabytes }, () => piece)).pipe(asked)
  })
  if (method === 'GET' && bytes !== megabytes << 20) throw new Error(`${bytes} bytes came`)
  return megabytes / ((performance.now() - begun) / 1000)
}
