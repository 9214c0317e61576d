import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/sdk/client.ts'
import { createToken } from '../../src/server/principals.ts'
import { Delivering, eventually } from './delivering.ts'

const here = new Delivering()
const program = fileURLToPath(new URL('../../bin/millwright.mjs', import.meta.url))

/** A webhook of which so many events were set aside: its receiver answers 410 until something else is said. */
async function withSetAside(count: number) {
  here.receiver.answer = (_request, response) => response.writeHead(410).end()
  const { id } = await here.add(['alert.raised'])
  await here.alerts(count)
  await eventually(async () => (await here.state(id)).setAside === count)
  const params = { webhook: id }
  const kept = async () => (await here.client.webhook({ params })).setAside
  const resend = (events?: number[]) => here.client.resendWebhook({ params, body: events ? { events } : {} })
  const seqs = (await kept()).map(({ seq }) => seq).sort((a, b) => a - b)
  const setsAside = here.receiver.received.splice(0)
  return { id, params, kept, resend, seqs, setsAside }
}

it('goes over one connection, however much there is', async () => {
  const { id } = await here.add(['alert.raised'])
  await here.alerts(30)
  await here.receiver.until(30)
  await eventually(async () => (await here.state(id)).delivered === 30)
  // One that is not read to its end when the next goes out gets another beside it.
  expect(here.receiver.connections()).toBeLessThan(15)
})

describe('what was set aside', () => {
  it('is sent again when it is asked for, in the order of the log, with the ids that it had', async () => {
    const { id, kept, resend, seqs, setsAside } = await withSetAside(3)
    here.receiver.answer = (_request, response) => response.end()
    expect(await resend()).toMatchObject({ resent: seqs, notSetAside: [], webhook: { resending: 3 } })
    const received = await here.receiver.until(3)
    expect(received.map(({ id, text }) => [id, text])).toEqual(setsAside.map(({ id, text }) => [id, text]))
    await eventually(async () => (await here.state(id)).delivered === 3)
    expect(await kept()).toEqual([])
    expect(await here.state(id)).toMatchObject({ setAside: 0, setAsideInRow: 0, resending: 0, last: { status: 200 } })
    expect(await here.eventsOf(id)).toEqual([
      'webhook.created',
      'webhook.set-aside',
      'webhook.resent',
      'webhook.recovered',
    ])
    // News go on as before.
    await here.alerts(1, 7)
    expect((await here.receiver.until(4))[3]!.body.data.data.i).toBe(7)
  })

  it('is asked for one by one, any number of times, and sent once', async () => {
    const { id, kept, resend, seqs } = await withSetAside(3)
    const held: (() => void)[] = []
    here.receiver.answer = (_request, response) => held.push(() => response.end())
    const [first, second, third] = seqs as [number, number, number]
    expect(await resend([second])).toMatchObject({ resent: [second], notSetAside: [] })
    await here.receiver.until(1)
    // While it is on its way, and with one beside it that never was set aside.
    expect(await resend([second, 1])).toMatchObject({ resent: [], notSetAside: [1] })
    expect(await resend([second, first])).toMatchObject({ resent: [first] })
    here.receiver.answer = (_request, response) => response.end()
    held[0]!()
    await eventually(async () => (await here.state(id)).delivered === 2)
    expect(await resend([second])).toMatchObject({ resent: [], notSetAside: [second] })
    expect((await kept()).map(({ seq }) => seq)).toEqual([third])
    expect(here.receiver.received.map(({ body }) => body.data.seq)).toEqual([second, first])
    const events = await here.eventsOf(id)
    expect(events.filter((type) => type === 'webhook.resent')).toHaveLength(2)
  })

  it('and is refused again stays, with the new reason; the rest is tried unless the receiver is ill', async () => {
    const { id, kept, resend, seqs } = await withSetAside(3)
    here.receiver.answer = (_request, response) => response.writeHead(404).end()
    await resend()
    await eventually(async () => (await kept()).every(({ status, attempts }) => status === 404 && attempts === 2))
    here.receiver.answer = (_request, response) => response.writeHead(503).end()
    await resend()
    await eventually(async () => (await here.state(id)).resending === 0)
    expect((await kept()).map(({ seq, status, attempts }) => [seq, status, attempts]).sort()).toEqual([
      [seqs[0], 503, 3],
      [seqs[1], 404, 2],
      [seqs[2], 404, 2],
    ])
    expect((await here.state(id)).setAside).toBe(3)
  })

  it('is sent by the next process when this one ends before', async () => {
    const { id, resend, seqs } = await withSetAside(2)
    here.receiver.answer = () => {}
    await resend()
    await here.receiver.until(1)
    await here.server.close()
    here.receiver.answer = (_request, response) => response.end()
    await here.start()
    await eventually(async () => (await here.state(id)).delivered === 2)
    expect(here.receiver.received.map(({ body }) => body.data.seq)).toEqual([seqs[0], ...seqs])
  })

  it('is refused of one that is off, and of what was not sent yet; nothing is asked for twice of the log', async () => {
    const { params, id, resend, seqs } = await withSetAside(1)
    await expect(resend([seqs[0]!, 1_000_000])).rejects.toMatchObject({ code: 'not-found', field: 'events' })
    await here.client.changeWebhook({ params, body: { active: false } })
    await expect(resend()).rejects.toMatchObject({ code: 'conflict', hint: expect.stringContaining('--on') })
    expect(here.receiver.received).toEqual([])
    expect(await here.eventsOf(id)).not.toContain('webhook.resent')
  })

  it('is sent again from the command line', { timeout: 60_000 }, async () => {
    const { id, seqs } = await withSetAside(2)
    here.receiver.answer = (_request, response) => response.end()
    const millwright = async (...line: string[]): Promise<string> => {
      const args = [program, 'webhook', ...line, '--server', here.server.address]
      const run = promisify(execFile)(process.execPath, args, { env: { ...process.env, NO_COLOR: '1' } })
      return run.then(
        ({ stdout }) => stdout,
        (error: { stderr: string }) => error.stderr,
      )
    }
    expect(await millwright('resend', 'ci', 'first')).toContain('at    [events...]')
    expect(await millwright('resend', 'ci', String(seqs[1]))).toContain(`ci is sent event ${seqs[1]} again.`)
    await eventually(async () => (await here.state(id)).delivered === 1)
    expect(await millwright('resend', 'ci')).toContain(`ci is sent event ${seqs[0]} again.`)
    await eventually(async () => (await here.state(id)).delivered === 2)
    expect(await millwright('resend', 'ci')).toContain('There is nothing to send again.')
  })

  // The last one: from here on the control plane asks for tokens.
  it('is sent again by an operator, who is named', async () => {
    const { id, params } = await withSetAside(1)
    const as = (name: string, role: 'developer' | 'operator') =>
      createClient(here.server.address, { token: createToken(here.server.plane.home.path, name, role) })
    const [developer, operator] = [as('dora', 'developer'), as('olga', 'operator')]
    // By which what is left is removed in the end.
    here.client = operator
    await expect(developer.resendWebhook({ params })).rejects.toMatchObject({ code: 'forbidden' })
    await operator.resendWebhook({ params, body: { actor: 'user:eve' } })
    const { events } = await operator.events({ query: { type: 'webhook.resent', limit: 1 } })
    expect(events[0]).toMatchObject({ subject: `webhook:${id}`, actor: 'user:olga' })
  })
})
