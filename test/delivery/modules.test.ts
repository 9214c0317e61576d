import { existsSync } from 'node:fs'
import { readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import { packProject } from '../../src/domain/delivery/pack-project.ts'
import { type ReadPackage, readPackage } from '../../src/domain/delivery/package-file.ts'
import { projectWithin, unpack } from '../../src/domain/delivery/unpacked.ts'
import { loadProject } from '../../src/sdk/project-file.ts'
import { installModules, loadDefinition } from '../../src/server/package-project.ts'
import { projectFolder, shopFiles } from './shop.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function unpacked(files: Record<string, string>): Promise<{ read: ReadPackage; folder: string }> {
  const project = await projectFolder(files)
  const home = await projectFolder({})
  folders.push(project, home)
  const packed = await packProject({ ...(await loadProject(project)), by: 'ci', millwright: '1' })
  const read = readPackage(packed.bytes)
  const folder = join(home, 'packages', read.hash)
  await unpack(read, folder)
  await installModules(read, folder)
  return { read, folder }
}

const manifest = { name: 'shop', version: '1.0.0', private: true, type: 'module' }

it('a package with the lockfile of this installation uses what is installed', async () => {
  const lock = await readFile(join(repository, 'package-lock.json'), 'utf8')
  const { read, folder } = await unpacked({ ...shopFiles(), 'package-lock.json': lock })
  expect(await realpath(join(folder, 'project/node_modules'))).toBe(await realpath(join(repository, 'node_modules')))
  expect((await loadDefinition(projectWithin(folder, read.manifest))).name).toBe('shop')
})

it('any other lockfile is installed once, beside the packages, without running scripts', async () => {
  const files = {
    ...shopFiles(),
    'package.json': JSON.stringify({ ...manifest, scripts: { postinstall: 'echo > ../../../ran' } }),
    'package-lock.json': JSON.stringify({
      name: manifest.name,
      version: manifest.version,
      lockfileVersion: 3,
      requires: true,
      packages: { '': manifest },
    }),
  }
  const { read, folder } = await unpacked(files)
  const modules = await realpath(join(folder, 'project/node_modules'))
  expect(modules.startsWith(join(folder, '../modules'))).toBe(true)
  expect(existsSync(join(folder, '../../ran'))).toBe(false)
  expect((await loadDefinition(projectWithin(folder, read.manifest))).name).toBe('shop')
  // Not again: what is there stays.
  await writeFile(join(modules, 'mark'), '')
  await rm(join(folder, 'project/node_modules'))
  await installModules(read, folder)
  expect(existsSync(join(folder, 'project/node_modules/mark'))).toBe(true)
})

it('a lockfile without a package.json beside it is installed by what it says of itself', async () => {
  const { 'package.json': _, ...files } = shopFiles()
  const lock = {
    name: 'clone',
    lockfileVersion: 3,
    requires: true,
    packages: { '': { name: 'clone', version: '2.0.0' } },
  }
  const { read, folder } = await unpacked({ ...files, 'package-lock.json': JSON.stringify(lock) })
  expect(existsSync(join(folder, 'project/package.json'))).toBe(false)
  expect((await realpath(join(folder, 'project/node_modules'))).startsWith(join(folder, '../modules'))).toBe(true)
  expect((await loadDefinition(projectWithin(folder, read.manifest))).name).toBe('shop')
})

it('a package whose lockfile cannot be installed, and one whose module is nowhere, say so', async () => {
  const broken = {
    ...shopFiles(),
    'package.json': JSON.stringify({ ...manifest, dependencies: { x: 'file:./nowhere' } }),
    'package-lock.json': JSON.stringify({ lockfileVersion: 3, packages: { '': manifest } }),
  }
  await expect(unpacked(broken)).rejects.toMatchObject({ code: 'missing-package' })
  const files = shopFiles()
  const { read, folder } = await unpacked({
    ...files,
    'millwright.config.ts': `${files['millwright.config.ts']}\nif (import.meta.url.includes('/packages/')) await import('nowhere-to-be-found')\n`,
  })
  await expect(loadDefinition(projectWithin(folder, read.manifest))).rejects.toMatchObject({
    code: 'invalid-definition',
    message: expect.stringContaining('nowhere-to-be-found'),
  })
})

it('a project of the repository of Millwright loads where it is unpacked', { timeout: 60_000 }, async () => {
  const loaded = await loadProject(join(repository, 'examples/flights'))
  const read = readPackage((await packProject({ ...loaded, by: 'ci', millwright: '1' })).bytes)
  const home = await projectFolder({})
  folders.push(home)
  const folder = join(home, 'packages', read.hash)
  await unpack(read, folder)
  await installModules(read, folder)
  expect(await loadDefinition(projectWithin(folder, read.manifest))).toEqual(loaded.definition)
})
