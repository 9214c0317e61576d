import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it, vi } from 'vitest'
import { gitIn } from './shop.ts'

const run = promisify(execFile)
const millwright = fileURLToPath(new URL('../../bin/millwright.mjs', import.meta.url))
const hasYaml = spawnSync('python3', ['-c', 'import yaml']).status === 0

async function init(remote: string | null, ...options: string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millwright init '))
  if (remote) {
    gitIn(folder)('init', '-q')
    gitIn(folder)('remote', 'add', 'origin', remote)
  }
  await run(process.execPath, [millwright, 'init', '.', '--no-install', ...options], { cwd: folder })
  return folder
}
const files = ['.github/workflows/millwright.yml', '.gitlab-ci.yml'] as const

vi.setConfig({ testTimeout: 180_000 })

it.each([
  ['nothing is said and there is no repository', null, [], []],
  ['the remote is at GitHub', 'git@github.com:shop/shop.git', [], [files[0]]],
  ['the remote is at a GitLab of its own', 'https://gitlab.example.org/shop.git', [], [files[1]]],
  ['GitLab is asked for', 'git@github.com:shop/shop.git', ['--ci', 'gitlab'], [files[1]]],
] as const)('writes what fits when %s', async (_, remote, options, wanted) => {
  const folder = await init(remote, ...options)
  expect(files.filter((name) => existsSync(join(folder, name)))).toEqual(wanted)
  const { stdout: help } = await run(process.execPath, [millwright, 'ci', '--help'])
  for (const name of wanted) {
    const text = await readFile(join(folder, name), 'utf8')
    const command = text.slice(text.indexOf('npx millwright ci'), text.indexOf('--package') + 20)
    const used = [...command.matchAll(/(?<=[\s+])--[a-z-]+/g)].map(([option]) => option)
    expect(used).toEqual(expect.arrayContaining(['--against', '--junit', '--sarif', '--markdown', '--package']))
    for (const option of used) expect(help).toContain(option)
    if (hasYaml) await run('python3', ['-c', 'import sys, yaml; yaml.safe_load(open(sys.argv[1]))', join(folder, name)])
  }
  await rm(folder, { recursive: true, force: true })
})

it('refuses a server that it has no template for', async () => {
  await expect(init(null, '--ci', 'jenkins')).rejects.toThrow(/no template for "jenkins": name github or gitlab/)
})
