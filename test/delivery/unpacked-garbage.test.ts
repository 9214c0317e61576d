import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { collectUnpacked } from '../../src/server/unpacked-garbage.ts'

const hash = (digit: string): string => digit.repeat(64)
let folder: string
let watched: string

/** An unpacked package that uses these modules. */
async function unpacked(name: string, modules: string): Promise<void> {
  const project = join(folder, name, 'project')
  await mkdir(project, { recursive: true })
  await writeFile(join(project, 'a.ts'), '')
  await symlink(join(folder, 'modules', modules, 'node_modules'), join(project, 'node_modules'))
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright-unpacked-'))
  watched = await mkdtemp(join(tmpdir(), 'millwright-watched-'))
  for (const digit of ['a', 'b', 'c', 'd']) {
    const modules = join(folder, 'modules', hash(digit))
    await mkdir(join(modules, 'node_modules'), { recursive: true })
    // 'd' was installed just now.
    if (digit !== 'd') await utimes(modules, 1000, 1000)
  }
  await unpacked(hash('1'), hash('a'))
  await unpacked(hash('2'), hash('b'))
  await mkdir(join(folder, 'node_modules', 'millwright'), { recursive: true })
  await mkdir(join(watched, 'run', 'source'), { recursive: true })
  await symlink(join(folder, 'modules', hash('c'), 'node_modules'), join(watched, 'run', 'source', 'node_modules'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await rm(watched, { recursive: true, force: true })
})

it('removes what nothing runs, and modules that nothing uses, and says so before', async () => {
  const keep = new Set([hash('1')])
  const planned = await collectUnpacked(folder, [watched], keep, { dryRun: true })
  expect(planned.map(({ kind, name }) => [kind, name])).toEqual([
    ['unpacked package', hash('2')],
    ['installed modules', hash('b')],
  ])
  expect(await readdir(folder)).toEqual([hash('1'), hash('2'), 'modules', 'node_modules'])
  expect(await collectUnpacked(folder, [watched], keep, { dryRun: false })).toEqual(planned)
  expect(await readdir(folder)).toEqual([hash('1'), 'modules', 'node_modules'])
  expect(await readdir(join(folder, 'modules'))).toEqual([hash('a'), hash('c'), hash('d')])
  expect(await collectUnpacked(folder, [watched], keep, { dryRun: false })).toEqual([])
  expect(await collectUnpacked(join(folder, 'nowhere'), [], keep, { dryRun: false })).toEqual([])
})
