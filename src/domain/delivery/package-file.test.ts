import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { unzipSync, zipSync } from 'fflate'
import { afterEach, describe, expect, it } from 'vitest'
import { hashOf, sha256 } from '../../base/hash.ts'
import { type Definition, definitionSchema } from '../../contract/definition.ts'
import { packProject } from './pack-project.ts'
import { type Packed, readPackage, signPackage } from './package-file.ts'
import { isSignedBy, newSigningKey } from './package-signature.ts'

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

async function folderWith(files: Record<string, string>): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'millwright package ')))
  folders.push(folder)
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}

const definition = (over: object = {}): Definition =>
  definitionSchema.parse({
    name: 'shop',
    pipelines: [
      { name: 'sums', steps: [{ name: 'go', run: { kind: 'command', command: ['./go.sh'], code: ['lib'] } }] },
    ],
    ...over,
  })

const project = {
  'millwright.config.ts': `import { rate } from './parts/rate.ts'\nexport default { rate }\n`,
  'parts/rate.ts': 'export const rate = 0.2\n',
  'parts/unused.ts': 'export const unused = 1\n',
  'go.sh': '#!/bin/sh\necho 1\n',
  'lib/a.py': 'print(1)\n',
  'package.json': '{"type":"module"}',
  'package-lock.json': '{"lockfileVersion":3,"packages":{}}',
  '.npmrc': 'ignore-scripts=true\n//example.org/:_authToken=hidden\n',
  '.env': 'PASSWORD=hidden\n',
  'data/orders.csv': 'a,b\n',
}

const pack = (projectDir: string, over: object = {}): Promise<Packed> =>
  packProject({ projectDir, definition: definition(over), by: 'user:ada', millwright: '1.2.3' })

describe('a package', () => {
  it('holds what the project needs to run and nothing else, named by the hash of its manifest', async () => {
    const folder = await folderWith(project)
    await chmod(join(folder, 'go.sh'), 0o755)
    const packed = await pack(folder)
    const read = readPackage(packed.bytes)
    expect([...read.files.keys()].sort()).toEqual([
      'definition.json',
      'project/.npmrc',
      'project/go.sh',
      'project/lib/a.py',
      'project/millwright.config.ts',
      'project/package-lock.json',
      'project/package.json',
      'project/parts/rate.ts',
      'schemas.json',
    ])
    expect(read.hash).toBe(packed.hash)
    expect(sha256(unzipSync(packed.bytes)['manifest.json']!)).toBe(packed.hash)
    expect(Object.keys(unzipSync(packed.bytes))[0]).toBe('manifest.json')
    expect(read.manifest).toMatchObject({
      name: 'shop',
      definitionHash: hashOf(definition()),
      folder: '',
      lockfile: 'project/package-lock.json',
      provenance: { commit: null, branch: null, builder: { by: 'user:ada', millwright: '1.2.3' }, checks: [] },
    })
    expect(read.definition).toEqual(definition())
    expect(read.files.get('project/go.sh')?.executable).toBe(true)
    expect(read.files.get('project/lib/a.py')?.executable).toBeUndefined()
    expect(Buffer.from(read.files.get('project/.npmrc')!.bytes).toString()).toBe('ignore-scripts=true\n')
    expect(Buffer.from(packed.bytes).toString('latin1')).not.toContain('hidden')
  })

  it('is the same bytes wherever and whenever it is made, and others as soon as anything differs', async () => {
    const [here, there] = [await folderWith(project), await folderWith(project)]
    const first = await pack(here)
    expect(Buffer.compare((await pack(there)).bytes, first.bytes)).toBe(0)
    const elsewhere = (zone: string): string =>
      execFileSync(
        process.execPath,
        [
          ...['--import', import.meta.resolve('tsx'), '--input-type=module', '-e'],
          `import { sha256 } from '${new URL('../../base/hash.ts', import.meta.url).href}'
           import { packProject } from '${new URL('./pack-project.ts', import.meta.url).href}'
           process.stdout.write(sha256((await packProject(JSON.parse(process.argv[1]))).bytes))`,
          JSON.stringify({ projectDir: there, definition: definition(), by: 'user:ada', millwright: '1.2.3' }),
        ],
        { encoding: 'utf8', env: { ...process.env, TZ: zone } },
      )
    const same = sha256(first.bytes)
    expect([elsewhere('Pacific/Kiritimati'), elsewhere('America/Los_Angeles')]).toEqual([same, same])

    await writeFile(join(there, 'parts/rate.ts'), 'export const rate = 0.3\n')
    expect((await pack(there)).hash).not.toBe(first.hash)
    expect((await pack(here, { retention: { runsDays: 1 } })).hash).not.toBe(first.hash)
    await writeFile(join(here, 'parts/unused.ts'), 'export const unused = 2\n')
    expect((await pack(here)).hash).toBe(first.hash)
  })

  it('takes code and lockfile from above the project, and refuses code from outside the repository', async () => {
    const folder = await folderWith({
      'package-lock.json': '{"lockfileVersion":3,"packages":{}}',
      'library/x.ts': 'export const x = 1\n',
      'apps/shop/millwright.config.ts': `import { x } from '../../library/x.ts'\nexport default x\n`,
    })
    const read = readPackage((await pack(join(folder, 'apps/shop'), { pipelines: [] })).bytes)
    expect(read.manifest.folder).toBe('apps/shop')
    expect([...read.files.keys()]).toEqual(
      expect.arrayContaining([
        'project/apps/shop/millwright.config.ts',
        'project/library/x.ts',
        'project/package-lock.json',
      ]),
    )
    const stray = await folderWith({ 'x.ts': 'export const x = 1\n' })
    await writeFile(
      join(folder, 'apps/shop/millwright.config.ts'),
      `export { x as default } from '${join(stray, 'x.ts')}'\n`,
    )
    await expect(pack(join(folder, 'apps/shop'), { pipelines: [] })).rejects.toMatchObject({
      code: 'invalid-definition',
    })
  })

  it('names the commit and branch, and whether files differ', async () => {
    const folder = await folderWith(project)
    const git = (...line: string[]): string => execFileSync('git', line, { cwd: folder, encoding: 'utf8' }).trim()
    git('init', '-q', '-b', 'main')
    git('add', '.')
    git('-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', 'one')
    const clean = (await pack(folder)).manifest.provenance
    expect(clean).toMatchObject({ commit: git('rev-parse', 'HEAD'), branch: 'main', dirty: false })
    await writeFile(join(folder, 'parts/rate.ts'), 'export const rate = 1\n')
    expect((await pack(folder)).manifest.provenance.dirty).toBe(true)
  })
})

describe('a changed package', () => {
  it('is refused whichever byte was changed, dropped or added', async () => {
    const { privateKey } = newSigningKey()
    const plain = (await pack(await folderWith(project))).bytes
    for (const bytes of [plain, signPackage(plain, privateKey, 'release')]) {
      fc.assert(
        fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (place, by) => {
          const changed = Uint8Array.from(bytes)
          changed[place]! ^= by
          expect(() => readPackage(changed)).toThrowError(expect.objectContaining({ code: 'package-altered' }))
        }),
        { numRuns: 1500 },
      )
      fc.assert(
        fc.property(fc.nat(bytes.length - 1), (length) => {
          expect(() => readPackage(bytes.slice(0, length))).toThrow(/not as it was made/)
        }),
      )
      expect(() => readPackage(Uint8Array.from([...bytes, 0]))).toThrow(/not as it was made/)
    }
  })

  it('is refused when it is packed again with care', async () => {
    const { bytes } = await pack(await folderWith(project))
    const forge = (change: (entries: Record<string, Uint8Array>) => void, level: 0 | 9 = 0): Uint8Array => {
      const entries = { ...unzipSync(bytes) }
      change(entries)
      return zipSync(entries, { level, mtime: new Date(1980, 0, 1) })
    }
    expect(readPackage(forge(() => {})).manifest.name).toBe('shop')
    const text = (value: string): Uint8Array => new TextEncoder().encode(value)
    const forged: Record<string, Uint8Array> = {
      added: forge((entries) => {
        entries['project/more.ts'] = text('1')
      }),
      compressed: forge(() => {}, 9),
      'other content': forge((entries) => {
        entries['project/parts/rate.ts'] = text('export const rate = 9')
      }),
      'a path that leaves': forge((entries) => {
        const manifest = JSON.parse(new TextDecoder().decode(entries['manifest.json']))
        manifest.files.push({ path: 'project/../../x', sha256: sha256('1'), bytes: 1 })
        entries['manifest.json'] = text(JSON.stringify(manifest))
        entries['project/../../x'] = text('1')
      }),
      'no definition': forge((entries) => {
        delete entries['definition.json']
      }),
    }
    for (const [how, changed] of Object.entries(forged))
      expect(() => readPackage(changed), how).toThrowError(expect.objectContaining({ code: 'package-altered' }))
  })
})

describe('a signature', () => {
  it('vouches for the identity, which stays the same', async () => {
    const { privateKey, publicKey } = newSigningKey()
    const packed = await pack(await folderWith(project))
    const signed = readPackage(signPackage(packed.bytes, privateKey, 'release'))
    expect(signed.hash).toBe(packed.hash)
    expect(signed.signature).toMatchObject({ key: 'release', publicKey })
    expect(isSignedBy(sha256('other'), signed.signature!)).toBe(false)
    const other = newSigningKey().publicKey
    expect(isSignedBy(signed.hash, { ...signed.signature!, publicKey: other })).toBe(false)
    expect(() => signPackage(packed.bytes, 'no key', 'x')).toThrowError(
      expect.objectContaining({ code: 'invalid-request' }),
    )
  })
})
