import { Agent, request } from 'node:http'
import { type BothProcesses, question } from './processes.ts'

export interface Told {
  asked: number
  failures: string[]
  worstMs: number
}

const everyMs = 20

/** Asks a process, one request after the other over a connection that is kept, as a program does that has nothing to do with those others. */
function askOften(port: number, method: string, path: string, body: string | null): () => Promise<Told> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const told: Told = { asked: 0, failures: [], worstMs: 0 }
  let isOver = false
  const once = (): Promise<void> =>
    new Promise((resolve) => {
      const begun = performance.now()
      told.asked += 1
      const failed = (why: string) => {
        told.failures.push(why)
        resolve()
      }
      const sent = request({ port, host: '127.0.0.1', method, path, agent }, (response) => {
        response.resume()
        response.once('end', () => {
          told.worstMs = Math.max(told.worstMs, performance.now() - begun)
          if (response.statusCode === 200) resolve()
          else failed(`status ${response.statusCode}`)
        })
        response.once('error', (error) => failed(error.message))
      })
      sent.once('error', (error) => failed(error.message))
      if (body) sent.setHeader('content-type', 'application/json')
      sent.end(body ?? undefined)
    })
  const loop = (async () => {
    // It has asked while the other did what it did, and after.
    while (!isOver || told.asked < 2) {
      await once()
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  })()
  return async () => {
    isOver = true
    await loop
    agent.destroy()
    return told
  }
}

/** A client of each process that behaves. @returns a function that ends them and says how they fared. */
export function goodClients({ server, predictor }: BothProcesses): () => Promise<Record<'server' | 'predictor', Told>> {
  const ofServer = askOften(server.port, 'GET', '/api/endpoints', null)
  const ofPredictor = askOften(predictor.port, 'POST', '/v2/models/small/infer', question)
  return async () => ({ server: await ofServer(), predictor: await ofPredictor() })
}
