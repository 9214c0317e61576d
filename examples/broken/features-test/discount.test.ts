import assert from 'node:assert/strict'
import { test } from 'node:test'
import { discounted } from './discount.ts'

test('a fifth off ten is eight', () => {
  assert.equal(discounted(10, 20), 8)
})
