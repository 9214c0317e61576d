import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { differences } from './differences.ts'
import { differing } from './differing.ts'
import { type Client, runPython, startMlflowServer } from './mlflow.ts'

const script = fileURLToPath(new URL('observe.py', import.meta.url))
const scenarios = [
  'fluent',
  'experiments',
  'runs',
  'values',
  'batches',
  'histories',
  'bulk',
  'search',
  'search_experiments',
  'artifacts',
  'logged_models',
  'log_model',
  'registered_models',
  'model_versions',
  'search_registry',
  'register_model',
  'autolog',
  'concurrent_registrations',
  'inputs',
] as const

type Observed = Record<string, unknown>

/** The same sessions of a client against MLflow's own server of that version and against ours: what came back is the same, but for what the list says. */
export function differential(version: 'newest' | 'before', client: Client): void {
  const { without } = client
  let folder: string
  let ours: RunningServer
  let theirs: { address: string; close(): Promise<void> }
  let atOurs: Observed
  let atTheirs: Observed

  beforeAll(async () => {
    if (without) return
    folder = await mkdtemp(join(tmpdir(), 'millwright clients '))
    ours = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0 })
    theirs = await startMlflowServer({ by: client })
    const observe = async (address: string): Promise<Observed> =>
      JSON.parse(await runPython(script, scenarios, address, {}, client))
    ;[atTheirs, atOurs] = await Promise.all([observe(theirs.address), observe(ours.address)])
  }, 900_000)
  afterAll(async () => {
    await theirs?.close()
    await ours?.close()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  describe.skipIf(without !== null)(
    `the mlflow client (${version}) sees here what it sees at MLflow's own server${without ? ` (skipped: it ${without})` : ''}`,
    () => {
      it.each(scenarios)('%s', (name) => {
        const found = differing(atTheirs[name], atOurs[name], name)
        expect(found.sort()).toEqual(
          differences
            .filter((each) => each.what.startsWith(`${name}.`) && (each.of ?? version) === version)
            .map(({ what }) => what)
            .sort(),
        )
      })
    },
  )
}
