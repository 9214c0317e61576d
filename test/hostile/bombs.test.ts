import { readdirSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import { DuckDBInstance } from '@duckdb/node-api'
import { zipSync } from 'fflate'
import { dataset, defineProject, key, time } from 'millwright'
import { beforeAll, describe, expect, it } from 'vitest'
import { type OnnxNode, type OnnxTensor, writeOnnx } from '../../src/domain/training/onnx-graph.ts'
import { attacked, json } from './attacked.ts'
import { question } from './processes.ts'

const here = attacked()
// Made before: it keeps the clients that behave, which are in this process, from asking.
const bomb = zipSync({ 'manifest.json': new Uint8Array(100 << 20) }, { level: 1 })
const crowd = sameEntry(1_000_000)
const bytes = { 'content-type': 'application/octet-stream' }

async function send(path: string, body: Uint8Array, headers: Record<string, string> = bytes) {
  const response = await fetch(here.both.server.address + path, {
    method: 'POST',
    headers,
    body: body as Uint8Array<ArrayBuffer>,
  })
  return { status: response.status, text: await response.text() }
}
/** The files that the home holds of what was brought. */
const kept = () =>
  readdirSync(here.both.home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /^(blobs|packages|work)\b/.test(relative(here.both.home, entry.parentPath)))
    .map((entry) => entry.name)
    .sort()

describe('what unfolds', () => {
  it('a package of 100 MB in less than one is refused by what it says of itself', async () => {
    const before = here.both.server.memoryMb()
    expect(bomb.byteLength).toBeLessThan(1 << 20)
    const { status, text } = await send('/api/packages', bomb)
    expect(status).toBe(422)
    expect(text).toContain('manifest.json is compressed')
    expect(here.both.server.memoryMb() - before).toBeLessThan(60)
  })
  it('a package whose many names stand for the same bytes is refused', async () => {
    const before = here.both.server.memoryMb()
    const bomb = overlapping(8 << 20, 500)
    const { status, text } = await send('/api/packages', bomb)
    expect(status).toBe(422)
    expect(text).toContain('it holds more than it is long')
    expect(here.both.server.memoryMb() - before).toBeLessThan(120)
  })
  it('a body in gzip is not unfolded at all', async () => {
    const folded = gzipSync(Buffer.alloc(50 << 20))
    for (const [process, , path] of here.taking()) {
      const response = await fetch(process.address + path, {
        method: 'POST',
        headers: { ...json, 'content-encoding': 'gzip' },
        body: folded,
      })
      expect(response.status).toBe(415)
    }
  })
})

/** A zip whose names, that many, all lead to the same stored bytes. */
function overlapping(size: number, names: number): Uint8Array {
  const one = Buffer.from(zipSync({ aaaaaa: new Uint8Array(size) }, { level: 0 }))
  const end = one.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  const directory = one.readUInt32LE(end + 16)
  const entry = one.subarray(directory, end)
  const entries = Array.from({ length: names }, (_, index) => {
    const copy = Buffer.from(entry)
    copy.write(index.toString(36).padStart(6, '0'), 46, 'latin1')
    return copy
  })
  const tail = Buffer.from(one.subarray(end))
  tail.writeUInt16LE(names, 8)
  tail.writeUInt16LE(names, 10)
  tail.writeUInt32LE(entry.length * names, 12)
  return Buffer.concat([one.subarray(0, directory), ...entries, tail])
}

/** A zip (of the form for many files) whose names, that many, all lead to one empty file. */
function sameEntry(names: number): Uint8Array {
  const one = Buffer.from(zipSync({ aaaaaaa: new Uint8Array(0) }, { level: 0 }))
  const end = one.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'))
  const directory = one.readUInt32LE(end + 16)
  const entry = one.subarray(directory, end)
  const entries = Buffer.alloc(entry.length * names)
  for (let index = 0; index < names; index += 1) {
    entry.copy(entries, index * entry.length)
    entries.write(index.toString(36).padStart(7, '0'), index * entry.length + 46, 'latin1')
  }
  const end64 = Buffer.alloc(56)
  end64.writeUInt32LE(0x06064b50, 0)
  end64.writeBigUInt64LE(44n, 4)
  for (const at of [24, 32]) end64.writeBigUInt64LE(BigInt(names), at)
  end64.writeBigUInt64LE(BigInt(entries.length), 40)
  end64.writeBigUInt64LE(BigInt(directory), 48)
  const locator = Buffer.alloc(20)
  locator.writeUInt32LE(0x07064b50, 0)
  locator.writeBigUInt64LE(BigInt(directory + entries.length), 8)
  locator.writeUInt32LE(1, 16)
  const tail = Buffer.from(one.subarray(end))
  for (const at of [8, 10]) tail.writeUInt16LE(0xffff, at)
  for (const at of [12, 16]) tail.writeUInt32LE(0xffffffff, at)
  return Buffer.concat([one.subarray(0, directory), entries, end64, locator, tail])
}

describe('a package', () => {
  it.each([
    ['of a million names for the same file', () => crowd, 'more than 50000 files and folders'],
    [
      'of few files in a hundred thousand folders',
      () =>
        zipSync(
          Object.fromEntries(
            Array.from({ length: 300 }, (_, index) => [`${index}/${'a/'.repeat(400)}b`, new Uint8Array(1)]),
          ),
          { level: 0 },
        ),
      'more than 50000 files and folders',
    ],
    [
      'whose manifest is 20 MB',
      () => zipSync({ 'manifest.json': Buffer.alloc(20 << 20, ' ') }, { level: 0 }),
      'manifest.json is larger than 16 MB',
    ],
  ])('%s is refused, and nothing of it stays', async (_, made, why) => {
    const before = { memoryMb: here.both.server.memoryMb(), kept: kept() }
    const { status, text } = await send('/api/packages', made())
    expect(status).toBe(422)
    expect(text).toContain(why)
    expect(here.both.server.memoryMb() - before.memoryMb).toBeLessThan(300)
    expect(kept()).toEqual(before.kept)
    expect((await here.both.client.packages({ query: { snapshots: 'true' } })).packages).toEqual([])
  })
})

describe('a table', () => {
  const folder = () => join(here.both.home, 'incoming')
  const lines = dataset('lines', { columns: { id: key(), at: time() } }).happensAt('at')
  const definition = defineProject('tables', { datasets: [lines] }).define((file) => file)
  beforeAll(async () => {
    await here.both.client.apply({ body: { definition, projectDir: here.both.home } })
    const instance = await DuckDBInstance.create(':memory:')
    const connection = await instance.connect()
    const write = (name: string, select: string) =>
      connection.run(
        `COPY (${select}) TO '${join(folder(), name)}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20000000)`,
      )
    const at = `TIMESTAMP '2025-01-01'`
    await write('texts.parquet', `SELECT repeat('a', 20000000) AS id, ${at} AS at FROM range(60)`)
    await write('rows.parquet', `SELECT 'a' AS id, ${at} AS at FROM range(10000019)`)
    connection.closeSync()
    instance.closeSync()
    // The footer says so many rows, and so do the headers of the pages.
    const file = await readFile(join(folder(), 'rows.parquet'))
    const [is, says] = [varint(10_000_019), varint(130_000_000)]
    for (let found = file.indexOf(is); found >= 0; found = file.indexOf(is, found + 1)) says.copy(file, found)
    await writeFile(join(folder(), 'rows.parquet'), file)
  }, 60_000)

  it.each([
    ['that promises 130 million rows', 'rows.parquet', 'has 130,000,000 rows; a file may have 100,000,000'],
    ['whose texts unfold to 1.2 GB', 'texts.parquet', 'column id has a text of more than 65536 bytes'],
  ])('%s in a few kilobytes is refused, and nothing of it stays', async (_, name, why) => {
    expect((await readFile(join(folder(), name))).byteLength).toBeLessThan(20_000)
    const before = { memoryMb: here.both.server.memoryMb(), kept: kept() }
    const body = Buffer.from(JSON.stringify({ path: join(folder(), name) }))
    let most = 0
    const watch = setInterval(() => {
      most = Math.max(most, here.both.server.memoryMb())
    }, 10)
    const { status, text } = await send('/api/datasets/lines/ingest', body, json)
    clearInterval(watch)
    expect([status, text]).toEqual([400, expect.stringContaining(why)])
    expect(most - before.memoryMb).toBeLessThan(300)
    expect(kept()).toEqual(before.kept)
    expect((await here.both.client.datasetBatches({ params: { dataset: 'lines' } })).batches).toEqual([])
  })
})

/** A number as Parquet's footer writes it: zigzag, seven bits a byte. */
function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value * 2
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128)
  return Buffer.from([...bytes, rest])
}

describe('a model file', () => {
  const model = (constants: readonly OnnxTensor[], nodes: readonly OnnxNode[]) =>
    writeOnnx({
      name: 'bomb',
      input: { name: 'features', width: 3 },
      output: { name: 'y', width: 3 },
      constants,
      nodes: [
        ...nodes,
        { op: 'ReduceSum', inputs: ['big'], output: 'sum', attributes: { keepdims: { int: 0 } } },
        { op: 'Add', inputs: ['features', 'sum'], output: 'y' },
      ],
      metadata: {},
    })
  const [huge, one] = [2 ** 40, { name: 'one', dims: [1], values: [1] }]
  it('that promises a tensor of 4 TB is refused, and nothing of it stays', async () => {
    const before = { memoryMb: here.both.server.memoryMb(), kept: kept() }
    const file = model([{ ...one, name: 'big', dims: [huge] }], [])
    const { status, text } = await send('/api/models/promise/files', file)
    expect([status, text]).toEqual([400, expect.stringContaining('cannot load this model')])
    expect(here.both.server.memoryMb() - before.memoryMb).toBeLessThan(100)
    expect(kept()).toEqual(before.kept)
    expect((await here.both.client.models()).models.map((each) => each.model)).toEqual(['small'])
  })
  it('that makes a tensor of 4 TB of one number takes no memory when it is read, and fails alone when it is asked', async () => {
    const before = [here.both.server.memoryMb(), here.both.predictor.memoryMb()]
    const shape = { name: 'shape', dims: [1], values: [huge], isInteger: true }
    const file = model([one, shape], [{ op: 'Expand', inputs: ['one', 'shape'], output: 'big' }])
    expect(await send('/api/models/bomb/files', file)).toMatchObject({ status: 200 })
    const response = await fetch(`${here.both.predictor.address}/v2/models/bomb/infer`, {
      method: 'POST',
      headers: json,
      body: question,
    })
    expect([response.status, await response.text()]).toEqual([
      400,
      expect.stringContaining('Failed to allocate memory'),
    ])
    expect(here.both.server.memoryMb() - before[0]!).toBeLessThan(100)
    expect(here.both.predictor.memoryMb() - before[1]!).toBeLessThan(100)
  })
})
