import { execFile } from 'node:child_process'
import { readFile, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createClient } from '../../src/sdk/client.ts'
import { createToken, listTokens } from '../../src/server/principals.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { projectFolder, runSums, shopFiles, writeFiles } from './shop.ts'

const program = fileURLToPath(new URL('../../bin/millwright.mjs', import.meta.url))

let folder: string
const servers: RunningServer[] = []
const port: Record<string, number> = {}
const tokens: Record<string, string> = {}

/** What the command said on its standard output, or all that it said when it ended with an error. */
async function millwright(line: string, env: Record<string, string> = {}): Promise<string> {
  const run = promisify(execFile)(process.execPath, [program, ...line.split(' ')], {
    cwd: folder,
    env: { ...process.env, NO_COLOR: '1', ...env },
  })
  return run.then(
    ({ stdout }) => stdout,
    (error: { stdout: string; stderr: string }) => `${error.stdout}${error.stderr}`,
  )
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

beforeAll(async () => {
  for (const name of ['staging', 'production']) port[name] = await freePort()
  folder = await projectFolder(
    shopFiles({
      environments: `
const staging = environment('staging', { address: 'http://127.0.0.1:${port.staging}' })
const production = environment('production', {
  address: 'http://127.0.0.1:${port.production}', packagesOnly: true,
  needs: { greenRuns: { in: staging, count: 1 }, approvals: { count: 1, by: ['approver'] } },
})`,
      defining: 'environments: [staging, production]',
    }),
  )
  for (const name of ['staging', 'production'])
    servers.push(
      await startServer({
        home: join(folder, '.millwright', name),
        host: '127.0.0.1',
        port: port[name]!,
        environment: name,
      }),
    )
})
afterAll(async () => {
  for (const server of servers) await server.close()
  await rm(folder, { recursive: true, force: true })
})

it('makes keys and tokens that only their owner can read', { timeout: 180_000 }, async () => {
  const publicKey = await millwright('key create release.pem')
  expect(publicKey).toMatch(/^[A-Za-z0-9+/]+=*\n$/)
  expect((await stat(join(folder, 'release.pem'))).mode & 0o777).toBe(0o600)
  const home = '.millwright/production'
  tokens.bob = (await millwright(`token create bob --role approver --home ${home}`)).trim()
  expect(tokens.bob).toMatch(/^mw_/)
  expect(await millwright(`token create eve --role boss --home ${home}`)).toContain('"boss" is no role')
  expect(await millwright(`token list --home ${home}`)).toContain('bob   approver')
  expect(listTokens(join(folder, home))).toHaveLength(1)
  tokens.oscar = createToken(join(folder, home), 'oscar', 'operator')
})

it('brings a package from folder to staging to production, and says at each step what is missing', {
  timeout: 120_000,
}, async () => {
  const made = await millwright('package --key release.pem --out shop.zip')
  const [hash] = /^[0-9a-f]{12}/.exec(made)!
  expect(made).toMatch(/ is in shop\.zip: \d+ files, \d+ kB, signed\./)
  expect(await millwright('promote shop.zip --to staging')).toMatch(/In force in staging/)
  const server = ['--server', servers[0]!.address].join(' ')
  expect(await millwright(`packages ${server}`)).toMatch(new RegExp(`${hash}.*release.*in force`))
  expect(await millwright(`packages ${hash} ${server}`)).toContain('project/steps/total.ts')

  const asOscar = { MILLWRIGHT_TOKEN_PRODUCTION: tokens.oscar! }
  expect(await millwright(`promote ${hash} --to production ${server}`)).toContain('this needs a token')
  const refused = await millwright(`promote ${hash} --to production ${server}`, asOscar)
  expect(refused).toContain('it needs 1 green run of sums in staging, has 0')
  expect(refused).toContain('it needs an approval by an approver, nobody has approved')
  await runSums(createClient(servers[0]!.address))
  expect(await millwright(`approve ${hash} --environment production`, { MILLWRIGHT_TOKEN: tokens.bob! })).toContain(
    'by bob (approver)',
  )
  expect(await millwright(`promote ${hash} --to production ${server}`, asOscar)).toMatch(/In force in production/)
  const shown = await millwright(`environments --server ${servers[1]!.address}`)
  expect(shown).toMatch(/package +commit +production \(here\) +staging/)
  expect(shown).toMatch(new RegExp(`${hash} +in force, approved by bob +in force, sums 1✓`))
})

it('plans and applies in the environment that is named, and shows drift with who made it', {
  timeout: 60_000,
}, async () => {
  await writeFiles(folder, { 'steps/total.ts': shopFiles({ rate: 5 })['steps/total.ts'] })
  const planned = await millwright('plan --environment staging')
  expect(planned).toContain('~ code')
  expect(planned).toContain('steps/total.ts')
  expect(await millwright('apply --environment staging')).toContain('changes applied')
  const again = await millwright('plan --environment staging')
  expect(again).toContain('Nothing changes')
  expect(again).toMatch(
    /Drift the definition in force was applied by hand, over package [0-9a-f]{12}.*user:.*event \d+/,
  )
  const refused = await millwright('apply --environment production', { MILLWRIGHT_TOKEN: tokens.oscar! })
  expect(refused).toContain('production takes packages only')
  expect(await millwright(`rollback package --server ${servers[0]!.address}`)).toMatch(/`--yes` does it/)
  expect(await millwright(`rollback package --yes --server ${servers[0]!.address}`)).toContain('changes applied')
  expect(await millwright('plan --environment nowhere')).toContain('there is no environment "nowhere"')
  expect(await readFile(join(folder, 'release.pem'), 'utf8')).toContain('PRIVATE KEY')
})
