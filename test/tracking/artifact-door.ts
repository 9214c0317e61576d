import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { type RunningServer, startServer } from '../../src/server/start.ts'
import { givenRun } from './given-run.ts'

export type Body = NonNullable<RequestInit['body']>
// biome-ignore lint/suspicious/noExplicitAny: answers are held against what they are to be, whatever they are.
export const jsonOf = (answer: Response): Promise<any> => answer.json()
export const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

export const run = 'a'.repeat(32)
export const root = `0/${run}/artifacts`

/** A server for the tests of a file, with an artifact's limit of 40 MB, two runs and a deleted one. */
export function artifactDoor() {
  let folder: string
  let home: string
  let server: RunningServer
  const start = () => startServer({ home, host: '127.0.0.1', port: 0, logLevel: 'silent' })
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millwright artifacts '))
    home = join(folder, 'home')
    process.env.MILLWRIGHT_ARTIFACT_MB = '40'
    server = await start()
    delete process.env.MILLWRIGHT_ARTIFACT_MB
    for (const id of [run, 'b'.repeat(32)]) await givenRun(server, id)
    await givenRun(server, 'd'.repeat(32), true)
  })
  afterAll(async () => {
    await server?.close()
    await rm(folder, { recursive: true, force: true })
  })
  const at = (path: string, prefix = '/api') => `${server.address}${prefix}/2.0/mlflow-artifacts/${path}`
  const fileAt = (path: string) => at(`artifacts/${root}/${path.split('/').map(encodeURIComponent).join('/')}`)
  return {
    get folder() {
      return folder
    },
    get home() {
      return home
    },
    get server() {
      return server
    },
    async restart() {
      await server.close()
      server = await start()
    },
    at,
    fileAt,
    put: (path: string, body: Body, headers: Record<string, string> = {}) =>
      fetch(fileAt(path), { method: 'PUT', body, headers }),
  }
}
