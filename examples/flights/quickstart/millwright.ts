import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { residentMb } from './resident-memory.ts'

export interface RunningMillwright {
  server: string
  predictor: string
  /** Resolves when it was stopped, by Ctrl-C or otherwise. */
  ended: Promise<void>
  peakMemoryMb(): number
  stop(): Promise<void>
}

/** Starts `millwright up` in the project's folder, as anybody would, and reads from its line where it listens. */
export async function startMillwright(options: {
  project: string
  home: string
  port: string
  predictPort: string
}): Promise<RunningMillwright> {
  const command = join(options.project, '../../bin/millwright.mjs')
  const child = spawn(
    process.execPath,
    [command, 'up', '--home', options.home, '--port', options.port, '--predict-port', options.predictPort],
    { cwd: options.project, stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const { server, predictor } = await addresses(child)
  let peak = 0
  const watch = setInterval(async () => {
    peak = Math.max(peak, await residentMb(process.pid))
  }, 1000)
  const stop = async (): Promise<void> => {
    clearInterval(watch)
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
    await ended
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stop())
  return { server, predictor, ended, peakMemoryMb: () => peak, stop }
}

function addresses(child: ChildProcess): Promise<{ server: string; predictor: string }> {
  return new Promise((resolve, reject) => {
    let said = ''
    let ready: { server: string; predictor: string } | null = null
    child.stdout?.on('data', (bytes: Buffer) => {
      said += bytes
      const [server, predictor] = said.match(/https?:\/\/[^\s,]+/g) ?? []
      if (server && predictor) ready = { server, predictor }
      // The last thing it says at a start is that the project is applied.
      if (ready && /definition/.test(said)) resolve(ready)
    })
    child.once('exit', () => reject(new Error('Millwright did not start; the lines above say why')))
  })
}
