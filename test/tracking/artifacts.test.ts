import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/sdk/client.ts'
import { restoreBackup } from '../../src/server/backup/restore-backup.ts'
import { verifyBackup } from '../../src/server/backup/verify-backup.ts'
import { createToken, removeToken } from '../../src/server/principals.ts'
import { startServer } from '../../src/server/start.ts'
import { raw, requestOf } from '../hostile/raw.ts'
import { artifactDoor, type Body, jsonOf, root, run, sha } from './artifact-door.ts'

const door = artifactDoor()
const { at, fileAt, put } = door
const list = async (path = root): Promise<unknown> =>
  (await jsonOf(await fetch(`${at('artifacts')}?path=${encodeURIComponent(path)}`))).files
const blobs = async () => {
  const hashes: string[] = []
  for await (const { hash } of door.server.plane.data.blobs.list()) hashes.push(hash)
  return hashes
}
const incoming = () => {
  const path = join(door.server.plane.home.blobs, 'incoming')
  return existsSync(path) ? readdirSync(path) : []
}
const until = async (is: () => boolean | Promise<boolean>) => {
  while (!(await is())) await new Promise((resolve) => setTimeout(resolve, 10))
}

describe('a file', () => {
  it('comes back as it was sent, as bytes to be kept and never as a page', async () => {
    const page = '<script>alert(1)</script>'
    const sent = await put('plots/größe 100%.html', page, { 'content-type': 'text/html' })
    expect([sent.status, await sent.json()]).toEqual([200, {}])
    const got = await fetch(fileAt('plots/größe 100%.html'))
    expect(await got.text()).toBe(page)
    expect(Object.fromEntries(got.headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': String(page.length),
      'content-disposition': `attachment; filename="gr__e 100_.html"; filename*=UTF-8''gr%C3%B6%C3%9Fe%20100%25.html`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining('sandbox'),
      'accept-ranges': 'bytes',
      etag: `"${sha(Buffer.from(page))}"`,
    })
  })

  it.each([
    ['application/json', '{"not": json'],
    ['application/x-yaml; charset=nonsense', 'a: 1'],
    ['no type at all', 'x'],
    ['text/plain', ''],
    ['multipart/form-data', 'x'],
  ])('said to be %s is bytes', async (type, body) => {
    expect((await put('typed', body, { 'content-type': type })).status).toBe(200)
    expect(await (await fetch(fileAt('typed'))).text()).toBe(body)
  })

  it('is answered to HEAD without its bytes', async () => {
    await put('head', 'twelve bytes')
    const head = await fetch(fileAt('head'), { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '12', ''])
    expect((await fetch(fileAt('no-head'), { method: 'HEAD' })).status).toBe(404)
  })

  it.each([
    ['bytes=0-3', 206, 'abcd', 'bytes 0-3/10'],
    ['bytes=8-', 206, 'ij', 'bytes 8-9/10'],
    ['bytes=-2', 206, 'ij', 'bytes 8-9/10'],
    ['bytes=3-1', 200, 'abcdefghij', null],
    ['bytes=10-', 416, null, 'bytes */10'],
  ])('in the range %s: %d', async (range, status, text, contentRange) => {
    await put('range', 'abcdefghij')
    const got = await fetch(fileAt('range'), { headers: { range } })
    expect([got.status, got.headers.get('content-range')]).toEqual([status, contentRange])
    if (text !== null) expect(await got.text()).toBe(text)
  })

  it('is not sent again to whoever has it, and a range of another one is all of it', async () => {
    await put('tagged', 'abcdefghij')
    const tag = (await fetch(fileAt('tagged'))).headers.get('etag')!
    expect((await fetch(fileAt('tagged'), { headers: { 'if-none-match': `"x", W/${tag}` } })).status).toBe(304)
    for (const [ifRange, status] of [
      [tag, 206],
      ['"another"', 200],
    ] as const)
      expect((await fetch(fileAt('tagged'), { headers: { range: 'bytes=1-2', 'if-range': ifRange } })).status).toBe(
        status,
      )
  })

  it('of any size is streamed: 30 MB, in a length that is said and in chunks', async () => {
    const bytes = randomBytes(30 << 20)
    const chunks = async function* () {
      for (let from = 0; from < bytes.length; from += 1 << 20) yield bytes.subarray(from, from + (1 << 20))
    }
    const chunked = await fetch(fileAt('chunked'), {
      method: 'PUT',
      body: chunks() as unknown as Body,
      // Node's fetch asks for it; the types of it do not know.
      ...({ duplex: 'half' } as object),
    })
    expect(chunked.status).toBe(200)
    expect((await put('long', bytes)).headers.get('etag')).toBe(`"${sha(bytes)}"`)
    for (const path of ['chunked', 'long']) {
      const got = Buffer.from(await (await fetch(fileAt(path))).arrayBuffer())
      expect(got.equals(bytes)).toBe(true)
    }
    const part = await fetch(fileAt('long'), { headers: { range: 'bytes=20000000-20000999' } })
    expect(Buffer.from(await part.arrayBuffer()).equals(bytes.subarray(20_000_000, 20_001_000))).toBe(true)
  })

  it('sent again changes nothing; another one replaces it', async () => {
    const { files } = door.server.plane.data.metadata
    await put('again', 'one')
    const first = await files.get(root, 'again')
    await new Promise((resolve) => setTimeout(resolve, 5))
    await put('again', 'one')
    expect(await files.get(root, 'again')).toEqual(first)
    await put('again', 'two')
    expect(await (await fetch(fileAt('again'))).text()).toBe('two')
  })

  it('that is not there, or is a folder, or is the root: 404 in the words of the protocol', async () => {
    await put('folder/file', 'x')
    for (const path of ['nothing', 'folder', 'folder/file/x']) {
      const got = await fetch(fileAt(path))
      expect([path, got.status, await got.json()]).toEqual([
        path,
        404,
        { error_code: 'RESOURCE_DOES_NOT_EXIST', message: expect.stringContaining(path) },
      ])
    }
    expect((await fetch(at(`artifacts/${root}`))).status).toBe(404)
  })

  it('and a folder do not share a name: 409', async () => {
    await put('taken/file', 'x')
    const over = await put('taken', 'x')
    expect([over.status, (await jsonOf(over)).error_code]).toEqual([409, 'RESOURCE_CONFLICT'])
    expect((await put('taken/file/below', 'x')).status).toBe(409)
    expect(await list(`${root}/taken`)).toEqual([{ path: 'file', is_dir: false, file_size: 1 }])
  })

  it('larger than the limit is refused: at once where that is said, and with the first byte too many where it is not', async () => {
    const before = await blobs()
    const said = await raw(Number(new URL(door.server.address).port), {
      send: requestOf('PUT', new URL(fileAt('large')).pathname, { 'content-length': 50_000_000_000 }),
    })
    expect(said.statuses).toEqual([413])
    expect(said.text).toContain('MILLWRIGHT_ARTIFACT_MB')
    const piece = Buffer.alloc(1 << 20)
    const unsaid = await raw(Number(new URL(door.server.address).port), {
      send: (function* () {
        yield requestOf('PUT', new URL(fileAt('large')).pathname, { 'transfer-encoding': 'chunked' })
        for (let i = 0; i < 200; i += 1) yield Buffer.concat([Buffer.from('100000\r\n'), piece, Buffer.from('\r\n')])
      })(),
    })
    expect(unsaid.statuses).toEqual([413])
    expect((await fetch(fileAt('large'))).status).toBe(404)
    expect(incoming()).toEqual([])
    expect(await blobs()).toEqual(before)
  })

  it('of a client that goes away leaves nothing', async () => {
    const before = await blobs()
    for (const headers of [{ 'content-length': 1000 }, { 'transfer-encoding': 'chunked' }] as Record<
      string,
      string
    >[]) {
      const sending = raw(Number(new URL(door.server.address).port), {
        send: (async function* () {
          yield requestOf('PUT', new URL(fileAt('gone')).pathname, headers)
          yield 'content-length' in headers ? 'some bytes' : '5\r\nbytes\r\n'
          await until(() => incoming().length > 0)
        })(),
        withinMs: 300,
      })
      await sending
      await until(() => incoming().length === 0)
    }
    expect((await fetch(fileAt('gone'))).status).toBe(404)
    expect(await blobs()).toEqual(before)
  })

  it('whose bytes are damaged is never whole for whoever fetches it', async () => {
    for (const [name, size] of [
      ['small-damaged', 1000],
      ['large-damaged', 5 << 20],
    ] as const) {
      const bytes = randomBytes(size)
      await put(name, bytes)
      const path = await door.server.plane.data.blobs.pathOf(sha(bytes))
      bytes[size >> 1]! ^= 1
      writeFileSync(path, bytes)
      const got = await fetch(fileAt(name))
      if (size === 1000) expect([got.status, await got.json()]).toMatchObject([500, { error_code: 'INTERNAL_ERROR' }])
      else await expect(got.arrayBuffer()).rejects.toThrow()
      writeFileSync(path, bytes.subarray(1))
      expect((await fetch(fileAt(name), { headers: { range: 'bytes=0-1' } })).status).toBe(500)
      await rm(path)
      expect((await fetch(fileAt(name))).status).toBe(500)
      await fetch(fileAt(name), { method: 'DELETE' })
    }
  })
})

describe('a folder', () => {
  const other = `0/${'b'.repeat(32)}/artifacts`
  const write = (path: string) => fetch(at(`artifacts/${other}/${path}`), { method: 'PUT', body: path })

  it('is listed by base names, one level, the same at both prefixes', async () => {
    for (const path of ['MLmodel', 'data/model.pkl', 'data/deep/x']) await write(path)
    const level = [
      { path: 'MLmodel', is_dir: false, file_size: 7 },
      { path: 'data', is_dir: true },
    ]
    expect(await list(other)).toEqual(level)
    expect(await list(`${other}/`)).toEqual(level)
    expect(await list(`${other}/data`)).toEqual([
      { path: 'deep', is_dir: true },
      { path: 'model.pkl', is_dir: false, file_size: 14 },
    ])
    const ajax = await fetch(`${at('artifacts', '/ajax-api')}?path=${other}`)
    expect(await ajax.json()).toEqual({ files: level })
    expect(await list(`${other}/MLmodel`)).toEqual([])
    expect(await list('0/nobody/artifacts')).toEqual([])
  })

  it('is removed with all in it, or by a file; what is not there is 404', async () => {
    const remove = (path: string) => fetch(at(`artifacts/${other}${path}`), { method: 'DELETE' })
    expect((await remove('/data/model.pkl')).status).toBe(200)
    expect((await remove('/data/model.pkl')).status).toBe(404)
    await write('data.txt')
    expect((await remove('/data')).status).toBe(200)
    expect(await list(other)).toEqual([
      { path: 'MLmodel', is_dir: false, file_size: 7 },
      { path: 'data.txt', is_dir: false, file_size: 8 },
    ])
    expect((await remove('/')).status).toBe(200)
    expect(await list(other)).toEqual([])
  })
})

describe('by their run', () => {
  const ask = async (path: string) => {
    const answer = await fetch(`${door.server.address}${path}`)
    return { status: answer.status, body: await jsonOf(answer) }
  }

  it('lists below the root of the run, whole or in pages', async () => {
    for (let i = 0; i < 5; i += 1) await put(`of-run/${i}`, 'x')
    for (const prefix of ['/api', '/ajax-api']) {
      const path = `${prefix}/2.0/mlflow/artifacts/list`
      const all = await ask(`${path}?run_id=${run}&path=of-run`)
      expect(all.body).toEqual({
        root_uri: `mlflow-artifacts:/${root}`,
        files: [0, 1, 2, 3, 4].map((i) => ({ path: `of-run/${i}`, is_dir: false, file_size: 1 })),
      })
      const paged: string[] = []
      for (let token = ''; ; ) {
        const page = await ask(`${path}?run_uuid=${run}&path=of-run&max_results=2&page_token=${token}`)
        paged.push(...page.body.files.map((file: { path: string }) => file.path))
        token = page.body.next_page_token
        if (!token) break
      }
      expect(paged).toEqual([0, 1, 2, 3, 4].map((i) => `of-run/${i}`))
      for (const wrong of [`run_id=${run}&max_results=1&page_token=x`, 'path=of-run', `run_id=${run}&max_results=0`])
        expect((await ask(`${path}?${wrong}`)).body.error_code).toBe('INVALID_PARAMETER_VALUE')
      expect(await ask(`${path}?run_id=nobody`)).toMatchObject({
        status: 404,
        body: { error_code: 'RESOURCE_DOES_NOT_EXIST' },
      })
    }
  })

  it('fetches one of their files', async () => {
    await put('of-run/page.html', '<b>')
    const got = await fetch(`${door.server.address}/get-artifact?run_uuid=${run}&path=of-run/page.html`)
    expect([await got.text(), got.headers.get('content-type')]).toEqual(['<b>', 'application/octet-stream'])
    expect(got.headers.get('content-disposition')).toContain('attachment')
    expect((await ask(`/get-artifact?run_uuid=${run}&path=of-run/no`)).status).toBe(404)
    expect((await ask(`/get-artifact?run_uuid=${run}`)).status).toBe(400)
  })

  it('refuses to write where the run is deleted or is none, before the bytes have come', async () => {
    const begin = (id: string) =>
      raw(Number(new URL(door.server.address).port), {
        send: requestOf('PUT', `/api/2.0/mlflow-artifacts/artifacts/0/${id}/artifacts/x`, {
          'content-length': 9_000_000,
        }),
      })
    expect((await begin('d'.repeat(32))).statuses).toEqual([409])
    expect((await begin('e'.repeat(32))).statuses).toEqual([404])
  })
})

it('a backup has the files and their bytes, and says when one is missing', async () => {
  await put('backed/up.txt', 'of the backup')
  const client = createClient(door.server.address)
  const dir = join(door.folder, 'backups')
  const job = async () => (await client.storageJob()).job
  await client.makeBackup({ body: { dir } })
  await until(async () => (await job())?.endedAt !== null)
  expect(await job()).toMatchObject({ error: null })
  expect((await verifyBackup(dir)).faults).toEqual([])
  const other = join(door.folder, 'other')
  await restoreBackup(dir, other, { actor: 'user:test' })
  const restored = await startServer({ home: other, host: '127.0.0.1', port: 0 })
  const path = new URL(fileAt('backed/up.txt')).pathname
  expect(await (await fetch(restored.address + path)).text()).toBe('of the backup')
  await restored.close()

  await rm(await door.server.plane.data.blobs.pathOf(sha(Buffer.from('of the backup'))))
  await client.verifyStorage({ body: { repairFrom: null } })
  await until(async () => (await job())?.endedAt !== null)
  expect((await job())?.verified?.faults).toMatchObject([{ fault: 'missing', by: `artifact ${root}/backed/up.txt` }])
  await client.makeBackup({ body: { dir: join(door.folder, 'later') } })
  await until(async () => (await job())?.endedAt !== null)
  expect((await verifyBackup(join(door.folder, 'later'))).faults).toEqual([
    expect.stringContaining(`${root}/backed/up.txt`),
  ])
})

it('where tokens are asked for, a viewer reads and a developer writes; a refused body is not read', async () => {
  const viewer = { authorization: `Bearer ${createToken(door.home, 'vera', 'viewer')}` }
  const developer = { authorization: `Bearer ${createToken(door.home, 'dan', 'developer')}` }
  expect((await put('mine', 'x', developer)).status).toBe(200)
  expect((await fetch(fileAt('mine'), { headers: viewer })).status).toBe(200)
  const forwarded = { 'x-forwarded-for': '192.0.2.1' }
  const json = { 'content-type': 'application/json' }
  const asked = (headers: Record<string, string>) => [
    fetch(fileAt('mine'), { method: 'PUT', body: 'y', headers }),
    fetch(fileAt('mine'), { method: 'DELETE', headers }),
    ...['create', 'complete', 'abort'].map((what) =>
      fetch(at(`mpu/${what}/${root}`), { method: 'POST', body: '{}', headers: { ...headers, ...json } }),
    ),
  ]
  for (const [headers, status, error_code] of [
    [viewer, 403, 'PERMISSION_DENIED'],
    [{}, 401, 'UNAUTHENTICATED'],
    [{ authorization: 'Bearer guess' }, 401, 'UNAUTHENTICATED'],
  ] as const)
    for (const answer of await Promise.all(asked(headers)))
      expect([answer.status, (await jsonOf(answer)).error_code]).toEqual([status, error_code])
  for (const path of [
    fileAt('mine'),
    `${at('artifacts')}?path=${root}`,
    `${door.server.address}/api/2.0/mlflow/artifacts/list?run_id=x`,
    `${door.server.address}/ajax-api/2.0/mlflow/artifacts/list?run_id=x`,
    `${door.server.address}/get-artifact?run_id=x&path=y`,
  ])
    expect([path, (await fetch(path, { headers: forwarded })).status]).toEqual([path, 401])
  const port = Number(new URL(door.server.address).port)
  const refused = await raw(port, {
    send: (async function* () {
      yield requestOf('PUT', new URL(fileAt('huge')).pathname, { ...viewer, 'content-length': 30_000_000 })
      for (let i = 0; i < 30; i += 1) yield Buffer.alloc(1_000_000)
    })(),
    untilClosed: true,
  })
  expect(refused.statuses).toEqual([403])
  expect(refused.sentBytes).toBeLessThan(15_000_000)
  expect(incoming()).toEqual([])
  // A part needs no token: its key says that it may.
  const create = await fetch(at(`mpu/create/${root}`), {
    method: 'POST',
    body: JSON.stringify({ path: 'parts', num_parts: 1 }),
    headers: { ...developer, ...json },
  })
  const { credentials } = await jsonOf(create)
  const part = await fetch(credentials[0].url, { method: 'PUT', body: 'x', headers: credentials[0].headers })
  expect(part.status).toBe(200)
  for (const name of ['vera', 'dan']) removeToken(door.home, name)
})
