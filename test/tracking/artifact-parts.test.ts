import { randomBytes } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createClient } from '../../src/sdk/client.ts'
import { applyFolder, projectFolder, shopFiles } from '../delivery/shop.ts'
import { artifactDoor, type Body, jsonOf, root, sha } from './artifact-door.ts'

const door = artifactDoor()
const { at, fileAt, put } = door

describe('in parts', () => {
  interface Created {
    upload_id: string
    credentials: { url: string; part_number: number; headers: Record<string, string> }[]
  }
  const post = async (what: string, body: object, inFolder = root) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(at(`mpu/${what}/${inFolder}`), { method: 'POST', headers, body: JSON.stringify(body) })
    return { status: answer.status, body: await jsonOf(answer) }
  }
  const create = async (name: string, parts: number) =>
    (await post('create', { path: `/home/ada/${name}`, num_parts: parts })).body as Created
  const send = async ({ url, headers, part_number }: Created['credentials'][number], body: Body) => {
    const answer = await fetch(url, { method: 'PUT', body, headers })
    return { part_number, etag: answer.headers.get('etag'), url, status: answer.status }
  }
  const complete = (name: string, upload_id: string, parts: object[]) =>
    post('complete', { path: `/home/ada/${name}`, upload_id, parts })

  it('sent side by side and in any order, over a restart, is one file', async () => {
    const bytes = randomBytes(9_000_000)
    const piece = (number: number) => bytes.subarray((number - 1) * 4_000_000, number * 4_000_000)
    const { upload_id, credentials } = await create('big.bin', 3)
    const third = await send(credentials[2]!, piece(3))
    await door.restart()
    // The process listens elsewhere now.
    const moved = credentials.map((each) => ({
      ...each,
      url: `${door.server.address}${new URL(each.url).pathname}`,
    }))
    expect((await complete('big.bin', upload_id, [third])).body).toMatchObject({ error_code: 'RESOURCE_CONFLICT' })
    const [second, wrong] = await Promise.all([send(moved[1]!, piece(2)), send(moved[0]!, 'not it')])
    const first = await send(moved[0]!, piece(1))
    expect((await complete('big.bin', upload_id, [wrong, second, third])).status).toBe(409)
    expect((await fetch(fileAt('big.bin'))).status).toBe(404)
    const stated = [first, second, third]
    const both = await Promise.all([1, 2].map(() => complete('big.bin', upload_id, stated)))
    expect(both).toEqual([1, 2].map(() => ({ status: 200, body: {} })))
    expect((await complete('big.bin', upload_id, stated)).status).toBe(200)
    expect(Buffer.from(await (await fetch(fileAt('big.bin'))).arrayBuffer()).equals(bytes)).toBe(true)
    // Nothing more comes to an upload that is complete, and giving it up leaves the file.
    expect((await send(moved[0]!, 'late')).status).toBe(404)
    expect((await post('abort', { path: 'big.bin', upload_id })).status).toBe(200)
    expect((await fetch(fileAt('big.bin'), { method: 'HEAD' })).status).toBe(200)
    expect(await door.server.plane.data.metadata.count('artifact_part')).toBe(0)
  })

  it('needs the key, a number that was announced, and the file that it was begun for', async () => {
    const { upload_id, credentials } = await create('keyed', 1)
    const [only] = credentials
    expect((await send({ ...only!, headers: {} }, 'x')).status).toBe(401)
    expect((await send({ ...only!, headers: { 'x-upload-key': 'a guess' } }, 'x')).status).toBe(403)
    for (const number of ['0', '2', '1.5', 'x'])
      expect((await send({ ...only!, url: only!.url.replace(/1$/, number) }, 'x')).status).toBe(400)
    const part = await send(only!, 'x')
    expect((await complete('another', upload_id, [part])).status).toBe(404)
    expect((await post('abort', { path: 'another', upload_id })).status).toBe(404)
    expect((await post('abort', { path: 'keyed', upload_id })).status).toBe(200)
    expect((await complete('keyed', upload_id, [part])).status).toBe(404)
    for (const body of [{}, { path: 'x' }, { path: 'x', num_parts: 0 }, { path: 'x', num_parts: 10_001 }])
      expect(await post('create', body)).toMatchObject({ status: 400, body: { error_code: 'INVALID_PARAMETER_VALUE' } })
    expect((await post('create', { path: 'x', num_parts: '2' })).status).toBe(200)
    for (const path of ['..', 'a/..', '.', '', 'a\\..', '%2e%2e'])
      expect([path, (await post('create', { path, num_parts: 1 })).status]).toEqual([path, 400])
  })

  it('abandoned is collected with its parts, and one that goes on is not', async () => {
    const { metadata, blobs: store } = door.server.plane.data
    const [old, young] = [await create('old', 2), await create('young', 2)]
    const oldPart = randomBytes(100)
    const youngPart = randomBytes(100)
    await send(old.credentials[0]!, oldPart)
    await send(young.credentials[0]!, youngPart)
    const twoDays = Date.now() - 2 * 24 * 3_600_000
    await metadata.transaction((writer) => writer.update('artifact_upload', old.upload_id, { heardAt: twoDays }))
    await put('kept', 'kept bytes')
    await put('let-go', 'bytes that nobody names')
    await fetch(fileAt('let-go'), { method: 'DELETE' })
    const dead = join(door.server.plane.home.blobs, 'incoming', 'of-a-process-that-died')
    writeFileSync(dead, 'half')
    for await (const { hash } of store.list()) await utimes(await store.pathOf(hash), twoDays / 1000, twoDays / 1000)
    await utimes(dead, twoDays / 1000, twoDays / 1000)
    const client = createClient(door.server.address)
    const { applied } = await client.project()
    expect(applied).toBeNull()
    const project = await projectFolder(shopFiles())
    await applyFolder(client, project)
    const dry = await client.collectGarbage({ body: { dryRun: true } })
    expect(dry.items.map(({ kind, name }) => `${kind} ${name}`)).toEqual(
      expect.arrayContaining([`upload ${old.upload_id}`, `blob ${sha(oldPart)}`, 'half-written bytes 1']),
    )
    expect(existsSync(dead)).toBe(true)
    await client.collectGarbage({ body: { dryRun: false } })
    expect(existsSync(dead)).toBe(false)
    expect(await store.has(sha(oldPart))).toBe(false)
    expect(await store.has(sha(Buffer.from('bytes that nobody names')))).toBe(false)
    expect(await store.has(sha(youngPart))).toBe(true)
    expect(await (await fetch(fileAt('kept'))).text()).toBe('kept bytes')
    expect(await metadata.get('artifact_upload', old.upload_id)).toBeUndefined()
    expect(await metadata.count('artifact_part')).toBe(1)
    expect((await send(old.credentials[1]!, 'late')).status).toBe(404)
    expect((await send(young.credentials[1]!, 'in time')).status).toBe(200)
  })
})
