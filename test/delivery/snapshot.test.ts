import { appendFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readPackage } from '../../src/domain/delivery/package-file.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { applyFolder, projectFolder, runSums, shopFiles } from './shop.ts'

let folder: string
let server: RunningServer
let client: Client

beforeAll(async () => {
  folder = await projectFolder(shopFiles())
  server = await startServer({ home: join(folder, '.millwright'), host: '127.0.0.1', port: 0 })
  client = createClient(server.address)
})
afterAll(async () => {
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

it('keeps the code of every definition that was applied and of every run, whatever becomes of the folder', async () => {
  await applyFolder(client, folder)
  const { applied } = await client.project()
  expect(applied).toMatchObject({ origin: 'folder', packageHash: expect.stringMatching(/^[0-9a-f]{64}$/) })
  const first = await runSums(client)
  expect(first.run).toMatchObject({ state: 'succeeded', packageHash: applied!.packageHash })
  expect(first.steps.total!.output).toBe(42)

  // The code is changed behind the back of what was applied: a run names what it really ran.
  await writeFile(join(folder, 'steps/total.ts'), shopFiles({ rate: 3 })['steps/total.ts'])
  const second = await runSums(client)
  expect(second.steps.total!.output).toBe(63)
  expect(second.run.packageHash).not.toBe(first.run.packageHash)
  const codeOf = async (hash: string) =>
    Buffer.from((await server.plane.packages.read(hash)).files.get('project/steps/total.ts')!.bytes).toString()
  expect(await codeOf(first.run.packageHash!)).toContain('rate = 2')
  expect(await codeOf(second.run.packageHash!)).toContain('rate = 3')

  const loaded = { definition: applied!.definition, projectDir: folder }
  expect((await client.plan({ body: loaded })).changes).toEqual([
    {
      action: 'change',
      what: 'code',
      differences: [{ path: 'steps/total.ts', from: expect.any(String), to: expect.any(String) }],
    },
  ])
  expect((await applyFolder(client, folder)).changes).toHaveLength(1)
  expect((await applyFolder(client, folder)).changes).toEqual([])
  expect((await client.project()).applied!.packageHash).toBe(second.run.packageHash)
})

it('keeps the packages that runs name when garbage is collected, and what is kept is whole', async () => {
  await client.collectGarbage({ body: { dryRun: false } })
  const { runs } = await client.runs()
  for (const { packageHash } of runs) {
    const record = await server.plane.packages.record(packageHash!)
    expect(readPackage(await server.plane.data.blobs.get(record.blob)).hash).toBe(packageHash)
  }
  expect(runs).toHaveLength(2)
})

it('refuses to start a run whose code cannot be read, and says where', async () => {
  await appendFile(join(folder, 'steps/total.ts'), 'export const =\n')
  await expect(runSums(client)).rejects.toMatchObject({
    code: 'invalid-definition',
    message: expect.stringContaining('total.ts'),
  })
})
