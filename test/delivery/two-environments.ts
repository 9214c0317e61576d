import type { CheckResult } from '../../src/contract/package.ts'
import { packProject } from '../../src/domain/delivery/pack-project.ts'
import { type Packed, signPackage } from '../../src/domain/delivery/package-file.ts'
import { newSigningKey } from '../../src/domain/delivery/package-signature.ts'
import { type Client, createClient } from '../../src/sdk/client.ts'
import { loadProject } from '../../src/sdk/project-file.ts'
import { createToken } from '../../src/server/principals.ts'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { projectFolder, shopFiles } from './shop.ts'

export const checks: CheckResult[] = [{ check: 'types', outcome: 'passed', summary: 'no faults' }]
export const { privateKey, publicKey } = newSigningKey()
/** To be removed in the end. */
export const folders: string[] = []

/** Staging takes packages; production wants two green runs there, an approval, and the key of the release. */
const environments = (staging: string, rules = 'count: 2') => `
const staging = environment('staging', { address: '${staging}', packagesOnly: true })
const production = environment('production', {
  signedBy: ['${publicKey}'],
  needs: { checks: true, greenRuns: { in: staging, ${rules} }, approvals: { count: 1, by: ['approver'] } },
})`

/** A package of the shop for both environments, with rules of its own. @param staging its address */
export async function packageOf(
  staging: string,
  more: {
    rate?: number
    rules?: string
    by?: string
    checks?: CheckResult[]
    sign?: string | null
  } = {},
): Promise<Packed> {
  const files = shopFiles({
    rate: more.rate ?? 2,
    environments: environments(staging, more.rules),
    defining: 'environments: [staging, production]',
  })
  const folder = await projectFolder(files)
  folders.push(folder)
  const packed = await packProject({
    ...(await loadProject(folder)),
    by: more.by ?? 'ci',
    millwright: '1.0.0',
    checks: more.checks ?? checks,
  })
  const { sign = privateKey } = more
  return sign === null ? packed : { ...packed, bytes: signPackage(packed.bytes, sign, 'release') }
}

/** A control plane of an environment, and its people. */
export interface Plane {
  home: string
  server: RunningServer
  as(name?: string): Client
}
export async function planeOf(environment: string): Promise<Plane> {
  const home = await projectFolder({})
  folders.push(home)
  const server = await startServer({ home, host: '127.0.0.1', port: 0, environment })
  const people = { ada: 'developer', oscar: 'operator', bob: 'approver', bea: 'approver', root: 'admin' } as const
  const tokens = new Map(Object.entries(people).map(([name, role]) => [name, createToken(home, name, role)]))
  const plane: Plane = {
    home,
    server,
    as: (name) => createClient(plane.server.address, name === undefined ? {} : { token: tokens.get(name)! }),
  }
  return plane
}

export const bring = (client: Client, { bytes }: { bytes: Uint8Array }) => {
  const call = { query: {}, body: bytes }
  return client.receivePackage(call)
}
export const deploy = (client: Client, hash: string, body: object = {}) =>
  client.deployPackage({ params: { package: hash }, body })
export const approve = (client: Client, hash: string) => client.approvePackage({ params: { package: hash }, body: {} })
