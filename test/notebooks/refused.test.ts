import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { packProject } from '../../src/domain/delivery/pack-project.ts'
import { readPackage } from '../../src/domain/delivery/package-file.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { loadProject } from '../../src/sdk/project-file.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { applyFolder, projectFolder } from '../delivery/shop.ts'
import { notebookOf } from './notebook-file.ts'

const files = (environments: string, step = 'explore') => ({
  'millwright.config.ts': `import { command, defineProject, environment, notebook, pipeline } from 'millwright'
const explore = notebook('explore', [], 'notebooks/explore.ipynb', { python: { lock: 'requirements.txt' } })
const program = command('program', [], ['papermill', 'notebooks/explore.ipynb', 'out.html'])
const none = command('none', [], ['true'])
void [explore, program, none]
export default defineProject('trips', { pipelines: [pipeline('study', { steps: [${step}] })], environments: [${environments}] })
`,
  'notebooks/explore.ipynb': JSON.stringify({
    ...JSON.parse(notebookOf(['1 + 1'])),
    cells: [
      {
        cell_type: 'code',
        id: 'a',
        metadata: { ExecuteTime: {} },
        execution_count: 7,
        outputs: [{ output_type: 'stream', name: 'stdout', text: 'a customer' }],
        source: '1 + 1',
      },
    ],
  }),
  'requirements.txt': 'nbclient==0.11.0\n',
  'package.json': '{"name": "trips", "private": true, "type": "module"}',
})
const refused = (name: string, step = 'explore') => ({
  code: 'rules-unmet',
  field: `pipelines.study.steps.${step}`,
  message: `${name} takes no notebooks: step ${step} of study runs notebooks/explore.ipynb`,
  hint: expect.stringContaining('`millwright notebook promote notebooks/explore.ipynb`'),
})

const folders: string[] = []
const servers: RunningServer[] = []
const made = async (content: Record<string, string>): Promise<string> => {
  const folder = await projectFolder(content)
  folders.push(folder)
  return folder
}
const planeOf = async (environment?: string): Promise<Client> => {
  const home = await made({})
  const server = await startServer({ home, host: '127.0.0.1', port: 0, ...(environment ? { environment } : {}) })
  servers.push(server)
  return createClient(server.address)
}
const packageOf = async (environments: string, step?: string) => {
  const folder = await made(files(environments, step))
  return packProject({ ...(await loadProject(folder)), by: 'ci', millwright: '1.0.0' })
}
const deploy = async (client: Client, { bytes, hash }: { bytes: Uint8Array; hash: string }, dryRun = false) => {
  const call = { query: {}, body: bytes }
  await client.receivePackage(call)
  return client.deployPackage({ params: { package: hash }, body: { dryRun } })
}

let production: Client
beforeAll(async () => {
  production = await planeOf('production')
})
afterAll(async () => {
  for (const server of servers) await server.close()
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

it('an apply of a notebook in production is refused, also of a program that runs one, and leaves nothing', async () => {
  const open = `environment('production')`
  await expect(applyFolder(production, await made(files(open)))).rejects.toMatchObject(refused('production'))
  await expect(applyFolder(production, await made(files(open, 'program')))).rejects.toMatchObject(
    refused('production', 'program'),
  )
  expect((await production.project()).applied).toBeNull()
  // The definition may take them, and does where nothing is said of a test.
  const test = await planeOf('test')
  await expect(applyFolder(test, await made(files(`environment('test')`)))).resolves.toMatchObject({ drift: [] })
  await expect(applyFolder(await planeOf(), await made(files(`environment('production')`)))).resolves.toMatchObject({
    drift: [],
  })
})

it('a run of one is refused however it is started, once the definition in force refuses it', async () => {
  const allowed = `environment('production', { notebooks: 'allowed' })`
  await applyFolder(production, await made(files(allowed, 'none')))
  await applyFolder(production, await made(files(allowed)))
  const { run } = await production.startRun({ body: { pipeline: 'study' } })
  await production.stopRun({ params: { run: run.id } }).catch(() => {})
  await applyFolder(production, await made(files(`environment('production')`, 'none')))
  await expect(production.resumeRun({ params: { run: run.id } })).rejects.toMatchObject(refused('production'))
  await expect(production.rerun({ params: { run: run.id }, body: { from: 'explore' } })).rejects.toMatchObject(
    refused('production'),
  )
  const command = ['jupyter', 'execute', 'notebooks/explore.ipynb']
  await expect(production.runScript({ body: { command, folder: '/', env: {} } })).rejects.toMatchObject({
    code: 'rules-unmet',
    message: expect.stringContaining('production takes no notebooks'),
  })
  await expect(production.startRun({ body: { pipeline: 'study', wait: true } })).resolves.toMatchObject({
    run: { state: 'succeeded' },
  })
})

it('a package with one waits for a mend, by the rules in force and not by its own', async () => {
  const staging = await planeOf('staging')
  const strict = await packageOf(`environment('staging', { packagesOnly: true })`)
  const missing = [
    "needs to be without notebooks, and step explore of study runs notebooks/explore.ipynb (`millwright notebook promote notebooks/explore.ipynb` makes steps of it; `notebooks: 'allowed'` of staging, once in force, takes it as it is)",
  ]
  expect(await deploy(staging, strict, true)).toMatchObject({ deployed: false, missing })
  await expect(deploy(staging, strict)).rejects.toMatchObject({ code: 'rules-unmet' })
  expect((await staging.delivery()).packages[0]).toMatchObject({ inForce: false, missing })

  const plain = await packageOf(`environment('staging', { packagesOnly: true })`, 'none')
  expect(await deploy(staging, plain)).toMatchObject({ deployed: true })
  const lax = `environment('staging', { packagesOnly: true, notebooks: 'allowed' })`
  const itsOwn = await packageOf(lax)
  await expect(deploy(staging, itsOwn)).rejects.toMatchObject({ code: 'rules-unmet' })
  expect(await deploy(staging, await packageOf(lax, 'none'))).toMatchObject({ deployed: true })
  expect(await deploy(staging, itsOwn)).toMatchObject({ deployed: true, missing: [] })
  // The way back to stricter rules is open; the way forward is asked again.
  expect(await staging.rollbackPackage({ body: { package: plain.hash } })).toMatchObject({ deployed: true })
  await expect(staging.rollbackPackage({ body: { package: itsOwn.hash } })).rejects.toMatchObject({
    code: 'rules-unmet',
    message: expect.stringContaining('needs to be without notebooks'),
  })
})

it('a package holds the notebook without what it printed', async () => {
  const packed = await packageOf(`environment('test')`)
  const notebook = readPackage(packed.bytes).files.get('project/notebooks/explore.ipynb')!
  const [cell] = JSON.parse(Buffer.from(notebook.bytes).toString()).cells
  expect(cell).toEqual({
    cell_type: 'code',
    id: 'a',
    metadata: {},
    execution_count: null,
    outputs: [],
    source: '1 + 1',
  })
  expect(readPackage(packed.bytes).files.has('project/requirements.txt')).toBe(true)
})
