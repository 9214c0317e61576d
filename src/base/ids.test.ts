import { expect, test } from 'vitest'
import { newId } from './ids.ts'

test('ids made one after the other sort in that order, and none comes twice', () => {
  const ids = Array.from({ length: 100_000 }, () => newId('run'))
  expect(ids.toSorted()).toEqual(ids)
  expect(new Set(ids).size).toBe(ids.length)
})
