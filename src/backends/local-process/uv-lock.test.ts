import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requirementsOfUvLock } from './uv-lock.ts'

const needed = 'from pip._vendor.packaging.markers import Marker; import tomllib'
const candidates = [
  process.env.MILLWRIGHT_PYTHON,
  fileURLToPath(new URL('../../../.venv/bin/python', import.meta.url)),
  'python3',
]
const python = candidates.find((each) => each && spawnSync(each, ['-c', needed]).status === 0) ?? ''
const why = python ? null : 'needs Python from 3.11 on with pip, which every venv has'

describe.skipIf(why)(`what a uv.lock names for an interpreter${why ? ` (skipped: ${why})` : ''}`, () => {
  let folder: string
  let here: Record<'sys_platform' | 'platform_machine' | 'implementation_name' | 'python_version', string>
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'uv lock '))
    const script =
      'import json; from pip._vendor.packaging.markers import default_environment as e; print(json.dumps(e()))'
    here = JSON.parse(execFileSync(python, ['-c', script], { encoding: 'utf8' }))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  async function requirements(lock: string): Promise<{ lines: string[]; said: string }> {
    const path = join(folder, 'uv.lock')
    await writeFile(path, `version = 1\n${lock}`)
    const { stdout, stderr } = spawnSync(python, ['-c', requirementsOfUvLock, path], { encoding: 'utf8' })
    return { lines: stdout.trim().split('\n').filter(Boolean).sort(), said: stderr.trim() }
  }
  const pkg = (name: string, more = '', version = '1.0.0'): string => `
[[package]]
name = "${name}"
version = "${version}"
source = { registry = "https://example.org/simple" }
wheels = [{ url = "https://example.org/${name}.whl", hash = "sha256:${name}" }]
${more}`
  const project = (dependencies: string, more = ''): string => `
[[package]]
name = "shop"
version = "0.1.0"
source = { virtual = "." }
dependencies = [${dependencies}]
${more}`
  const names = (lines: readonly string[]): string[] => lines.map((line) => line.split(' ')[0]!)

  it('leaves out what markers keep from this interpreter, and what only that would need', async () => {
    const { lines } = await requirements(
      project(`
  { name = "always" },
  { name = "here", marker = "sys_platform == '${here.sys_platform}' and platform_machine == '${here.platform_machine}'" },
  { name = "elsewhere", marker = "sys_platform == 'amiga'" },
  { name = "old", marker = "python_full_version < '3.0'" },
  { name = "new", marker = "python_version >= '3.11'" },
  { name = "other", marker = "implementation_name != '${here.implementation_name}'" },
  { name = "asked", marker = "extra == 'gpu'" },`) +
        ['always', 'here', 'old', 'new', 'other', 'asked', 'deep'].map((name) => pkg(name)).join('') +
        pkg('elsewhere', 'dependencies = [{ name = "deep" }]'),
    )
    expect(lines).toEqual(['always', 'here', 'new'].map((name) => `${name}==1.0.0 --hash=sha256:${name}`))
  })

  it('takes the version of a fork that is for this platform', async () => {
    const fork = (version: string, marker: string): string =>
      pkg('forked', `resolution-markers = ["${marker}"]`, version)
    const forks = fork('1.0.0', "sys_platform == 'amiga'") + fork('2.0.0', "sys_platform != 'amiga'")
    const stated = project(`
  { name = "forked", version = "1.0.0", source = { registry = "https://example.org/simple" }, marker = "sys_platform == 'amiga'" },
  { name = "forked", version = "2.0.0", source = { registry = "https://example.org/simple" }, marker = "sys_platform != 'amiga'" },`)
    expect(names((await requirements(stated + forks)).lines)).toEqual(['forked==2.0.0'])
    expect(names((await requirements(project('{ name = "forked" }') + forks)).lines)).toEqual(['forked==2.0.0'])
    // A lock without a project of its own is taken whole, as far as it applies.
    expect(names((await requirements(forks + pkg('six'))).lines)).toEqual(['forked==2.0.0', 'six==1.0.0'])
  })

  it('follows extras that are asked for, circles, and the group dev, but no extra of the project', async () => {
    const { lines } = await requirements(
      project(
        '{ name = "client", extra = ["fast"] }',
        `
[package.optional-dependencies]
docs = [{ name = "painter" }]

[package.dev-dependencies]
dev = [{ name = "tester" }]
lint = [{ name = "linter" }]
`,
      ) +
        pkg(
          'client',
          `dependencies = [{ name = "core" }]

[package.optional-dependencies]
fast = [{ name = "speedups", marker = "sys_platform == '${here.sys_platform}'" }]
slow = [{ name = "brakes" }]
`,
        ) +
        pkg('core', 'dependencies = [{ name = "client" }]') +
        ['speedups', 'brakes', 'painter', 'tester', 'linter'].map((name) => pkg(name)).join(''),
    )
    expect(names(lines)).toEqual(['client==1.0.0', 'core==1.0.0', 'speedups==1.0.0', 'tester==1.0.0'])
  })

  it('takes a file by its address, and refuses what it cannot pin, and another Python', async () => {
    const byUrl = `
[[package]]
name = "filed"
version = "1.0.0"
source = { url = "https://example.org/filed-1.0.0-py3-none-any.whl" }
wheels = [{ url = "https://example.org/filed-1.0.0-py3-none-any.whl", hash = "sha256:f1" }]
`
    expect((await requirements(project('{ name = "filed" }') + byUrl)).lines).toEqual([
      'filed @ https://example.org/filed-1.0.0-py3-none-any.whl --hash=sha256:f1',
    ])
    const byGit = byUrl.replace(/source = .*/, 'source = { git = "https://example.org/filed?rev=1" }')
    expect((await requirements(project('{ name = "filed" }') + byGit)).said).toMatch(
      /takes filed from git, which no hash/,
    )
    expect((await requirements(project('{ name = "gone" }'))).said).toBe(
      'uv.lock names 0 packages gone for shop on this platform',
    )
    const { said } = await requirements(`requires-python = ">=99"\n${project('')}`)
    expect(said).toMatch(/^uv.lock asks for Python >=99, and this is 3\./)
  })
})
