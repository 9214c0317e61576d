import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { countLines } from './diff-lines.ts'

/** The longest common subsequence by the textbook's table. */
function common(a: readonly string[], b: readonly string[]): number {
  const rows = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0))
  for (let i = 1; i <= a.length; i += 1)
    for (let j = 1; j <= b.length; j += 1)
      rows[i]![j] = a[i - 1] === b[j - 1] ? rows[i - 1]![j - 1]! + 1 : Math.max(rows[i - 1]![j]!, rows[i]![j - 1]!)
  return rows[a.length]![b.length]!
}

it('counts what the longest common subsequence leaves over', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 20 })
  fc.assert(
    fc.property(lines, lines, (a, b) => {
      const same = common(a, b)
      const text = (of: string[]) => of.map((line) => `${line}\n`).join('')
      expect(countLines(text(a), text(b))).toEqual({ added: b.length - same, removed: a.length - same })
    }),
  )
})

it('counts a file that is new, and not the newline at the end', () => {
  expect(countLines('', 'a\nb\n')).toEqual({ added: 2, removed: 0 })
  expect(countLines('a\nb', 'a\nb\n')).toEqual({ added: 0, removed: 0 })
})
