import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { Script } from '../browser/script.ts'

const program = fileURLToPath(new URL('../../bin/millwright.mjs', import.meta.url))

let folder: string
let server: RunningServer
let client: Client
let gone: string
let kept: string
let churn: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'millwright near '))
  server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port: 0 })
  client = createClient(server.address)
  const script = new Script(server.address)
  churn = await script.experiment('team/churn/trees')
  await script.experiment('alone')
  gone = await script.start(churn, 'first-trees')
  kept = await script.start(churn, 'second-trees')
  await client.changeTrackedRuns({ body: { runs: [gone], change: { kind: 'delete' } } })
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

/** What the command said when it ended with an error. */
async function refused(...line: string[]): Promise<string> {
  const args = [program, ...line, '--server', server.address]
  return promisify(execFile)(process.execPath, args, { env: { ...process.env, NO_COLOR: '1' } }).then(
    ({ stdout }) => expect.fail(`it did: ${stdout}`),
    (error: { stderr: string }) => error.stderr,
  )
}

test.each([
  ['nope', 'experiments list'],
  ['teem/churn', 'Did you mean "team"?'],
  ['team/chrun', 'Did you mean "team/churn"?'],
  ['alone', 'That is an experiment'],
  ['x'.repeat(90), 'experiments list'],
])('a folder that is not there: %s', async (wanted, hint) => {
  await expect(client.moveExperiments({ body: { folder: wanted, into: 'x' } })).rejects.toMatchObject({
    code: 'not-found',
    field: 'folder',
    hint: expect.stringContaining(hint),
  })
})

test('an experiment that is not there, and one that is deleted', async () => {
  const move = (id: string) => client.moveExperiments({ body: { experiments: [id], into: 'x' } })
  await expect(move('9999')).rejects.toMatchObject({ hint: expect.stringContaining('experiments list') })
  const id = await new Script(server.address).experiment('short')
  await server.plane.tracking.experiments.delete(id, 'user:ada')
  await expect(move(id)).rejects.toMatchObject({
    hint: expect.stringContaining(`"short" is deleted: \`MlflowClient().restore_experiment("${id}")\``),
  })
})

test('what is to be collected and is not there, by a part of its id, by its name, and what is not deleted', async () => {
  const hintFor = (run: string) =>
    client.collectGarbage({ body: { trackedRuns: [run] } }).then(
      () => expect.fail('it was collected'),
      (error: { field: string; hint: string }) => {
        expect(error.field).toBe('trackedRuns')
        return error.hint
      },
    )
  const meant = `Did you mean ${gone} ("first-trees"), which is deleted?`
  expect(await hintFor(gone.slice(0, 12))).toContain(meant)
  expect(await hintFor('first-tree')).toContain(meant)
  expect(await hintFor('abc'.repeat(3))).toMatch(/^`millwright gc --deleted-for 0s`/)
  expect(await hintFor(kept)).toContain(`MlflowClient().delete_run("${kept}")`)
  await expect(client.collectGarbage({ body: { experiments: [churn] } })).rejects.toMatchObject({
    field: 'experiments',
    hint: expect.stringContaining(`MlflowClient().delete_experiment("${churn}")`),
  })
})

test('the command line says it in its own words', { timeout: 60_000 }, async () => {
  const moved = await refused('experiments', 'move', 'team/chrun', 'x')
  expect(moved).toContain('there is no folder "team/chrun" of experiments')
  expect(moved).toContain('at    <from>')
  expect(moved).toContain('mend  Did you mean "team/churn"?')
  const listed = await refused('experiments', 'list', 'nowhere')
  expect(listed).toContain('there is no folder "nowhere" of experiments')
  expect(listed).toContain('mend  `millwright experiments list` says what there is.')
  const collected = await refused('gc', '--run', 'first-tree')
  expect(collected).toContain('there is no run first-tree')
  expect(collected).toContain('at    --run')
  expect(collected).toContain(`mend  Did you mean ${gone}`)
})
