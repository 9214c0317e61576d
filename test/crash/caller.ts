import { Agent, request } from 'node:http'
import type { Ledger } from './ledger.ts'

export interface Call {
  /** The same on every repeat. */
  key: string
  /** Of what there is a count: `prediction`, `rows`, `labels`, `run`, `clock`, `deployment`, `model file`. */
  kind: string
  method?: 'GET' | 'POST' | 'PUT'
  url: string
  body?: unknown
  bytes?: Uint8Array
}

/** An answer that no repeat changes. */
class Refused extends Error {}

const patienceMs = 120_000
const pauseMs = 60

/** A client as it should be: it writes down what was acknowledged, and asks again, under the same key, what was not. */
export class Caller {
  /** Requests that were sent and not answered yet, key → kind. */
  readonly inFlight = new Map<string, string>()
  /** Times that a request was asked again. */
  repeats = 0
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 16 })
  private open: Promise<void> = Promise.resolve()
  private reopen: () => void = () => {}
  private readonly watchers = new Set<(kind: string) => void>()

  constructor(private readonly ledger: Ledger) {}

  /** What is asked again waits from now on, until `resume`. */
  pause(): void {
    this.open = new Promise((resolve) => {
      this.reopen = resolve
    })
  }
  resume(): void {
    this.reopen()
  }

  /** Calls back whenever a request has left. @returns a function that ends it. */
  onSent(watcher: (kind: string) => void): () => void {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  /** @returns the answer, however often it had to be asked for. @throws Refused */
  async call(call: Call): Promise<unknown> {
    const deadline = Date.now() + patienceMs
    for (let tries = 0; ; tries += 1) {
      await this.open
      if (tries > 0) this.repeats += 1
      try {
        const answer = await this.once(call)
        this.ledger.acknowledged(call.key, call.kind, call.body ?? null, answer)
        return answer
      } catch (error) {
        if (error instanceof Refused) {
          // A refusal is an answer as well, if it is one that the replay expects.
          if (call.kind !== 'deployment') throw error
          const answer = { refused: error.message }
          this.ledger.acknowledged(call.key, call.kind, call.body ?? null, answer)
          return answer
        }
        if (Date.now() > deadline) throw new Error(`${call.kind} ${call.key} was not answered: ${error}`)
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
    }
  }

  close(): void {
    this.agent.destroy()
  }

  private once({ key, kind, method = 'POST', url, body, bytes }: Call): Promise<unknown> {
    const content = bytes ? Buffer.from(bytes) : Buffer.from(JSON.stringify(body ?? {}))
    const isRead = method === 'GET'
    this.ledger.sent(key, kind)
    return new Promise<unknown>((resolve, reject) => {
      const asked = request(
        url,
        {
          method,
          agent: this.agent,
          headers: isRead
            ? {}
            : {
                'content-type': bytes ? 'application/octet-stream' : 'application/json',
                'content-length': content.length,
                'idempotency-key': key,
              },
        },
        (response) => {
          const pieces: Buffer[] = []
          response.on('data', (piece: Buffer) => pieces.push(piece))
          response.on('error', reject)
          response.on('end', () => {
            const text = Buffer.concat(pieces).toString()
            const status = response.statusCode ?? 0
            if (status === 200) resolve(JSON.parse(text))
            else if (status >= 500) reject(new Error(`${status}: ${text}`))
            else reject(new Refused(`${kind} ${key}: ${status}: ${text}`))
          })
        },
      )
      this.inFlight.set(key, kind)
      asked.on('error', reject)
      asked.on('finish', () => {
        for (const watcher of this.watchers) watcher(kind)
      })
      asked.end(isRead ? undefined : content)
    }).finally(() => this.inFlight.delete(key))
  }
}
