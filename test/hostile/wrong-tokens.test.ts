import { afterAll, beforeAll, expect, it } from 'vitest'
import { mostWrongTokens } from '../../src/http/limits.ts'
import { createClient } from '../../src/sdk/client.ts'
import { createToken } from '../../src/server/principals.ts'
import { goodClients } from './good-client.ts'
import { type BothProcesses, bothProcesses } from './processes.ts'

let both: BothProcesses
let token: string

beforeAll(async () => {
  both = await bothProcesses()
  token = createToken(both.home, 'ada', 'admin')
}, 120_000)
afterAll(async () => {
  await both?.close()
})

const signIn = (sent: string) =>
  fetch(`${both.server.address}/api/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: sent }),
  })
const bearer = (sent: string) =>
  fetch(`${both.server.address}/api/endpoints`, { headers: { authorization: `Bearer ${sent}` } })

it('a flood of wrong tokens is told to wait, fills no log, and locks nobody else out', async () => {
  const ada = createClient(both.server.address, { token })
  await ada.endpoints()
  const { head: before } = await ada.events({ query: { limit: 1 } })
  const end = goodClients(both)
  const statuses: number[] = []
  for (let sent = 0; sent < 300; sent += 1) {
    const response = await (sent % 2 === 0 ? signIn : bearer)(`mw_${sent}`)
    statuses.push(response.status)
    expect(response.headers.get('retry-after')).toBe(response.status === 429 ? '60' : null)
    const { error } = (await response.json()) as { error: { code: string } }
    expect(error.code).toBe(response.status === 429 ? 'too-many-attempts' : 'unauthorized')
  }
  // A minute may have ended in between, and another begun.
  expect(statuses.slice(0, mostWrongTokens)).toEqual(Array(mostWrongTokens).fill(401))
  expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(300 - 2 * mostWrongTokens)
  // From the same address, with a token that somebody has.
  expect((await bearer(token)).status).toBe(200)
  expect((await signIn(token)).status).toBe(200)
  for (const { asked, failures } of Object.values(await end())) {
    expect(asked).toBeGreaterThan(1)
    expect(failures).toEqual([])
  }
  const lines = both.server
    .said()
    .split('\n')
    .filter((line) => line.includes('a token that nobody has'))
  expect(lines.length).toBeGreaterThanOrEqual(2)
  expect(lines.length).toBeLessThanOrEqual(4)
  expect(lines.join()).not.toContain('mw_')
  const { events } = await ada.events({ query: { after: before.seq, limit: 100 } })
  expect(events.map(({ type, actor }) => [type, actor])).toEqual([['session.opened', 'user:ada']])
})
