import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { packProject } from '../../src/domain/delivery/pack-project.ts'
import { type Packed, signPackage } from '../../src/domain/delivery/package-file.ts'
import { createClient } from '../../src/sdk/client.ts'
import { loadProject } from '../../src/sdk/project-file.ts'
import { startServer } from '../../src/server/start.ts'
import { projectFolder, runSums, shopFiles } from './shop.ts'
import {
  approve,
  bring,
  checks,
  deploy,
  folders,
  type Plane,
  packageOf,
  planeOf,
  privateKey,
  publicKey,
} from './two-environments.ts'

let staging: Plane
let production: Plane
let first: Packed

beforeAll(async () => {
  staging = await planeOf('staging')
  production = await planeOf('production')
  first = await packageOf(staging.server.address)
}, 120_000)
afterAll(async () => {
  await production?.server.close()
  await staging?.server.close()
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

it('a package is deployed in staging as it is, from its own unpacked files, and runs there', async () => {
  const { isNew } = await bring(staging.as('ada'), first)
  expect(isNew).toBe(true)
  expect((await bring(staging.as('ada'), first)).isNew).toBe(false)
  const dry = await deploy(staging.as('oscar'), first.hash, { dryRun: true })
  expect(dry).toMatchObject({
    deployed: false,
    missing: [],
    changes: expect.arrayContaining([{ action: 'add', what: 'pipelines.sums', differences: [] }]),
  })
  expect((await staging.as().project()).applied).toBeNull()
  expect(await deploy(staging.as('oscar'), first.hash.slice(0, 12))).toMatchObject({
    deployed: true,
    package: first.hash,
  })
  expect(await deploy(staging.as('oscar'), first.hash)).toMatchObject({ deployed: false, changes: [] })
  expect((await staging.as().project()).applied).toMatchObject({
    id: first.manifest.definitionHash,
    packageHash: first.hash,
    origin: 'package',
    projectDir: join(staging.home, 'packages', first.hash, 'project'),
    appliedBy: 'user:oscar',
  })
  const { run, steps } = await runSums(staging.as('ada'))
  expect(run).toMatchObject({ state: 'succeeded', packageHash: first.hash, environmentName: 'staging' })
  expect(steps.total!.output).toBe(42)
})

it('production says everything that is missing, and takes the package when nothing is', async () => {
  await bring(production.as('ada'), first)
  await expect(deploy(production.as('oscar'), first.hash)).rejects.toMatchObject({
    code: 'rules-unmet',
    message: `package ${first.hash.slice(0, 12)} needs 2 green runs of sums in staging, has 1; needs an approval by an approver, nobody has approved`,
  })
  const { events } = await production.as().events({ query: { type: 'package.refused' } })
  expect(events[0]).toMatchObject({ actor: 'user:oscar', data: { missing: expect.any(Array) } })

  // A run that only takes over what an earlier one did is none.
  await staging.as('ada').startRun({ body: { pipeline: 'sums', wait: true } })
  await runSums(staging.as('ada'))
  await approve(production.as('bob'), first.hash)
  const overview = await production.as('ada').delivery()
  expect(overview.packages.map(({ package: { id }, missing }) => [id, missing])).toEqual([[first.hash, []]])
  expect(await deploy(production.as('oscar'), first.hash)).toMatchObject({ deployed: true })
  expect((await production.as().project()).applied).toMatchObject({
    id: first.manifest.definitionHash,
    packageHash: first.hash,
  })
})

it('asks the rules again when an earlier package would bring others', async () => {
  const home = await projectFolder({})
  folders.push(home)
  const server = await startServer({ home, host: '127.0.0.1', port: 0, environment: 'staging' })
  const client = createClient(server.address)
  const packed = async (rate: number, rules: string): Promise<Packed> => {
    const environments = `const staging = environment('staging', { ${rules} })`
    const folder = await projectFolder(shopFiles({ rate, environments, defining: 'environments: [staging]' }))
    folders.push(folder)
    const { hash, bytes, ...rest } = await packProject({
      ...(await loadProject(folder)),
      by: 'ci',
      millwright: '1',
      checks,
    })
    await bring(client, { bytes })
    return { hash, bytes, ...rest }
  }
  const [lax, same, strict] = [
    await packed(2, 'packagesOnly: true'),
    await packed(3, 'packagesOnly: true'),
    await packed(4, `packagesOnly: true, signedBy: ['${publicKey}']`),
  ]
  for (const { hash } of [lax, same, strict]) await deploy(client, hash)
  await expect(client.rollbackPackage({ body: {} })).rejects.toMatchObject({
    code: 'rules-unmet',
    message: expect.stringContaining('is not signed'),
  })
  await bring(client, { bytes: signPackage(same.bytes, privateKey, 'release') })
  const back = () => client.rollbackPackage({ idempotencyKey: 'back-1', body: {} })
  const went = await back()
  expect(went).toMatchObject({ package: same.hash, deployed: true })
  // Without its key a second one would go back to where the first came from.
  expect(await back()).toEqual(went)
  expect((await client.packages()).inForce).toBe(same.hash)
  await expect(client.rollbackPackage({ idempotencyKey: 'back-1', body: { package: lax.hash } })).rejects.toMatchObject(
    { code: 'conflict', field: 'idempotency-key' },
  )
  expect(await client.rollbackPackage({ body: { package: lax.hash } })).toMatchObject({ deployed: true })
  await server.close()
})
