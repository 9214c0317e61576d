import { expect, test } from 'vitest'
import { parseOrder } from '../../contract/search/parse-order.ts'
import { attributeColumns, columnId, orderOf, runColumn } from './run-columns.ts'

test('an id of the address is a column again, whatever its name', () => {
  for (const name of ['loss', 'val loss', 'a.b', 'system/cpu', 'x`y', 'ä,b'])
    for (const kind of ['metric', 'param', 'tag'] as const)
      expect(runColumn(columnId(kind, name))).toMatchObject({ kind, name, title: name })
  for (const id of attributeColumns) expect(runColumn(id)).toMatchObject({ kind: 'attribute', id })
  for (const id of ['', 'metrics.', 'loss', 'toString']) expect(runColumn(id)).toBeNull()
})

test('what a table is sorted by is an ordering that the server takes', () => {
  expect(orderOf(undefined)).toBe('')
  expect(orderOf('took')).toBe('')
  expect(orderOf('started')).toBe('start_time ASC')
  for (const sort of ['name', '-status', '-metrics.val loss', 'params.x`y', 'tags.a.b', 'metrics.1 ASC']) {
    const [item] = parseOrder([orderOf(sort)], 'runs')
    expect(item!.descending).toBe(sort.startsWith('-'))
    if (sort.includes('.')) expect(sort.replace(/^-/, '').endsWith(`.${item!.key}`)).toBe(true)
  }
})
