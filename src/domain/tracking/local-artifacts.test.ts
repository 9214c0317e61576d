import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { LocalArtifacts } from './local-artifacts.ts'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'millwright local ')))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const root = join(folder, 'of clients')
for (const name of ['outside', 'of clients-beside', 'of clients/there'])
  mkdirSync(join(folder, name), { recursive: true })
symlinkSync(join(folder, 'outside'), join(root, 'leads out'))
symlinkSync(join(folder, 'not there yet'), join(root, 'leads nowhere'))
symlinkSync(join(root, 'there'), join(root, 'leads within'))
const local = new LocalArtifacts(root)
const address = (path: string) => pathToFileURL(path).href

describe('a folder for artifacts of clients', () => {
  it('is none where nothing can be made', () => {
    writeFileSync(join(folder, 'a file'), '')
    for (const said of ['', join(folder, 'a file/x')])
      expect(() => new LocalArtifacts(said)).toThrow(expect.objectContaining({ code: 'invalid-request' }))
  })
  it('has one for each experiment', () => {
    expect(local.locationOf('7')).toBe(address(join(root, '7')))
  })
  it.each([
    ['a path', join(root, 'a/b'), join(root, 'a/b')],
    ['an address', address(join(root, 'a b')), join(root, 'a b')],
    ['a slash at the end', `${root}/a/`, join(root, 'a')],
    ['a link that stays within', join(root, 'leads within/x'), join(root, 'there/x')],
  ])('takes what lies below it: %s', async (_, said, path) => {
    expect(await local.check(said, 'artifact_location')).toBe(address(path))
  })
  const inside = address(root)
  it.each([
    root,
    inside,
    folder,
    join(folder, 'outside'),
    address(join(folder, 'outside')),
    join(folder, 'of clients-beside/x'),
    join(root, 'leads out'),
    join(root, 'leads out/x'),
    join(root, 'leads nowhere'),
    join(root, 'leads nowhere/x'),
    `${root}/../outside`,
    `${root}/a/../../outside`,
    `${root}/./a`,
    `/${root}/a`,
    `${inside}/../outside`,
    `${inside}/%2e%2e/outside`,
    `${inside}/%252e%252e/outside`,
    `${inside}/a%2f..%2f..%2foutside`,
    `${inside}/a%5c..`,
    `${inside}/a%00`,
    `${inside}/a#b`,
    `${inside}/a?b`,
    `${inside}/a%`,
    `${inside}/a%2562`,
    `file:${root}/a`,
    `file://localhost${root}/a`,
    `file:////${root}/a`,
    `FILE:///etc`,
    '/etc',
    `/${'x'.repeat(3000)}`,
  ])('refuses what does not: %s', async (said) => {
    await expect(local.check(said, 'artifact_location')).rejects.toMatchObject({
      code: 'invalid-request',
      field: 'artifact_location',
      message: expect.not.stringContaining(folder),
    })
  })
})
