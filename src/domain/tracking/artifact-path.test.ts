import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { artifactAddress, artifactFolder, artifactPath } from './artifact-path.ts'

const isRefused = (text: string): boolean => {
  try {
    artifactPath(text)
    return false
  } catch (error) {
    expect(error).toMatchObject({ code: 'invalid-request', field: 'path' })
    return true
  }
}

describe('a path', () => {
  test('of names of any script is kept as it is', () => {
    // No sign that means something, no end that file systems leave out; `%` only where nothing is encoded by it.
    const name = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
      .filter((text) => !/[/\\#?%:\p{C}]/u.test(text) && !/[.\s]$/.test(text))
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), (names) => {
        const path = names.join('/')
        expect(artifactPath(path)).toBe(path)
        expect(artifactFolder(`${path}/`)).toBe(path)
        expect(artifactAddress(`1/r/artifacts/${path}`)).toEqual({ root: '1/r/artifacts', path })
      }),
    )
  })

  test('that is refused is refused however often it is encoded, and so is one that leads out of its root from anywhere', () => {
    const bad = fc.constantFrom('..', '.', '', 'a\\b', 'a#', 'a?', 'a\0', 'a.', 'a ', 'c:', 'n'.repeat(256))
    const good = fc.constantFrom('a', 'ü', 'x.y', '100%')
    fc.assert(
      fc.property(
        fc.array(good, { maxLength: 3 }),
        bad,
        fc.array(good, { maxLength: 3 }),
        fc.nat(6),
        (before, one, after, times) => {
          let path = [...before, one, ...after].join('/')
          for (let i = 0; i < times; i += 1) path = encodeURIComponent(path)
          expect(isRefused(path)).toBe(true)
        },
      ),
    )
  })

  test('is never anything that a URL, a folder or another decoding takes for somewhere else', () => {
    const piece = fc.constantFrom(
      '..',
      '.',
      '/',
      '\\',
      '%2e',
      '%2F',
      '%252e',
      '%5c',
      '%',
      '25',
      'a',
      ':',
      'file:',
      '#',
      '?',
      ' ',
      '%00',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const path = pieces.join('')
        if (isRefused(path)) return
        for (let stage = path, i = 0; i < 3; i += 1) {
          // Without its signs, as an address; with `\` as Windows takes it.
          const url = new URL(stage.replaceAll('\\', '/').replace(/%(?![0-9a-f]{2})/gi, '%25'), 'http://h/root/')
          expect(url.href.startsWith('http://h/root/')).toBe(true)
          try {
            stage = decodeURIComponent(stage)
          } catch {
            return
          }
        }
      }),
      { numRuns: 5000 },
    )
  })

  test('is as long as file systems take it, in bytes', () => {
    expect(isRefused('n'.repeat(255))).toBe(false)
    expect(isRefused('ü'.repeat(127))).toBe(false)
    expect(isRefused('ü'.repeat(128))).toBe(true)
    expect(isRefused(`${'n/'.repeat(999)}n`)).toBe(false)
    expect(isRefused(`${'n/'.repeat(1000)}n`)).toBe(true)
    expect(isRefused('\ud800')).toBe(true)
  })
})

test.each([
  ['7/a1/artifacts', '7/a1/artifacts', ''],
  ['7/a1/artifacts/', '7/a1/artifacts', ''],
  ['7/a1/artifacts/m/', '7/a1/artifacts', 'm'],
  ['7/a1/artifacts/artifacts/x', '7/a1/artifacts', 'artifacts/x'],
  ['7/models/m-1/artifacts/MLmodel', '7/models/m-1/artifacts', 'MLmodel'],
])('%s is an address', (text, root, path) => {
  expect(artifactAddress(text)).toEqual({ root, path })
})

test.each([
  '',
  '7',
  '7/a1',
  '7/a1/other/x',
  '7/models/artifacts/x',
  '7/models/m-1/x',
  'ü/a1/artifacts',
  '/7/a1/artifacts',
  '7/a1/artifacts//',
  '7/a1/artifacts/file:x',
])('"%s" is none', (text) => {
  expect(() => artifactAddress(text)).toThrow(expect.objectContaining({ code: 'invalid-request' }))
})
