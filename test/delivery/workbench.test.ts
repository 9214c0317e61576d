import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { loadProject } from '../../src/sdk/project-file.ts'
import { openWorkbench, withWorkbench } from '../../src/server/workbench.ts'
import { projectFolder, runSums, shopFiles } from './shop.ts'

// Starting a whole Millwright takes seconds, and many where the machine is busy.
vi.setConfig({ testTimeout: 180_000 })

let folder: string
beforeAll(async () => {
  folder = await projectFolder(shopFiles())
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Processes whose command line names the home. */
const processesOf = (home: string): string[] =>
  execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(home))

/** A process of its own with a workbench. */
async function owner(): Promise<{ process: ChildProcess; home: string }> {
  const script = fileURLToPath(new URL('workbench-process.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=millwright-source', '--import', 'tsx', script, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const home = await new Promise<string>((resolve) =>
    child.stdout!.once('data', (bytes) => resolve(String(bytes).trim())),
  )
  return { process: child, home }
}

it('runs a project from end to end, and leaves nothing behind', async () => {
  const { definition, projectDir } = await loadProject(folder)
  let home = ''
  await withWorkbench({ projectDir, definition }, async (bench) => {
    home = bench.home
    const { run, steps } = await runSums(bench.client)
    expect(run.state).toBe('succeeded')
    expect(steps.total!.output).toBe(42)
    expect((await fetch(`${bench.predictor}/v2/health/ready`)).status).toBeLessThan(500)
    expect(processesOf(home).length).toBeGreaterThan(2)
  })
  expect(processesOf(home)).toEqual([])
  expect(existsSync(home)).toBe(false)
})

it('is gone when the work fails, and when the project is refused', async () => {
  let home = ''
  await expect(
    withWorkbench({ projectDir: folder }, async (bench) => {
      home = bench.home
      throw new Error('the work failed')
    }),
  ).rejects.toThrow('the work failed')
  expect(existsSync(home)).toBe(false)
  const { definition } = await loadProject(folder)
  const wrong = {
    ...definition,
    monitors: [{ name: 'm', endpoint: 'nowhere', kind: 'drift', every: 'day', periods: 1 } as const],
  }
  await expect(openWorkbench({ projectDir: folder, definition: wrong })).rejects.toMatchObject({
    code: 'invalid-definition',
    field: 'monitors.0.endpoint',
  })
})

it('ends with its owner: on Ctrl-C with its home, after a kill without it, which the next one removes', async () => {
  const interrupted = await owner()
  interrupted.process.kill('SIGINT')
  const signal = await new Promise((resolve) => interrupted.process.once('exit', (_, name) => resolve(name)))
  expect(signal).toBe('SIGINT')
  expect(processesOf(interrupted.home)).toEqual([])
  expect(existsSync(interrupted.home)).toBe(false)

  const killed = await owner()
  killed.process.kill('SIGKILL')
  await vi.waitFor(() => expect(processesOf(killed.home)).toEqual([]), { timeout: 15_000, interval: 200 })
  await withWorkbench({ projectDir: folder }, async () => undefined)
  expect(existsSync(killed.home)).toBe(false)
})
