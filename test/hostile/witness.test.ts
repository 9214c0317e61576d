import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import Sqlite from 'libsql'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type RunningPredictor, startPredictor } from '../../src/predictor/predictor.ts'
import { createClient } from '../../src/sdk/client.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { modelFile } from './processes.ts'

let folder: string
let server: RunningServer
let predictor: RunningPredictor
let port = 0

const startBoth = async () => {
  server = await startServer({ home: join(folder, 'home'), host: '127.0.0.1', port })
  port = Number(new URL(server.address).port)
  predictor = await startPredictor({
    home: join(folder, 'predictor'),
    host: '127.0.0.1',
    port: 0,
    server: server.address,
    version: 'test',
  })
}
const stopBoth = async () => {
  await predictor.close()
  await server.close()
}
const until = async (holds: () => Promise<boolean>): Promise<void> => {
  for (const begun = Date.now(); !(await holds()); await new Promise((resolve) => setTimeout(resolve, 50)))
    if (Date.now() - begun > 20_000) throw new Error('waited for 20 s')
}
const client = () => createClient(server.address)

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millwright witness '))
  port = 0
  await startBoth()
  const call = { params: { model: 'small' }, query: { actor: 'user:ada' }, body: modelFile }
  await client().addModelFile(call)
  const { head } = await client().events()
  await until(async () => (await client().verifyEvents()).witnesses[0]?.seq === head.seq)
  await stopBoth()
})
afterEach(async () => {
  await stopBoth()
  await rm(folder, { recursive: true, force: true })
})

/** As somebody does who has the file: other words for an event, and every number and hash made anew, as if it had never been otherwise. */
function rewrite(statement: string): void {
  const database = new Sqlite(join(folder, 'home/metadata.db'))
  database.exec(statement)
  // What is not sealed is sealed at the next start, in its order.
  database.exec('update event set seq = null, previous_hash = null, hash = null')
  database.close()
}

const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
async function auditVerify(): Promise<{ code: number; text: string }> {
  const line = [
    '--conditions=millwright-source',
    '--import',
    'tsx',
    program,
    'audit',
    'verify',
    '--server',
    server.address,
  ]
  try {
    const { stdout } = await promisify(execFile)(process.execPath, line)
    return { code: 0, text: stdout }
  } catch (error) {
    const { code, stdout } = error as { code: number; stdout: string }
    return { code, text: stdout }
  }
}

it('an untouched log agrees with what the prediction service saw, after a restart of both', async () => {
  await startBoth()
  await until(async () => (await client().verifyEvents()).witnesses.length === 1)
  const { broken, witnesses, head } = await client().verifyEvents()
  expect({ broken, witnesses }).toEqual({ broken: null, witnesses: [expect.objectContaining({ agrees: true })] })
  expect(head.seq).toBeGreaterThan(2)
})

it.each([
  ['other words', "update event set message = 'nothing to see', actor = 'user:eve' where seq = 2"],
  ['its last events gone', 'delete from event where seq > 2'],
])(
  'a log that was rewritten with %s and right hashes is told by name, for as long as it is so',
  async (_, statement) => {
    rewrite(statement)
    await startBoth()
    await until(async () => (await client().predictors()).predictors.length === 1)
    const name = (await client().predictors()).predictors[0]!.predictor
    // The chain itself cannot say it.
    expect((await client().verifyEvents()).broken).toBeNull()
    const says = async () => (await client().verifyEvents()).witnesses
    expect(await says()).toEqual([{ predictor: name, seq: expect.any(Number), agrees: false }])
    // New events, and more than one turn of the service with the control plane: it does not come round to the new log.
    for (let change = 0; change < 3; change += 1) {
      const body = { version: 'small@1', actor: 'user:ada' }
      await client().setAlias({ params: { model: 'small', alias: `again-${change}` }, body })
      server.plane.sessions.announce()
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
    expect(await says()).toEqual([{ predictor: name, seq: expect.any(Number), agrees: false }])
    const { code, text } = await auditVerify()
    expect(code).toBe(1)
    expect(text).toContain(`Rewritten: ${name} saw another event`)
    await stopBoth()
    await startBoth()
    await until(async () => (await says()).length === 1)
    expect(await says()).toMatchObject([{ predictor: name, agrees: false }])
  },
  60_000,
)
