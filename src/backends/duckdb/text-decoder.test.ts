import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { textAt, textsOf, textVector } from '../../base/columns.ts'
import { openDuckDbTables } from './tables.ts'

const folder = await mkdtemp(join(tmpdir(), 'millwright texts '))
const tables = openDuckDbTables({ spillFolder: join(folder, 'spill') })
afterAll(() => tables.close())

async function throughFile(texts: (string | null)[], type: 'key' | 'category'): Promise<(string | null)[]> {
  const path = join(folder, `${type}.parquet`)
  const writer = await tables.write(path, [{ name: 't', type }])
  await writer.append({ rows: texts.length, columns: new Map([['t', textVector(texts)]]) })
  await writer.finish()
  const vector = textsOf(await tables.read([{ format: 'parquet', path }], { columns: [{ name: 't', type }] }), 't')
  return Array.from(vector.codes, (_, row) => textAt(vector, row))
}

test('gives back texts of any length and script, repeated or not', async () => {
  const text = fc.option(
    fc.string({ unit: 'grapheme', maxLength: 40 }).filter((each) => Buffer.from(each).toString() === each),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(text, { maxLength: 300 }),
      fc.constantFrom('key' as const, 'category' as const),
      async (texts, type) => {
        expect(await throughFile(texts, type)).toEqual(texts)
      },
    ),
    { numRuns: 30 },
  )
})

test('gives back more distinct texts than are worth a dictionary', async () => {
  for (const name of [(i: number) => `k${i}`, (i: number) => `a key longer than twelve bytes ${i}`]) {
    const texts = Array.from({ length: 60_000 }, (_, i) => (i % 101 === 0 ? null : name(i % 2 === 0 ? i : i % 1000)))
    expect(await throughFile(texts, 'key')).toEqual(texts)
  }
})
