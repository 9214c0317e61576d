import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { defineProject } from '../../src/sdk/index.ts'
import { orderMaker, orders, replayFrom, shop } from '../fixtures/shop-orders.ts'
import { failedStart, type MillwrightProcess, mounted, startControlPlane, whyNoMount } from './millwright-process.ts'

const why = whyNoMount()
const definition = defineProject('shop', {
  replayFrom: new Date(replayFrom),
  entities: [shop],
  datasets: [orders],
}).define((file) => file)

describe.skipIf(why)(`a disk that is full or read-only${why ? ` (skipped: ${why})` : ''}`, { timeout: 120_000 }, () => {
  const order = orderMaker(5)
  let folder: string
  let disk: ReturnType<typeof mounted>
  let home: string
  let plane: MillwrightProcess
  let next = 0
  const acknowledged: ReturnType<typeof order>[] = []
  const push = async (rows: ReturnType<typeof order>[]) =>
    plane.client.pushRows({ params: { dataset: 'orders' }, body: { rows } })
  const fresh = (count: number) =>
    Array.from({ length: count }, () => {
      next += 1
      return order(next, replayFrom + next * 1000)
    })
  const pushFresh = async (count = 200): Promise<void> => {
    const rows = fresh(count)
    await push(rows)
    acknowledged.push(...rows)
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millwright disk '))
    await mkdir(join(folder, 'disk'))
    disk = mounted(join(folder, 'disk'), 48)
    home = join(folder, 'disk/home')
    plane = await startControlPlane(home)
    acknowledged.length = 0
    await plane.client.apply({ body: { definition, projectDir: folder } })
  })
  afterEach(async () => {
    await plane?.stop('SIGKILL')
    disk?.release()
    await rm(folder, { recursive: true, force: true })
  })

  const allKnown = async (): Promise<void> => {
    for (let at = 0; at < acknowledged.length; at += 500) {
      const rows = acknowledged.slice(at, at + 500)
      expect(await push(rows)).toEqual({ accepted: 0, known: rows.length })
    }
  }

  test('full: what cannot be kept is refused with what to do, everything else goes on, and nothing is lost', async () => {
    await pushFresh()
    const ballast = join(folder, 'disk/ballast')
    execFileSync('sh', ['-c', `dd if=/dev/zero of="$1" bs=64k 2>/dev/null || true`, 'sh', ballast])
    expect((await stat(ballast)).size).toBeGreaterThan(1e6)
    let refused = 0
    for (let turn = 0; turn < 20; turn += 1) {
      const error = await pushFresh().catch((thrown: unknown) => thrown)
      if (error === undefined) continue
      expect(error).toMatchObject({ code: 'storage-failed', message: expect.stringContaining('disk is full') })
      refused += 1
    }
    expect(refused).toBeGreaterThan(10)
    await expect(plane.client.advanceClock({ body: { to: replayFrom + 3_600_000 } })).rejects.toMatchObject({
      code: 'storage-failed',
    })
    // Reading needs no room.
    expect((await plane.client.project()).applied?.definition.name).toBe('shop')
    expect(await plane.client.verifyEvents()).toMatchObject({ broken: null })
    await rm(ballast)
    await pushFresh()
    await allKnown()
    // Days that could not be closed are closed now.
    await plane.client.advanceClock({ body: { to: replayFrom + 3 * 86_400_000 } })
    await allKnown()
    await plane.stop('SIGKILL')
    plane = await startControlPlane(home)
    await allKnown()
    expect(await plane.client.verifyEvents()).toMatchObject({ broken: null })
  })

  test('full at a day’s end: the day waits, with all its rows, until there is room', async () => {
    for (let turn = 0; turn < 5; turn += 1) await pushFresh()
    const ballast = join(folder, 'disk/ballast')
    execFileSync('sh', ['-c', `dd if=/dev/zero of="$1" bs=4k 2>/dev/null || true`, 'sh', ballast])
    for (let turn = 0; turn < 3; turn += 1)
      await expect(plane.client.advanceClock({ body: { to: replayFrom + 3 * 86_400_000 } })).rejects.toBeTruthy()
    await rm(ballast)
    await plane.client.advanceClock({ body: { to: replayFrom + 3 * 86_400_000 } })
    await allKnown()
    const { versions } = await plane.client.datasetVersions({ params: { dataset: 'orders' } })
    expect(versions[0]).toMatchObject({ rows: acknowledged.length })
  })

  test('read-only from the start: it does not start, and says why', async () => {
    await plane.stop()
    disk.change('ro')
    const { code, said } = await failedStart(['server', '--home', home, '--port', '0'])
    disk.change('rw')
    expect(code).toBe(1)
    expect(said).toMatch(/may only be read/)
    expect(said).not.toMatch(/\n\s+at /)
    plane = await startControlPlane(home)
  })

  test('a file in the way of a folder is named', async () => {
    await writeFile(join(folder, 'file'), '')
    const { code, said } = await failedStart(['server', '--home', join(folder, 'file'), '--port', '0'])
    expect([code, said]).toEqual([1, expect.stringContaining(join(folder, 'file'))])
  })
})
