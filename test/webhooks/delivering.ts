import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest'
import type { Webhook } from '../../src/contract/webhook.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { type Receiver, startReceiver } from './receiver.ts'

export const pace = { firstRetryMs: 40, longestRetryMs: 400, mostAttempts: 4 }
export const patience = { connectMs: 1000, wholeMs: 600 }
const rules = {
  plainHttp: true,
  allowed: [{ name: null, range: { value: 127n << 24n, width: 32, length: 8 }, port: null }],
} as const

/** A control plane that may send to loopback, and a receiver anew for each test. */
export class Delivering {
  private folder!: string
  server!: RunningServer
  client!: Client
  receiver!: Receiver
  private models = 0

  constructor() {
    beforeAll(async () => {
      this.folder = await mkdtemp(join(tmpdir(), 'millwright webhooks '))
      await this.start()
    })
    afterAll(async () => {
      await this.server?.close()
      await rm(this.folder, { recursive: true, force: true })
    })
    beforeEach(async () => {
      this.receiver = await startReceiver()
    })
    afterEach(async () => {
      for (const { id } of (await this.client.webhooks()).webhooks)
        await this.client.removeWebhook({ params: { webhook: id } })
      await this.receiver.close()
    })
  }

  async start(): Promise<void> {
    const home = join(this.folder, 'home')
    this.server = await startServer({ home, host: '127.0.0.1', port: 0, webhooks: { rules, pace, patience } })
    this.client = createClient(this.server.address)
  }

  async ask(method: string, path: string, body?: object): Promise<{ status: number; json: never }> {
    const answer = await fetch(`${this.server.address}/api/2.0/mlflow${path}`, {
      method,
      ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
    })
    return { status: answer.status, json: (await answer.json()) as never }
  }

  async add(events: string[], more: object = {}): Promise<Webhook> {
    const body = { name: 'ci', url: `${this.receiver.address}/in?key=abc`, events, ...more }
    return (await this.client.addWebhook({ body })).webhook
  }

  async state(id: string): Promise<Webhook> {
    return (await this.client.webhook({ params: { webhook: id } })).webhook
  }

  async model(name = `m${++this.models}`): Promise<string> {
    expect((await this.ask('POST', '/registered-models/create', { name })).status).toBe(200)
    return name
  }

  alerts(count: number, from = 0): Promise<void> {
    return this.server.plane.data.metadata.transaction(async (writer) => {
      for (let i = from; i < from + count; i += 1)
        await writer.emit({
          type: 'alert.raised',
          subject: `alert:${i}`,
          actor: 'system',
          message: `alert ${i}`,
          data: { i },
        })
    })
  }

  async eventsOf(id: string): Promise<string[]> {
    const { events } = await this.client.events({ query: { subject: `webhook:${id}` } })
    return events.map(({ type }) => type).reverse()
  }
}

export async function eventually(look: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 15_000
  while (!(await look())) {
    if (Date.now() > deadline) throw new Error('it did not come to that')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
