import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CiReport, ciReportSchema } from '../../src/contract/ci.ts'
import { createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { applyFolder } from '../delivery/shop.ts'
import { whyNoNotebooks } from './python-with-notebooks.ts'

const why = whyNoNotebooks()
const root = fileURLToPath(new URL('../..', import.meta.url))

describe.skipIf(why)(`the example of a notebook${why ? ` (skipped: ${why})` : ''}`, () => {
  let folder: string
  let server: RunningServer
  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'millwright example ')))
    await cp(join(root, 'examples/notebook'), folder, { recursive: true })
    await mkdir(join(folder, 'node_modules'))
    await symlink(root, join(folder, 'node_modules/millwright'))
    server = await startServer({ home: join(folder, '.millwright'), host: '127.0.0.1', port: 0 })
  })
  afterAll(async () => {
    await server?.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('gives the same as one notebook and as the steps it was promoted to', async () => {
    const client = createClient(server.address)
    await applyFolder(client, folder)
    const end = async (pipeline: string, step: string, params = {}) => {
      const { run, steps } = await client.startRun({ body: { pipeline, wait: true, params } })
      expect(steps.map(({ error }) => error).filter(Boolean)).toEqual([])
      const { output, artifacts } = steps.find((each) => each.step === step)!
      const { hash } = artifacts.find(({ name }) => name === 'report.md')!
      return { run, steps, told: { output, report: hash } }
    }
    const whole = await end('study', 'explore')
    expect(whole.told.output).toMatchObject({ trips: expect.any(Number), late: { rain: expect.any(Number) } })
    const parts = await end('study-steps', 'report')
    expect(parts.told).toEqual(whole.told)
    const given = { trips_made: 150, late_after: 20.5 }
    expect((await end('study-steps', 'report', given)).told).toEqual((await end('study', 'explore', given)).told)
    // A step runs again only when a parameter that it reads has changed.
    const { steps } = await end('study-steps', 'report', { late_after: 25 })
    expect(steps.map(({ step, state }) => `${step} ${state}`)).toEqual(
      expect.arrayContaining(['make reused', 'clean succeeded']),
    )
  }, 600_000)

  it('is tested by ci, which says where its notebook would be refused', async () => {
    const json = join(folder, 'ci.json')
    const line = ['ci', '--project', folder, '--only', 'types,definition,pipeline', '--json', json]
    const said = await new Promise<string>((resolve) =>
      execFile(process.execPath, [join(root, 'bin/millwright.mjs'), ...line], { cwd: folder }, (_, out, err) =>
        resolve(out + err),
      ),
    )
    expect(said).toContain('Every check passed')
    const report: CiReport = ciReportSchema.parse(JSON.parse(await readFile(json, 'utf8')))
    const told = report.checks.flatMap(({ findings }) => findings)
    expect(told).toEqual([
      {
        level: 'warning',
        place: 'pipelines.study.steps.explore',
        message: 'the notebook notebooks/explore.ipynb is refused in production',
        mend: "Turn its cells into steps with `millwright notebook promote notebooks/explore.ipynb`, or say `notebooks: 'allowed'` of production.",
        file: 'millwright.config.ts',
        line: expect.any(Number),
      },
    ])
    const lines = (await readFile(join(folder, 'millwright.config.ts'), 'utf8')).split('\n')
    expect(lines[told[0]!.line! - 1]).toContain('explore')
  }, 600_000)
})
