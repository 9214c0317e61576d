import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDataServices, type TestServices } from '../../../test/fixtures/data-services.ts'
import { artifactPreview } from './artifact-preview.ts'

let services: TestServices
beforeAll(async () => {
  services = await openDataServices()
})
afterAll(() => services.close())

const preview = async (content: string | Uint8Array, name: string) => {
  const { hash } = await services.blobs.put(typeof content === 'string' ? Buffer.from(content) : content)
  return artifactPreview(services, hash, name)
}

test('the first rows of a table, with how many there are', async () => {
  const lines = Array.from({ length: 250 }, (_, at) => `s${at},${at % 2 ? '' : at / 2},${at % 2 === 0}`)
  const csv = `shop,price,open\n${lines.join('\n')}\n`
  const shown = await preview(csv, 'rows.csv')
  if (shown.kind !== 'table') throw new Error(shown.kind)
  expect(shown.columns.map(({ name, storedAs }) => `${name} ${storedAs}`)).toEqual([
    'shop text',
    'price number',
    'open boolean',
  ])
  expect([shown.total, shown.rows.length]).toEqual([250, 100])
  expect(shown.rows.slice(0, 3)).toEqual([
    ['s0', 0, true],
    ['s1', null, false],
    ['s2', 1, true],
  ])
  // A Parquet file says by its first bytes what it is.
  const [source, target] = [join(services.home, 'rows.csv'), join(services.home, 'rows.parquet')]
  await writeFile(source, csv)
  const columns = [
    { name: 'shop', type: 'text' },
    { name: 'price', type: 'number' },
  ] as const
  await services.tables.convert([{ format: 'csv', path: source }], columns, target)
  const { hash } = await services.blobs.putFile(target)
  expect(await artifactPreview(services, hash, 'no ending')).toMatchObject({ kind: 'table', total: 250 })
})

test('text as it is, and its beginning where it is long, also when that ends within a sign', async () => {
  expect(await preview('{"a": 1}', 'report.json')).toEqual({ kind: 'text', text: '{"a": 1}', size: 8, isWhole: true })
  const long = await preview(`a${'ü'.repeat(100_000)}`, 'log.txt')
  expect(long).toMatchObject({ kind: 'text', size: 200_001, isWhole: false })
  if (long.kind === 'text') expect(long.text).toMatch(/^aü+$/)
  expect(await preview('', 'empty')).toMatchObject({ kind: 'text', text: '' })
})

test('a picture as itself, and other bytes as nothing that people read', async () => {
  const png = Buffer.from('89504e470d0a1a0a0000', 'hex')
  expect(await preview(png, 'plot')).toEqual({ kind: 'image', mediaType: 'image/png', base64: png.toString('base64') })
  expect(await preview(Buffer.from([0, 159, 146, 150]), 'model.bin')).toMatchObject({ kind: 'none', size: 4 })
})

test('a hash that names nothing is not found', async () => {
  await expect(artifactPreview(services, 'a'.repeat(64), '')).rejects.toMatchObject({ code: 'not-found' })
})
