import { expect, test } from 'vitest'
import { byteRange } from './byte-range.ts'

test.each([
  [undefined, 10, null],
  ['bytes=0-', 10, { from: 0, to: 9 }],
  ['bytes=0-0', 10, { from: 0, to: 0 }],
  ['bytes=3-5', 10, { from: 3, to: 5 }],
  ['bytes=3-500', 10, { from: 3, to: 9 }],
  ['bytes=-3', 10, { from: 7, to: 9 }],
  ['bytes=-30', 10, { from: 0, to: 9 }],
  ['bytes=10-', 10, 'none'],
  ['bytes=-0', 10, 'none'],
  ['bytes=0-', 0, 'none'],
  // What is no range that is understood is no reason to refuse: RFC 9110, 14.2.
  ['bytes=5-3', 10, null],
  ['bytes=0-1,3-4', 10, null],
  ['bytes=-', 10, null],
  ['lines=1-2', 10, null],
  ['bytes=a-b', 10, null],
])('%s of %d bytes', (header, size, range) => {
  expect(byteRange(header, size)).toEqual(range)
})
