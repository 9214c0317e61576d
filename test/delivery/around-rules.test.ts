import { chmod, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { endpointSchema } from '../../src/contract/definition.ts'
import type { ModelVersionRecord } from '../../src/contract/model.ts'
import type { CheckResult } from '../../src/contract/package.ts'
import { packProject } from '../../src/domain/delivery/pack-project.ts'
import { type Packed, signPackage } from '../../src/domain/delivery/package-file.ts'
import { newSigningKey } from '../../src/domain/delivery/package-signature.ts'
import { createClient } from '../../src/sdk/client.ts'
import { loadProject } from '../../src/sdk/project-file.ts'
import { createToken, removeToken } from '../../src/server/principals.ts'
import { startServer } from '../../src/server/start.ts'
import { applyFolder, projectFolder, runSums, shopFiles } from './shop.ts'
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
} from './two-environments.ts'

let staging: Plane
let production: Plane
let first: Packed
let second: Packed

// The first package is in force in both, by all the rules.
beforeAll(async () => {
  staging = await planeOf('staging')
  production = await planeOf('production')
  first = await packageOf(staging.server.address)
  second = await packageOf(staging.server.address, { rate: 3 })
  await bring(staging.as('ada'), first)
  await deploy(staging.as('oscar'), first.hash)
  for (let run = 0; run < 2; run += 1) await runSums(staging.as('ada'))
  await bring(production.as('ada'), first)
  await approve(production.as('bob'), first.hash)
  expect(await deploy(production.as('oscar'), first.hash)).toMatchObject({ deployed: true, missing: [] })
}, 120_000)
afterAll(async () => {
  await production?.server.close()
  await staging?.server.close()
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

describe('nothing of this leads around the rules:', () => {
  const stillFirst = async (): Promise<void> =>
    expect((await production.as().project()).applied!.packageHash).toBe(first.hash)

  it('applying a folder, adding a model file, running a program, moving the alias that gates compare with', async () => {
    const folder = await projectFolder(shopFiles())
    folders.push(folder)
    const { applied } = await production.as().project()
    const root = production.as('root')
    const refused = { code: 'rules-unmet', message: expect.stringContaining('production takes packages only') }
    await expect(root.apply({ body: { definition: applied!.definition, projectDir: folder } })).rejects.toMatchObject(
      refused,
    )
    const file = { params: { model: 'small' }, query: {}, body: new Uint8Array(9) }
    await expect(root.addModelFile(file)).rejects.toMatchObject(refused)
    await expect(root.runScript({ body: { command: ['true'], folder } })).rejects.toMatchObject(refused)
    const alias = { params: { model: 'late', alias: 'production' }, body: { version: '1' } }
    await expect(root.setAlias(alias)).rejects.toMatchObject(refused)
    await stillFirst()
  })

  it('a definition without the environment', async () => {
    const folder = await projectFolder(shopFiles())
    folders.push(folder)
    await expect(applyFolder(production.as('root'), folder)).rejects.toMatchObject({ code: 'invalid-definition' })
    const packed = await packProject({ ...(await loadProject(folder)), by: 'ci', millwright: '1', checks })
    await bring(production.as('root'), { bytes: signPackage(packed.bytes, privateKey, 'release') })
    await expect(deploy(production.as('root'), packed.hash)).rejects.toMatchObject({
      code: 'rules-unmet',
      message: expect.stringContaining('needs an environment "production" in its definition'),
    })
    await stillFirst()
  })

  it('a package that brings rules of its own: those in force decide', async () => {
    const lax = await packageOf(production.server.address, { rate: 9, rules: 'count: 1' })
    await bring(production.as('ada'), lax)
    await approve(production.as('bob'), lax.hash)
    await expect(deploy(production.as('oscar'), lax.hash)).rejects.toMatchObject({
      code: 'rules-unmet',
      message: expect.stringContaining('needs 2 green runs of sums in staging, has 0'),
    })
    await stillFirst()
  })

  it('an approval by whoever brings, builds or asks, by the wrong role, by nobody, or for other bytes', async () => {
    await bring(staging.as('ada'), second)
    await deploy(staging.as('oscar'), second.hash)
    for (let run = 0; run < 2; run += 1) await runSums(staging.as('ada'))
    await bring(production.as('bob'), second)
    const missing = async (name: string): Promise<string> => {
      const refusal = await deploy(production.as(name), second.hash).catch((error: Error) => error)
      expect(refusal).toMatchObject({ code: 'rules-unmet' })
      return (refusal as Error).message
    }
    await expect(approve(production.as('oscar'), second.hash)).rejects.toMatchObject({ code: 'forbidden' })
    await expect(approve(production.as(), second.hash)).rejects.toMatchObject({ code: 'unauthorized' })
    const stolen = createClient(production.server.address, { token: 'mw_guess' })
    await expect(approve(stolen, second.hash)).rejects.toMatchObject({ code: 'unauthorized' })
    // A token of staging is nobody's here.
    const elsewhere = createClient(production.server.address, { token: createToken(staging.home, 'zoe', 'admin') })
    await expect(approve(elsewhere, second.hash)).rejects.toMatchObject({ code: 'unauthorized' })
    expect(await missing('oscar')).toContain('nobody has approved')
    await approve(production.as('bob'), second.hash)
    expect(await missing('oscar')).toContain('bob has approved and brought it')
    await approve(production.as('bea'), second.hash)
    expect(await missing('bea')).toContain('bea has approved and asked for it')
    // The body says it was somebody else: it was her all the same.
    await expect(deploy(production.as('bea'), second.hash, { actor: 'user:oscar' })).rejects.toMatchObject({
      code: 'rules-unmet',
    })
    const built = await packageOf(staging.server.address, { rate: 4, by: 'user:bea' })
    await bring(production.as('ada'), built)
    await approve(production.as('bea'), built.hash)
    const dry = await deploy(production.as('oscar'), built.hash, { dryRun: true })
    expect(dry.missing.join()).toContain('bea has approved and built it')
    // Another content is another package, to which nobody agreed.
    const changed = await packageOf(staging.server.address, { rate: 5 })
    await bring(production.as('ada'), changed)
    expect((await deploy(production.as('oscar'), changed.hash, { dryRun: true })).missing.join()).toContain(
      'nobody has approved',
    )
    removeToken(production.home, 'bea')
    expect(await missing('oscar')).toContain('bea has approved and is nobody any more')
    createToken(production.home, 'bea', 'developer')
    expect(await missing('oscar')).toContain('bea has approved and is developer')
    await stillFirst()
  })

  it('evidence from somewhere else than the rules in force name, or from nobody', async () => {
    // The evidence is asked for by production itself: nothing in the request can bring it.
    const body = { reason: 'x', evidence: { environment: 'staging', green: { sums: ['1', '2'] } }, dryRun: true }
    const { hash } = await packageOf(staging.server.address, { rate: 4, by: 'user:bea' })
    expect((await deploy(production.as('oscar'), hash, body)).missing.join()).toContain('has 0')
    await staging.server.close()
    expect((await deploy(production.as('oscar'), hash, body)).missing.join()).toContain('staging, which says nothing')
    const { environments: columns } = await production.as('ada').delivery()
    expect(columns.map(({ environment, unreachable }) => [environment, unreachable !== null])).toEqual([
      ['production', false],
      ['staging', true],
    ])
    const { port } = new URL(staging.server.address)
    // Somebody else sits down at the address.
    const stranger = await startServer({
      home: await projectFolder({}),
      host: '127.0.0.1',
      port: Number(port),
      environment: 'test',
    })
    expect((await deploy(production.as('oscar'), hash, body)).missing.join()).toContain('its address answers as test')
    await stranger.close()
    staging.server = await startServer({ home: staging.home, host: '127.0.0.1', port: Number(port) })
    await stillFirst()
  })

  it('a package that is not signed, is signed by another, was not checked, or whose check failed', async () => {
    const missingOf = async (packed: Packed): Promise<string> => {
      await bring(production.as('ada'), packed)
      return (await deploy(production.as('oscar'), packed.hash, { dryRun: true })).missing.join()
    }
    expect(await missingOf(await packageOf(staging.server.address, { rate: 11, sign: null }))).toContain(
      'is not signed',
    )
    expect(
      await missingOf(await packageOf(staging.server.address, { rate: 12, sign: newSigningKey().privateKey })),
    ).toContain('which is none of them')
    expect(await missingOf(await packageOf(staging.server.address, { rate: 13, checks: [] }))).toContain('has none')
    const failed: CheckResult[] = [{ check: 'data', outcome: 'failed', summary: 'late' }]
    expect(await missingOf(await packageOf(staging.server.address, { rate: 14, checks: failed }))).toContain(
      'data failed',
    )
    const altered = Uint8Array.from(first.bytes)
    altered[altered.length >> 1]! ^= 1
    await expect(bring(production.as('ada'), { bytes: altered })).rejects.toMatchObject({ code: 'package-altered' })
  })

  it('editing the unpacked files: no run starts on them, and they are named', async () => {
    const path = join(production.home, 'packages', first.hash, 'project/steps/total.ts')
    const before = await readFile(path, 'utf8')
    await chmod(path, 0o644)
    await writeFile(path, before.replace('rate = 2', 'rate = 7'))
    const refused = {
      code: 'package-altered',
      message: expect.stringContaining('project/steps/total.ts of the unpacked package was edited'),
    }
    await expect(runSums(production.as('ada'))).rejects.toMatchObject(refused)
    const { drift } = await production.as().delivery({ query: { others: 'false' } })
    expect(drift).toEqual([expect.objectContaining({ what: 'code', message: expect.stringContaining('was edited') })])
    await writeFile(path, before)
    const added = join(production.home, 'packages', first.hash, 'project/steps/zod.ts')
    await writeFile(added, 'export {}')
    await expect(runSums(production.as('ada'))).rejects.toMatchObject({ message: expect.stringContaining('was added') })
    await rm(added)
    expect((await runSums(production.as('ada'))).run.state).toBe('succeeded')
  })

  it('a start without the name of the environment', async () => {
    await production.server.close()
    production.server = await startServer({ home: production.home, host: '127.0.0.1', port: 0 })
    expect((await production.as().delivery({ query: { others: 'false' } })).environment?.name).toBe('production')
    await expect(deploy(production.as('oscar'), second.hash)).rejects.toMatchObject({ code: 'rules-unmet' })
    await stillFirst()
  })

  it('deploying a model version that no package made here', async () => {
    const { metadata } = production.server.plane.data
    await metadata.transaction(async (writer) => {
      const definition = endpointSchema.parse({ name: 'late', model: 'late' })
      await writer.put('endpoint', { id: 'late', definition, serving: null, frozen: null })
      const model = { key: 'late', name: 'late', description: null, lastNumber: 1, isDeleted: false }
      await writer.registry.insertModel({ ...model, createdAt: 0, changedAt: 0 })
      // What else a version says decides nothing here.
      for (const [number, runId] of [null, 'run_elsewhere'].entries()) {
        const id = `late@${number}`
        await writer.put('model_version', {
          ...({ model: 'late', state: 'registered', verdicts: [] } as unknown as ModelVersionRecord),
          ...{ id, number, runId, hash: `${number}` },
        })
        const note = { id, model: 'late', number, description: null, stage: 'None' } as const
        await writer.registry.insertNote({ ...note, changedAt: 0 })
      }
    })
    for (const version of ['0', '1'])
      await expect(
        production.as('root').deploy({ params: { endpoint: 'late' }, body: { version } }),
      ).rejects.toMatchObject({ code: 'rules-unmet', message: expect.stringContaining('was not made in production') })
    await metadata.transaction((writer) => writer.remove('endpoint', 'late'))
  })

  it('going on with a run of other code, once another package is in force', async () => {
    const [old] = (await production.as().runs()).runs
    const cleo = createToken(production.home, 'cleo', 'approver')
    await approve(createClient(production.server.address, { token: cleo }), second.hash)
    const { depends } = await deploy(production.as('oscar'), second.hash)
    expect(depends).toEqual([])
    expect((await runSums(production.as('ada'))).steps.total!.output).toBe(63)
    const refused = { code: 'rules-unmet', message: expect.stringContaining('ran other code') }
    const rerun = { params: { run: old!.id }, body: { from: 'told' } }
    await expect(production.as('root').rerun(rerun)).rejects.toMatchObject(refused)
    await expect(production.as('root').resumeRun({ params: { run: old!.id } })).rejects.toMatchObject(refused)
  })
})

it('returns to the package before, which went through the rules then, and to none that never was there', async () => {
  const back = (body: { package?: string; dryRun?: boolean; reason?: string }) =>
    production.as('oscar').rollbackPackage({ body })
  const dry = await back({ dryRun: true })
  expect(dry).toMatchObject({ package: first.hash, deployed: false, missing: [], changes: [{ what: 'code' }] })
  expect(await back({ reason: 'it was better' })).toMatchObject({ package: first.hash, deployed: true })
  expect((await runSums(production.as('ada'))).steps.total!.output).toBe(42)
  await expect(back({ package: (await packageOf(staging.server.address, { rate: 77 })).hash })).rejects.toMatchObject({
    code: 'not-found',
  })
  const brought = await packageOf(staging.server.address, { rate: 78 })
  await bring(production.as('ada'), brought)
  await expect(back({ package: brought.hash })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('was never in force'),
  })
  const { history } = await production.as().package({ params: { package: first.hash } })
  expect(history.map(({ kind, by, reason }) => [kind, by, reason])).toEqual([
    ['deploy', 'user:oscar', 'by hand'],
    ['rollback', 'user:oscar', 'it was better'],
  ])
  const { events } = await production.as().events({ query: { type: 'package.rolled-back' } })
  expect(events).toHaveLength(1)
  expect(events[0]).toMatchObject({ actor: 'user:oscar', subject: `package:${first.hash}` })
})
