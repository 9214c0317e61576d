import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Block, blocksOf, type Inline } from './markdown.ts'

const textOf = (content: readonly Inline[]): string => content.map(({ text }) => text).join('')

test('headings, paragraphs, lists and tables', () => {
  const blocks = blocksOf(
    '# late\n\n**Owner.** ops\nand others\n\n- one\n- `two`\n\n| metric | value |\n|---|---:|\n| auc | 0.7 |\n| ece | -0.1 |\n',
  )
  expect(blocks.map(({ kind }) => kind)).toEqual(['heading', 'paragraph', 'list', 'table'])
  const [heading, paragraph, list, table] = blocks as [
    Extract<Block, { kind: 'heading' }>,
    Extract<Block, { kind: 'paragraph' }>,
    Extract<Block, { kind: 'list' }>,
    Extract<Block, { kind: 'table' }>,
  ]
  expect(heading).toEqual({ kind: 'heading', level: 1, content: [{ kind: 'text', text: 'late' }] })
  expect(paragraph.content).toEqual([
    { kind: 'strong', text: 'Owner.' },
    { kind: 'text', text: ' ops and others' },
  ])
  expect(list.items[1]).toEqual([{ kind: 'code', text: 'two' }])
  expect(table.head.map(textOf)).toEqual(['metric', 'value'])
  expect(table.rows.map((row) => row.map(textOf))).toEqual([
    ['auc', '0.7'],
    ['ece', '-0.1'],
  ])
})

test('markup that is none of these stays text', () => {
  expect(blocksOf('<script>alert(1)</script> [x](javascript:alert(1))')).toEqual([
    { kind: 'paragraph', content: [{ kind: 'text', text: '<script>alert(1)</script> [x](javascript:alert(1))' }] },
  ])
})

test('every text is read to its end, and nothing of a paragraph is lost', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '*', '`', '|', '#', '-', ' ', '\n') }), (text) => {
      expect(Array.isArray(blocksOf(text))).toBe(true)
    }),
  )
  fc.assert(
    fc.property(
      fc.stringMatching(/^[a-z*` ]*[a-z]$/).filter((text) => !/^\s*[*-] /.test(text)),
      (text) => {
        const said = blocksOf(text.trim())
          .map((block) => (block.kind === 'paragraph' ? textOf(block.content) : ''))
          .join('')
        expect(said.replace(/[*`]/g, '')).toBe(text.trim().replace(/[*`]/g, ''))
      },
    ),
  )
})
