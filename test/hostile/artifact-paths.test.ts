import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { givenRun } from '../tracking/given-run.ts'
import { raw, requestOf } from './raw.ts'

const run = 'a'.repeat(32)
const root = `0/${run}/artifacts`

/** Paths that some reader takes for a way out of the root: the classes of the vulnerabilities that servers of this protocol had. */
const hostile: Record<string, string> = {
  'a folder above': '../secret',
  'folders above': '../../../../../../etc/passwd',
  'a folder above, within': 'a/../../secret',
  'the folder itself': 'a/./b',
  'only dots': '..',
  'more dots': '.../secret',
  absolute: '/etc/passwd',
  'the processes': '//proc/self/environ',
  'an empty name': 'a//b',
  'a backslash': '..\\..\\secret',
  'a backslash in between': 'a\\b',
  'a share': '\\\\host\\share',
  'a drive': 'C:/Windows/win.ini',
  'a drive, within': 'a/c:/x',
  'a file as an address': 'file:///etc/passwd',
  'a file, short': 'file:etc/passwd',
  'an address of another store': 's3://bucket/key',
  'an address of a site': 'http://169.254.169.254/latest',
  'a scheme behind a space': ' file:/etc/passwd',
  'a fragment': 'a#/../../secret',
  'only a fragment': '#',
  'a query': 'a?x=../../secret',
  'a null byte': 'a\0.png',
  'a line break': 'a\r\nset-cookie: x',
  'a trailing dot': 'secret./x',
  'a trailing space': 'secret /x',
  'a name too long': 'n'.repeat(256),
  'a path too long': Array.from({ length: 50 }, () => 'n'.repeat(50)).join('/'),
  'bytes that are no text, and a folder above': '%ff/../x',
}
/** As they are: what only looks like one of those. */
const harmless = [
  'größe/日本語.txt',
  'a b',
  '100%.csv',
  'a%zz',
  '..a/b..c',
  '.hidden',
  'x=1&y=2;z',
  'model@v1:2 (copy)+~',
  '．．／secret',
  '😀',
]

const encodeAll = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`).join('')
const encodings: Record<string, (path: string) => string> = {
  'encoded once': encodeAll,
  'encoded twice': (path) => encodeURIComponent(encodeAll(path)),
  'encoded three times': (path) => encodeURIComponent(encodeURIComponent(encodeAll(path))),
  'encoded where it must be': encodeURIComponent,
  'encoded where it must be, twice': (path) => encodeURIComponent(encodeURIComponent(path)),
}

let folder: string
let server: RunningServer
let port: number

/** Each way to name a path to the server: `<address>` is the path as it stands in an address, `<json>` in a text of JSON. */
interface Door {
  method: string
  path: string
  body?: string
}
const api = '/api/2.0/mlflow-artifacts'
const json = (body: object) => JSON.stringify(body)
const doors: Record<string, Door> = {
  GET: { method: 'GET', path: `${api}/artifacts/${root}/<address>` },
  HEAD: { method: 'HEAD', path: `${api}/artifacts/${root}/<address>` },
  PUT: { method: 'PUT', path: `${api}/artifacts/${root}/<address>`, body: 'x' },
  DELETE: { method: 'DELETE', path: `${api}/artifacts/${root}/<address>` },
  'GET without a root': { method: 'GET', path: `${api}/artifacts/<address>` },
  'PUT without a root': {
    method: 'PUT',
    path: `/ajax-api/2.0/mlflow-artifacts/artifacts/<address>`,
    body: 'x',
  },
  'DELETE without a root': { method: 'DELETE', path: `${api}/artifacts/<address>` },
  list: { method: 'GET', path: `${api}/artifacts?path=${root}/<address>` },
  'list without a root': { method: 'GET', path: `${api}/artifacts?path=<address>` },
  'create, in the address': {
    method: 'POST',
    path: `${api}/mpu/create/${root}/<address>`,
    body: json({ path: 'x', num_parts: 1 }),
  },
  'complete, in the address': {
    method: 'POST',
    path: `${api}/mpu/complete/${root}/<address>`,
    body: json({ path: 'x', upload_id: 'x', parts: [] }),
  },
  'abort, in the address': {
    method: 'POST',
    path: `${api}/mpu/abort/${root}/<address>`,
    body: json({ path: 'x', upload_id: 'x' }),
  },
  'list of a run': {
    method: 'GET',
    path: `/api/2.0/mlflow/artifacts/list?run_id=${run}&path=<address>`,
  },
  'a file of a run': { method: 'GET', path: `/get-artifact?run_uuid=${run}&path=<address>` },
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright paths '))
  server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0, logLevel: 'silent' })
  await givenRun(server, run)
  port = Number(new URL(server.address).port)
  await fetch(`${server.address}${api}/artifacts/${root}/a`, { method: 'PUT', body: 'the one that is there' })
})
afterAll(async () => {
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

const ask = async ({ method, path, body }: Door, address: string) => {
  const headers: Record<string, string | number> =
    body === undefined ? {} : { 'content-type': 'application/json', 'content-length': body.length }
  const send =
    requestOf(
      method,
      path.replace('<address>', () => address),
      headers,
    ) + (body ?? '')
  const { statuses, text } = await raw(port, { send: Buffer.from(send), withinMs: 5000 })
  return { status: statuses[0], text }
}
const state = async () => ({
  files: await server.plane.data.metadata.files.references(null, 100),
  uploads: await server.plane.data.metadata.count('artifact_upload'),
})

describe.each(Object.entries(doors))('%s', (_, door) => {
  it.each(Object.entries(hostile))('refuses %s, however it is encoded, and nothing changes', async (_, path) => {
    const before = await state()
    for (const [how, encode] of Object.entries(encodings)) {
      const { status, text } = await ask(door, encode(path))
      // Encoded over and over, it is longer than any address may be.
      expect([how, status]).toEqual([how, encode(path).length > 16_000 ? 431 : 400])
      // A refusal says nothing of the machine.
      expect(text).not.toMatch(/root:|node_modules|ENOENT|SQLITE|\/home\//)
    }
    expect(await state()).toEqual(before)
  })
})

// Nothing is encoded: what can stand in the first line of a request at all.
it.each(Object.entries(doors))('%s refuses what comes as it is', async (_, door) => {
  const before = await state()
  for (const [name, path] of Object.entries(hostile)) {
    if (/[\0\r\n ]|^(a\?|a#|#)/.test(path)) continue
    const { status } = await ask(door, path)
    expect([name, status]).toEqual([name, 400])
  }
  expect(await state()).toEqual(before)
})

it('a fragment or a query in the address is never another file', async () => {
  const remove = doors.DELETE!
  const { status } = await ask(remove, 'a#x')
  expect(status).toBe(400)
  expect((await state()).files).toHaveLength(1)
})

it.each(Object.entries(hostile))('refuses an upload in parts of a file named %s', async (_, path) => {
  // Of the path on the machine of the client the last name counts; where that is harmless, it lands below the root.
  const before = await state()
  const answer = await fetch(`${server.address}${api}/mpu/create/${root}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: json({ path, num_parts: 1 }),
  })
  const made = (await server.plane.data.metadata.find('artifact_upload')).slice(before.uploads)
  expect([200, 400]).toContain(answer.status)
  expect(made).toHaveLength(answer.status === 200 ? 1 : 0)
  for (const upload of made) {
    expect(upload.root).toBe(root)
    expect(upload.path).toMatch(/^[^/\\#?\0]+$/)
    expect(upload.path).not.toMatch(/^\.+$/)
  }
})

it.each(harmless)('"%s" is a name like another', async (path) => {
  const address = `${server.address}${api}/artifacts/${root}/${path.split('/').map(encodeURIComponent).join('/')}`
  expect((await fetch(address, { method: 'PUT', body: path })).status).toBe(200)
  expect(await (await fetch(address)).text()).toBe(path)
  expect(await server.plane.data.metadata.files.get(root, path)).toMatchObject({ path })
  expect((await fetch(address, { method: 'DELETE' })).status).toBe(200)
})

it('nothing of all this is a file of its name anywhere in the home', async () => {
  const names = await readdir(server.plane.home.path, { recursive: true })
  expect(names.filter((name) => /secret|passwd|win\.ini/.test(name))).toEqual([])
})
