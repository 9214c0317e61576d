import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { numberVector, textVector, type Vector } from '../../base/columns.ts'
import type { SummaryQuery, TableFile } from '../../ports/tables.ts'
import { LazyDuckDb } from './instance.ts'
import { describeSource } from './selection.ts'
import { summariesOf } from './summaries.ts'
import { DuckDbWriter } from './writer.ts'

test('the summary of many rows is that of few, but for quantiles, which come near', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millwright summaries '))
  const engine = new LazyDuckDb({ spillFolder: join(folder, 'spill') })
  const columns: SummaryQuery[] = [
    { name: 'id', type: 'key' },
    { name: 'at', type: 'time' },
    { name: 'delay', type: 'number', edges: [-5, 0, 10, 40, 90] },
    { name: 'origin', type: 'category', top: 2 },
    { name: 'nothing', type: 'number', edges: [0, 1] },
  ]
  const row = Array.from({ length: 20_000 }, (_, i) => i)
  const file: TableFile = { format: 'parquet', path: join(folder, 'a.parquet') }
  const writer = await DuckDbWriter.open(engine, file.path, columns)
  await writer.append({
    rows: row.length,
    columns: new Map<string, Vector>([
      ['id', textVector(row.map((i) => `row ${i}`))],
      ['at', numberVector(row.map((i) => i * 1000))],
      ['delay', numberVector(row.map((i) => (i % 11 === 0 ? Number.NaN : (i % 100) - 7.5)))],
      ['origin', textVector(row.map((i) => (i % 13 === 0 ? null : ['SEA', 'JFK', 'BOS'][i % 3 === 0 ? 0 : i % 2]!)))],
      ['nothing', numberVector(row.map(() => Number.NaN))],
    ]),
  })
  await writer.finish()
  const [exact, approximate] = await engine.use([file], async (connection) => {
    const source = await describeSource(connection, [file], [])
    return [await summariesOf(connection, source, columns), await summariesOf(connection, source, columns, 0)]
  })
  await engine.close()
  for (const [i, summary] of exact!.entries()) {
    const other = approximate![i]!
    const { mean, std, quantiles, ...counted } = summary
    expect(other).toMatchObject(counted)
    for (const [a, b] of [
      [mean, other.mean],
      [std, other.std],
    ]) {
      if (a === null) expect(b).toBeNull()
      else expect(b).toBeCloseTo(a!, 9)
    }
    for (const [place, value] of (quantiles ?? []).entries())
      expect(Math.abs(other.quantiles![place]! - value)).toBeLessThan(3)
  }
  expect(exact![2]).toMatchObject({ nulls: 1819, min: -7.5, max: 91.5, distinct: 100 })
})
