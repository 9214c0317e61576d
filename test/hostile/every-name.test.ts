import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningPredictor, startPredictor } from '../../src/predictor/predictor.ts'
import { createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { type Answered, ask, inParallel } from './ask.ts'
import { everyRoute, type Json, type Place, type Things, type Tried } from './every-route.ts'
import { canaryText, hostileValues, leak, picture, trap } from './hostile-values.ts'
import { others, thingsOf } from './things.ts'

let folder: string
let home: string
let server: RunningServer
let predictor: RunningPredictor
let port: Awaited<ReturnType<typeof trap>>
let values: ReturnType<typeof hostileValues>
let things: Things
let all: Tried[]
let unknown: string[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright names '))
  home = join(folder, 'home')
  for (const name of ['outside', 'project']) mkdirSync(join(folder, name))
  const canary = join(folder, 'outside', 'canary.txt')
  writeFileSync(canary, canaryText)
  port = await trap()
  values = hostileValues(canary, port.port)
  server = await startServer({ home, host: '127.0.0.1', port: 0, logLevel: 'silent' })
  things = await thingsOf(server, join(folder, 'project'))
  ;({ tried: all, unknown } = await everyRoute(server, things, others))
  // What the routes did when they were asked what they read.
  things = await thingsOf(server, join(folder, 'project'), things)
  predictor = await startPredictor({
    home: join(folder, 'predictor'),
    host: '127.0.0.1',
    port: 0,
    server: server.address,
    version: '0',
  })
}, 120_000)
afterAll(async () => {
  await predictor?.close()
  await server?.close()
  await port?.close()
  if (folder) await rm(folder, { recursive: true, force: true })
})

/** What the operator is meant to name freely, and why: it is not tried here. */
const byIntent: Record<string, string> = {
  'makeBackup.dir': 'an admin says where backups go',
  'verifyStorage.repairFrom': 'and which one to mend from',
  'runScript.folder': 'where the program runs',
  'runScript.env': 'with which variables',
  'plan.projectDir': 'whoever applies a definition runs code here',
  'apply.projectDir': 'whoever applies a definition runs code here',
  'synchronise.address': 'a prediction service says where it answers',
}
const isIntended = ({ name }: Tried, place: Place) => byIntent[`${name}.${place.way[0] ?? place.name}`] !== undefined

const placesOf = (kind: Place['kind']) => all.flatMap((each) => each.places.filter((place) => place.kind === kind))

it('every route is in a table, and every name that it reads is known', () => {
  expect(unknown).toEqual([])
  const of = (from: Tried['from']) => all.filter((each) => each.from === from).length
  expect(of('contract')).toBeGreaterThan(90)
  expect(of('protocol')).toBeGreaterThan(100)
  expect(of('other')).toBeGreaterThan(20)
  expect(all.length).toBe(of('contract') + of('protocol') + of('other'))
  expect(placesOf('path').length).toBeGreaterThan(80)
  expect(placesOf('query').length).toBeGreaterThan(100)
  expect(placesOf('body').length).toBeGreaterThan(200)
  // What is left out is still there.
  const places = new Set(all.flatMap((each) => each.places.map((at) => `${each.name}.${at.way[0] ?? at.name}`)))
  expect(Object.keys(byIntent).filter((name) => !places.has(name))).toEqual([])
})

/** Half of a character has no place in an address. */
const encoded = (text: string): string => encodeURIComponent(text.replace(/\p{Surrogate}/gu, '\ufffd'))

const withAt = (value: Json, way: readonly (string | number)[], text: string): Json => {
  if (way.length === 0) return text
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as { [name: string]: Json }
  copy[way[0]!] = withAt(copy[way[0]!]!, way.slice(1), text)
  return copy
}

/** A request whose text in one place is another; the text of an address is encoded so often more. */
function requestWith(route: Tried, place: Place, text: string, times: number) {
  const more = Array.from({ length: times }).reduce<string>((so) => encoded(so), text)
  const inPath = (name: string, value: string) =>
    place.kind === 'path' && place.name === name ? encoded(more) : name === '*' ? value : encoded(value)
  const path = route.url.replace(/:(\w+)|\*/g, (_, name: string | undefined) =>
    inPath(name ?? '*', route.params[name ?? '*']!),
  )
  const query = Object.entries(route.query).flatMap(([name, value]) => {
    const stated = place.kind === 'query' && place.name === name ? withAt(value, place.way, more) : value
    return [stated]
      .flat()
      .map((each) => `${encoded(name)}=${encoded(typeof each === 'object' ? JSON.stringify(each) : String(each))}`)
  })
  const body =
    route.body === undefined
      ? undefined
      : JSON.stringify(place.kind === 'body' ? withAt(route.body, place.way, more) : route.body)
  return {
    method: route.method,
    path: query.length > 0 ? `${path}?${query.join('&')}` : path,
    headers: {
      ...(route.bytes ? { 'content-type': 'application/octet-stream' } : {}),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body: route.bytes && !['GET', 'HEAD'].includes(route.method) ? 'x' : body,
  }
}

/** Places and addresses that no place of files may be, by the names that they have. */
const isOfFiles = ({ from, name }: Tried, place: Place): boolean =>
  from !== 'contract' &&
  ['artifact_location', 'source', 'path', '*'].includes(
    place.way[0] === undefined ? place.name : String(place.way[0]),
  ) &&
  // The last name of the client's own path counts, and is held against all this in artifact-paths.test.ts.
  !(place.kind === 'body' && name.includes('/mpu/')) &&
  !name.endsWith(' /*')
/** They are names like others: no reader that we know takes them for a way out. */
const areNames = (text: string): boolean => /^(．|%c0)/.test(text)

/** What was sent may come back in a sentence, as often encoded as it was, and cut. */
function withoutSent(said: string, text: string): string {
  let left = said
  for (let so = text, times = 0; times < 4; so = encoded(so), times += 1)
    for (const form of [so, JSON.stringify(so).slice(1, -1)]) left = left.replaceAll(form, '')
  return left
}

function faultsOf(answer: Answered, text: string): string[] {
  const { status, headers } = answer
  const type = String(headers['content-type'] ?? '')
  // What was sent may come back in a sentence.
  const said = withoutSent(answer.text, text)
  const found = leak.exec(said)
  return [
    // That no prediction service answers is said so.
    ...(status >= 500 && !answer.text.includes('"code":"unavailable"') ? [`status ${status}`] : []),
    ...(answer.text.includes(canaryText) ? ['reads the canary'] : []),
    ...(found ? [`says ${said.slice(Math.max(0, found.index - 60), found.index + 60)}`] : []),
    ...(status >= 400 && said.includes(home) ? [`says where the home is: ${said.slice(0, 300)}`] : []),
    ...(headers['x-content-type-options'] === 'nosniff' ? [] : ['no nosniff']),
    ...(type.includes('html') && /[<>]/.test(text) && answer.text.includes(text) ? ['a page with what was sent'] : []),
    ...(status >= 400 && !type.startsWith('application/json') ? [`an error as ${type}`] : []),
    ...(Object.keys(headers).includes('set-cookie') && /hostile/.test(String(headers['set-cookie']))
      ? ['a header that was sent']
      : []),
  ]
}

interface Attempt {
  route: Tried
  place: Place
  text: string
  times: number
}

/** What takes things away comes last, so that there is something to lose before. */
const lateness = ({ method, url }: Tried): number => (method === 'DELETE' || /delete|abort|gc$/.test(url) ? 1 : 0)

async function attack(chosen: readonly Tried[]): Promise<{ tries: number; faults: [string, string][] }> {
  const attempts: Attempt[] = []
  for (const route of [...chosen].sort((a, b) => lateness(a) - lateness(b)))
    for (const place of route.places) {
      if (isIntended(route, place)) continue
      // The other prefix leads to the same.
      const isAgain = route.url.startsWith('/ajax-api') && place.kind !== 'path'
      const rounds = isAgain ? [0] : place.kind === 'path' ? [0, 1, 2] : [0, 1]
      if (!isAgain) for (const text of values.texts) attempts.push({ route, place, text, times: 0 })
      for (const text of values.places) for (const times of rounds) attempts.push({ route, place, text, times })
    }
  // One of each sort.
  const faults = new Map<string, string>()
  await inParallel(attempts, async ({ route, place, text, times }) => {
    const { method, path, headers, body } = requestWith(route, place, text, times)
    const answer = await ask(server.address, method, path, headers, body)
    const found = faultsOf(answer, text)
    if (answer.status < 400 && isOfFiles(route, place) && values.places.includes(text) && !areNames(text))
      found.push(`${answer.status} for a place of files`)
    for (const fault of found)
      faults.set(
        `${route.name} ${place.kind} ${place.name} ${fault.slice(0, 12)}`,
        `${text.slice(0, 60)}, encoded ${times} times more: ${fault}`,
      )
  })
  return { tries: attempts.length, faults: [...faults].slice(0, 40) }
}

const outside = () => ({ outside: picture(join(folder, 'outside')), project: picture(join(folder, 'project')) })

describe('what somebody names reaches nothing that is not theirs', () => {
  it.each(['contract', 'protocol', 'other'] as const)('by the routes of: %s', { timeout: 300_000 }, async (from) => {
    const before = outside()
    const { tries, faults } = await attack(all.filter((each) => each.from === from))
    expect(faults).toEqual([])
    expect(tries).toBeGreaterThan(1000)
    expect(outside()).toEqual(before)
    expect(port.calls()).toEqual([])
    const names = readdirSync(home, { recursive: true, encoding: 'utf8' })
    expect(names.filter((name) => /outside|canary|passwd|win\.ini|environ/.test(name))).toEqual([])
    expect((await createClient(server.address).verifyEvents()).broken).toBeNull()
  })

  it('nor tells whether a file is there', async () => {
    const refusals = ['outside/canary.txt', 'outside/nothing.txt'].map(async (name) => {
      const body = JSON.stringify({ path: join(folder, name) })
      const { status, text } = await ask(
        server.address,
        'POST',
        '/api/datasets/orders/ingest',
        { 'content-type': 'application/json' },
        body,
      )
      return { status, text: text.replaceAll(name, '') }
    })
    const [there, missing] = await Promise.all(refusals)
    expect(there!.status).toBe(403)
    expect(missing).toEqual(there)
  })

  it('by the prediction service', async () => {
    const before = outside()
    const document = JSON.parse((await ask(predictor.address, 'GET', '/openapi.json')).text) as {
      paths: Record<string, Record<string, unknown>>
    }
    const asked = Object.entries(document.paths).flatMap(([path, methods]) =>
      [...path.matchAll(/\{(\w+)\}/g)].flatMap(([, name]) =>
        Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path, name: name! })),
      ),
    )
    expect(asked.length).toBeGreaterThan(8)
    const faults: string[] = []
    const work = asked.flatMap((each) =>
      [...values.places, ...values.texts].flatMap((text) => [0, 1, 2].map((times) => ({ ...each, text, times }))),
    )
    await inParallel(work, async ({ method, path, name, text, times }) => {
      const more = Array.from({ length: times + 1 }).reduce<string>((so) => encoded(so), text)
      const at = path.replace(`{${name}}`, more).replace(/\{\w+\}/g, 'small')
      const body =
        method === 'POST'
          ? JSON.stringify({ id: text, inputs: [{ name: text, shape: [1], datatype: text, data: [text] }] })
          : undefined
      const answer = await ask(predictor.address, method, at, { 'content-type': 'application/json' }, body)
      // Not to be ready is said with 503.
      const found = faultsOf({ ...answer, status: answer.status === 503 ? 404 : answer.status }, text)
      if (answer.status < 400 && text !== '.' && text !== '..') found.push(`answers ${answer.status}`)
      for (const fault of found) if (faults.length < 40) faults.push(`${method} ${at.slice(0, 200)}: ${fault}`)
    })
    expect(faults).toEqual([])
    expect(outside()).toEqual(before)
    expect(port.calls()).toEqual([])
  }, 60_000)
})
