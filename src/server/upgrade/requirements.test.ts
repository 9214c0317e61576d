import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { normalName, pinText, requirementLines } from './requirements.ts'

const lock = `# made by hand
--index-url https://example.org/simple
six==1.16.0
Zope.Interface[test]==6.1 ; python_version < "3.13" \\
    --hash=sha256:aa \\
    --hash=sha256:bb
loose>=2  # why not
numpy==1.26.4 # pinned
-r other.txt
`

describe('a requirements.txt', () => {
  it('is read as pip reads it: continued lines, markers, hashes, comments, what is not pinned', () => {
    const lines = requirementLines(lock)
    expect(lines.flatMap(({ pin }) => (pin ? [pin] : []))).toEqual([
      { name: 'six', extras: '', version: '1.16.0', marker: '', hashed: false },
      { name: 'Zope.Interface', extras: '[test]', version: '6.1', marker: 'python_version < "3.13"', hashed: true },
      { name: 'numpy', extras: '', version: '1.26.4', marker: '', hashed: false },
    ])
    expect(lines.flatMap(({ loose }) => (loose ? [loose] : []))).toEqual(['loose'])
    expect(normalName('Zope.Interface')).toBe('zope-interface')
  })

  it('joins to the very same text', () => {
    const line = fc.constantFrom('six==1', 'a==2 \\', '    --hash=sha256:0', '', '# x', '-r y', 'b>=1')
    fc.assert(
      fc.property(fc.array(line), (parts) => {
        const text = parts.join('\n')
        expect(
          requirementLines(text)
            .map((each) => each.text)
            .join('\n'),
        ).toBe(text)
      }),
    )
  })

  it('is written so that it is read as the same pin', () => {
    const pin = { name: 'a.b', extras: '[x]', version: '2.0', marker: 'os_name == "posix"' }
    const [line, ...rest] = requirementLines(pinText(pin, ['sha256:1', 'sha256:2']))
    expect(rest).toEqual([])
    expect(line!.pin).toEqual({ ...pin, hashed: true })
  })
})
