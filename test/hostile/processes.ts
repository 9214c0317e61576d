import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Client, createClient } from '../../src/sdk/client.ts'

// As `bin/millwright.mjs` starts it in a clone, without the process in between.
const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
// Made by test/golden/linear-onnx.py.
export const modelFile = readFileSync(new URL('../golden/linear.onnx', import.meta.url))
const { rows } = JSON.parse(readFileSync(new URL('../golden/linear-onnx.json', import.meta.url), 'utf8')) as {
  rows: number[]
}
/** A request that the endpoint `small` answers. */
export const question = JSON.stringify({
  inputs: [{ name: 'features', shape: [4, 3], datatype: 'FP32', data: rows }],
})

export interface Running {
  readonly address: string
  readonly port: number
  /** All that it wrote. */
  said(): string
  /** Memory that it holds, in MB. */
  memoryMb(): number
  /** Files and connections that it has open. */
  openFiles(): number
  isUp(): boolean
  stop(): Promise<void>
}

/** A command of ours that says when it is ready, in a process of its own. */
export function start(args: string[], env: Record<string, string>): Promise<Running> {
  const child: ChildProcess = spawn(
    process.execPath,
    ['--conditions=millwright-source', '--import', 'tsx', program, ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...process.env, ...env },
    },
  )
  let said = ''
  child.stdout?.on('data', (bytes) => (said += bytes))
  child.stderr?.on('data', (bytes) => (said += bytes))
  const isUp = () => child.exitCode === null && child.signalCode === null
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error(`${args[0]} ended: ${said}`)))
    child.once('message', (message) => {
      const { ready } = message as { ready: string }
      resolve({
        address: ready,
        port: Number(new URL(ready).port),
        said: () => said,
        memoryMb: () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024,
        openFiles: () => readdirSync(`/proc/${child.pid}/fd`).length,
        isUp,
        stop: () =>
          new Promise((done) => {
            if (!isUp()) return done()
            child.once('exit', () => done())
            child.kill('SIGTERM')
          }),
      })
    })
  })
}

export interface BothProcesses {
  readonly home: string
  readonly server: Running
  readonly predictor: Running
  readonly client: Client
  close(): Promise<void>
}

/** Both processes, each in one of its own, with the endpoint `small` that answers. @param env of both. @param args of the control plane. */
export async function bothProcesses(
  env: Record<string, string> = {},
  args: readonly string[] = [],
): Promise<BothProcesses> {
  const folder = await mkdtemp(join(tmpdir(), 'millwright hostile '))
  const home = join(folder, 'home')
  const server = await start(['server', '--home', home, '--port', '0', ...args], env)
  const predictor = await start(
    ['predictor', '--home', join(folder, 'predictor'), '--port', '0', '--server', server.address],
    env,
  )
  const client = createClient(server.address)
  while ((await client.predictors()).predictors.length === 0) await new Promise((resolve) => setTimeout(resolve, 50))
  const call = { params: { model: 'small' }, query: {}, body: modelFile }
  await client.addModelFile(call)
  return {
    home,
    server,
    predictor,
    client,
    close: async () => {
      await predictor.stop()
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
