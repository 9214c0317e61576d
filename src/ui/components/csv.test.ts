import { expect, test } from 'vitest'
import { csvOf } from './csv.ts'
import type { Column } from './data-table.tsx'

interface Row {
  name: string
  value: number | null
}
const columns: Column<Row>[] = [
  { id: 'name', header: 'Name', accessorFn: ({ name }) => name },
  { id: 'value', header: 'Value, mm', accessorFn: ({ value }) => value },
  { id: 'actions', header: '', accessorFn: () => '' },
]

test('a file of the rows, with what separates kept apart', () => {
  const rows = [
    { name: 'a,"b"\nc', value: -1.5 },
    { name: 'd', value: null },
  ]
  expect(csvOf(rows, columns)).toBe('Name,"Value, mm"\r\n"a,""b""\nc",-1.5\r\nd,\r\n')
})

test('no name becomes a formula', () => {
  expect(csvOf([{ name: '=HYPERLINK("x")', value: 1 }], columns)).toContain(`"'=HYPERLINK(""x"")",1`)
})
