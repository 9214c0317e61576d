import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packProject } from '../../src/domain/delivery/pack-project.ts'
import { readPackage } from '../../src/domain/delivery/package-file.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { loadProject } from '../../src/sdk/project-file.ts'
import { fetchInputs } from '../../src/server/reproduce/main.ts'
import { makeAgain } from '../../src/server/reproduce/make-again.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { applyFolder, projectFolder } from './shop.ts'

/** Pythons that may have pip: that of a system often has none, and every venv has. */
const pythons = [
  process.env.MILLWRIGHT_PYTHON,
  fileURLToPath(new URL('../../.venv/bin/python', import.meta.url)),
  'python3',
]

/** Why these cannot run here; null when they can. */
function reason(): string | null {
  const probe = mkdtempSync(join(tmpdir(), 'millwright-pip-probe-'))
  const line = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', probe, 'six==1.16.0']
  const reaches = (python: string | undefined): boolean =>
    python !== undefined && spawnSync(python, line, { stdio: 'ignore', timeout: 60_000 }).status === 0
  try {
    return pythons.some(reaches) ? null : 'needs python3 with pip, and a package index that it reaches'
  } finally {
    rmSync(probe, { recursive: true, force: true })
  }
}
const why = reason()

const files = (lock: Record<string, string>) => ({
  'millwright.config.ts': `import { command, defineProject, pipeline } from 'millwright'
const told = command('told', [], ['python', 'told.py'], { python: { lock: '${Object.keys(lock)[0]}' } })
export default defineProject('snakes', { pipelines: [pipeline('tell', { steps: [told] })] })
`,
  'told.py': `import json, os, six, sys
json.dump({'six': six.__version__, 'own': sys.prefix != sys.base_prefix}, open(os.environ['MILLWRIGHT_OUTPUT'], 'w'))
`,
  'package.json': '{"name": "snakes", "private": true, "type": "module"}',
  ...lock,
})
const uvLock = `version = 1

[[package]]
name = "snakes"
version = "0.1.0"
source = { virtual = "." }
dependencies = [{ name = "six" }, { name = "colorama", marker = "sys_platform == 'amiga'" }]

[[package]]
name = "colorama"
version = "0.0.0"
source = { registry = "https://pypi.org/simple" }
wheels = [{ url = "https://files.pythonhosted.org/colorama-0.0.0-py3-none-any.whl", hash = "sha256:0000000000000000000000000000000000000000000000000000000000000000" }]

[[package]]
name = "six"
version = "1.16.0"
source = { registry = "https://pypi.org/simple" }
wheels = [{ url = "https://files.pythonhosted.org/six-1.16.0-py2.py3-none-any.whl", hash = "sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254" }]
`

describe.skipIf(why)(`programs in Python${why ? ` (skipped: ${why})` : ''}`, () => {
  const folders: string[] = []
  const project = async (lock: Record<string, string>): Promise<string> => {
    const folder = await projectFolder(files(lock))
    folders.push(folder)
    return folder
  }
  let home: string
  let server: RunningServer
  let client: Client

  beforeAll(async () => {
    home = await projectFolder({})
    folders.push(home)
    server = await startServer({ home, host: '127.0.0.1', port: 0 })
    client = createClient(server.address)
  }, 120_000)
  afterAll(async () => {
    await server?.close()
    for (const folder of folders) await rm(folder, { recursive: true, force: true })
  })
  const tell = async (folder: string) => {
    await applyFolder(client, folder)
    const { run, steps } = await client.startRun({ body: { pipeline: 'tell', wait: true } })
    return { run, told: steps[0]! }
  }

  it('run in an environment made once from their lock, and are made again by it', async () => {
    const { run, told } = await tell(await project({ 'requirements.txt': 'six==1.16.0\n' }))
    expect([told.error, told.output]).toEqual([null, { six: '1.16.0', own: true }])
    expect(Object.keys(told.keyParts!)).toContain('python requirements.txt')
    const given = await fetchInputs(client, run.id)
    expect((await makeAgain(given.inputs, given, { timeoutMs: 300_000 })).report.verdict).toBe('identical')

    const other = await project({ 'requirements.txt': 'six==1.17.0\n' })
    const packed = await packProject({ ...(await loadProject(other)), by: 'user:ada', millwright: '1.0.0' })
    const changed = { ...given, package: readPackage(packed.bytes) }
    const { report } = await makeAgain(given.inputs, changed, { timeoutMs: 300_000 })
    expect(report.first!.causes).toMatchObject([{ kind: 'package', what: 'requirements.txt' }])
  }, 600_000)

  it('read a uv.lock without uv, and refuse what is not what its hashes name', async () => {
    const { told } = await tell(await project({ 'uv.lock': uvLock }))
    expect([told.error, told.output]).toEqual([null, { six: '1.16.0', own: true }])
    const wrong = await tell(await project({ 'uv.lock': uvLock.replace('8abb2f1d', '00000000') }))
    expect(wrong.run.state).toBe('failed')
    expect(wrong.told.error).toMatch(/Python environment could not be made[\s\S]*Expected sha256 00000000/)
    expect((await readdir(join(home, 'python'))).filter((name) => name.endsWith('.making'))).toEqual([])
  }, 600_000)
})
