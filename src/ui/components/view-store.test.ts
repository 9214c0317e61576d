import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readViews, withView, writeViews } from './view-store.ts'

/** What a browser's storage does: texts by key. */
function storage() {
  const texts = new Map<string, string>()
  return {
    getItem: (key: string) => texts.get(key) ?? null,
    setItem: (key: string, text: string) => void texts.set(key, text),
  }
}

const search = fc.dictionary(fc.string({ minLength: 1 }), fc.oneof(fc.string(), fc.integer(), fc.boolean()), {
  noNullPrototype: true,
})
const view = fc.record({ name: fc.string({ minLength: 1 }), search })

test('a saved view is the search of the address, the last one that was kept under its name, and of its own screen alone', () => {
  fc.assert(
    fc.property(fc.array(view), view, fc.array(view), (before, kept, other) => {
      const held = storage()
      const keep = (path: string, views: (typeof kept)[]): void => {
        for (const each of views) writeViews(path, withView(readViews(path, held), each), held)
      }
      keep('/events', before)
      keep('/events', [kept])
      keep('/runs', other)
      const views = readViews('/events', held)
      expect(views.filter(({ name }) => name === kept.name)).toEqual([kept])
      expect(new Set(views.map(({ name }) => name)).size).toBe(views.length)
      expect(new Set(views.map(({ name }) => name))).toEqual(new Set([...before, kept].map(({ name }) => name)))
    }),
  )
})

test('a text that is none of ours holds no views', () => {
  for (const text of [
    '',
    '{',
    '{}',
    '3',
    'null',
    '[null]',
    '[{"name":"a"}]',
    '[{"name":"","search":{}}]',
    '[{"name":"a","search":[]}]',
  ]) {
    const held = storage()
    held.setItem('millwright:views:/events', text)
    expect([text, readViews('/events', held)]).toEqual([text, []])
  }
})
