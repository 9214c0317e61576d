import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** A Python that has a version of the client. */
export interface Client {
  readonly python: string
  /** Why it cannot be run; null when it can. */
  readonly without: string | null
}

function clientOf(variable: string, folder: string, requirements: string): Client {
  const python = process.env[variable] ?? fileURLToPath(new URL(`../../${folder}/bin/python`, import.meta.url))
  try {
    execFileSync(python, ['-c', 'import importlib.metadata as m; m.version("mlflow")'], { stdio: 'ignore' })
    return { python, without: null }
  } catch {
    const without = `needs a Python with ${requirements} installed, as ${folder}/bin/python or where $${variable} says`
    return { python, without }
  }
}

export const newest = clientOf('MILLWRIGHT_PYTHON', '.venv', 'test/golden/requirements.txt')
/** The newest of the minor version before. */
export const before = clientOf('MILLWRIGHT_PYTHON_BEFORE', '.venv-before', 'test/clients/requirements-before.txt')

export const { python, without: withoutMlflow } = newest

/** Runs a script of the client against a server. @returns what it printed. */
export async function runPython(
  script: string,
  args: readonly string[],
  trackingUri: string,
  env = {},
  by: Client = newest,
): Promise<string> {
  const child = spawn(by.python, ['-B', script, ...args], {
    env: { ...process.env, MLFLOW_TRACKING_URI: trackingUri, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, err] = ['', '']
  child.stdout.on('data', (text) => (out += text))
  child.stderr.on('data', (text) => (err += text))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${script} ended with ${code}: ${err.slice(-4000)}`)
  return out
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** MLflow's own server, on loopback, with a database and artifacts in a folder of its own. */
export async function startMlflowServer({
  by = newest,
  env = {},
}: {
  by?: Client
  env?: Record<string, string>
} = {}): Promise<{
  address: string
  folder: string
  /** Kills it and starts it at the same address with what it kept. */
  restart(): Promise<void>
  close(): Promise<void>
}> {
  const folder = await mkdtemp(join(tmpdir(), 'mlflow server '))
  const port = await freePort()
  const address = `http://127.0.0.1:${port}`
  const args = ['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', String(port), '--workers', '1']
  const places = ['--backend-store-uri', 'sqlite:///mlflow.db', '--artifacts-destination', join(folder, 'artifacts')]
  let child: ChildProcess
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    // It and its workers.
    process.kill(-child.pid!, 'SIGKILL')
    await ended
  }
  const close = async (): Promise<void> => {
    await kill()
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }
  const start = async (): Promise<void> => {
    child = spawn(by.python, [...args, ...places], {
      cwd: folder,
      detached: true,
      stdio: 'ignore',
      env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true', ...env },
    })
    for (let tries = 0; tries < 600; tries += 1) {
      if (child.exitCode !== null) break
      const answer = await fetch(`${address}/health`).catch(() => null)
      if (answer?.ok) return
      await wait(100)
    }
    await close()
    throw new Error("MLflow's own server did not start")
  }
  const restart = async (): Promise<void> => {
    await kill()
    await start()
  }
  await start()
  return { address, folder, restart, close }
}
