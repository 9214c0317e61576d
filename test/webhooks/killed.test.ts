import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { createClient } from '../../src/sdk/client.ts'
import { type Receiver, startReceiver } from './receiver.ts'

const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

async function start(home: string): Promise<{ child: ChildProcess; address: string }> {
  const child = spawn(
    process.execPath,
    ['--conditions=millwright-source', '--import', 'tsx', program, 'server', '--home', home, '--port', '0'],
    {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, MILLWRIGHT_WEBHOOK_HOSTS: '127.0.0.1' },
    },
  )
  const [{ ready }] = (await once(child, 'message')) as [{ ready: string }]
  return { child, address: ready }
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

const create = (address: string, name: string) =>
  fetch(`${address}/api/2.0/mlflow/registered-models/create`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name }),
  })

const isSettled = async (address: string, delivered: number): Promise<void> => {
  const client = createClient(address)
  for (;;) {
    const [webhook] = (await client.webhooks()).webhooks
    if (webhook!.delivered === delivered) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

it('a control plane killed at any moment sends all that was answered, each under one id, in order', {
  timeout: 180_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millwright webhooks killed '))
  const home = join(folder, 'home')
  const receiver: Receiver = await startReceiver()
  try {
    let { child, address } = await start(home)
    await createClient(address).addWebhook({
      body: { name: 'ci', url: receiver.address, events: ['registered_model.created'], secret: 's' },
    })
    let answered = 0
    // Between the request that arrived and its answer: the next process cannot know whether it was taken.
    let hold = true
    receiver.answer = (_request, response) => {
      if (!hold) response.end()
    }
    expect((await create(address, `m${answered++}`)).status).toBe(200)
    await receiver.until(1)
    await kill(child)
    hold = false
    ;({ child, address } = await start(home))
    await receiver.until(2)
    expect(receiver.received[1]).toMatchObject({ id: receiver.received[0]!.id, text: receiver.received[0]!.text })
    await isSettled(address, 1)

    // In the middle of many, and right behind an answer.
    for (const wait of [0, 30, 120]) {
      const many = Array.from({ length: 8 }, () => create(address, `m${answered++}`))
      const created = await Promise.all(many)
      expect(created.map(({ status }) => status)).toEqual(created.map(() => 200))
      await new Promise((resolve) => setTimeout(resolve, wait))
      await kill(child)
      ;({ child, address } = await start(home))
    }
    // Counted where the answer was heard; a request more may be on its way than was heard of.
    const distinct = () => new Set(receiver.received.map(({ body }) => body.data.name as string))
    while (distinct().size < answered) await new Promise((resolve) => setTimeout(resolve, 20))
    await isSettled(address, answered)
    const ids = new Map<string, Set<string>>()
    for (const { id, body } of receiver.received)
      ids.set(body.data.name, (ids.get(body.data.name) ?? new Set()).add(id))
    expect([...ids.values()].map(({ size }) => size)).toEqual(Array(answered).fill(1))
    expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(answered)
    // Repeats apart, in the order of the event log.
    const { events } = await createClient(address).events({ query: { type: 'model.created', limit: 1000 } })
    expect([...distinct()]).toEqual(events.reverse().map(({ data }) => data.name))
    await kill(child)
  } finally {
    await receiver.close()
    await rm(folder, { recursive: true, force: true })
  }
})
