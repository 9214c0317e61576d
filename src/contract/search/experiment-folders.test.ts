import fc from 'fast-check'
import { expect, it } from 'vitest'
import { entryOf, folderOf, folderRange, isInFolder, nameInFolder } from './experiment-folders.ts'

const names = fc
  .array(fc.constantFrom('a', 'b', '/', '/', '.', '0', 'é'), { minLength: 1, maxLength: 9 })
  .map((signs) => signs.join(''))

it.each([
  ['team/churn/baseline', 'team/churn', 'baseline'],
  ['baseline', null, 'baseline'],
  ['/Users/ada', '/Users', 'ada'],
  ['/ada', null, '/ada'],
  ['ada/', null, 'ada/'],
  ['a//b', 'a', '/b'],
  ['a/b/', 'a', 'b/'],
])('%s lies in %s as %s', (name, folder, own) => {
  expect([folderOf(name), nameInFolder(name)]).toEqual([folder, own])
})

it('whatever the name: folder by folder one comes to it, and it lies in those folders alone', () => {
  fc.assert(
    fc.property(names, names, (name, other) => {
      let prefix = ''
      const passed: string[] = []
      for (;;) {
        const entry = entryOf(name, prefix)
        expect(entry.name).not.toBe('')
        if (!entry.isFolder) break
        passed.push(prefix + entry.name)
        prefix += `${entry.name}/`
      }
      expect(folderOf(name)).toBe(passed.at(-1) ?? null)
      expect(prefix + nameInFolder(name)).toBe(name)
      const folder = folderOf(name)
      const [after, before] = folderRange(other)
      const isBetween = after !== '/' && name > after && name < before
      expect(folder !== null && isInFolder(folder, other)).toBe(isBetween)
      const path = other.replace(/\/+$/, '')
      expect(isBetween).toBe(passed.includes(path))
    }),
    { numRuns: 3000 },
  )
})
