import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Command } from 'commander'
import { MillwrightError } from '../base/errors.ts'
import { findProject, loadProject } from '../sdk/project-file.ts'
import { printChanges } from './command-apply.ts'
import { port } from './command-server.ts'
import { actor, connect } from './connection.ts'
import { bold, printError, yellow } from './output.ts'

export interface UpOptions {
  home: string
  host: string
  port: number
  predictPort: number
  environment?: string
}

export interface Up {
  server: string
  predictor: string
  stop(): Promise<void>
}

const readyWithinMs = 60_000
/** A process that lived shorter than this may have died of something that a restart does not mend: it is left a little time. */
const leastLifeMs = 5000
/** So often a process that was killed before it was ever ready is started again. */
const mostFirstStarts = 3
const mostPauseMs = 10_000

/** How long to wait before a process is started that has died right after its start so many times in a row. */
const pauseAfter = (shortLives: number): number =>
  shortLives <= 1 ? 0 : Math.min(mostPauseMs, 250 * 2 ** (shortLives - 2))

interface Service {
  ready: Promise<string>
  stop(): Promise<void>
}

/**
 * Keeps one process of Millwright up: starts it again when it dies, however often, tells of it, and ends it when asked. One that ends by itself before
 * it was ever ready has a reason, which `ready` is rejected with.
 */
function keepUp(
  args: () => string[],
  onFault: (message: string) => void,
  env: () => Record<string, string> = () => ({}),
): Service {
  let child: ChildProcess | null = null
  let stopping = false
  let wasReady = false
  let shortLives = 0
  let again: NodeJS.Timeout | undefined
  let markReady: (address: string) => void = () => {}
  let markFailed: (error: Error) => void = () => {}
  const ready = new Promise<string>((resolve, reject) => {
    markReady = resolve
    markFailed = reject
  })
  // It is answered by whoever waits; a second failure after that has no one to tell.
  ready.catch(() => {})
  const start = (): void => {
    const startedAt = Date.now()
    const current = spawn(process.execPath, [...process.execArgv, process.argv[1]!, ...args()], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, ...env() },
    })
    child = current
    current.on('message', (message) => {
      wasReady = true
      markReady((message as { ready: string }).ready)
    })
    current.on('exit', (code, signal) => {
      if (stopping) return
      const [name] = args()
      const what = signal ? `was killed (${signal})` : `ended with code ${code}`
      shortLives = Date.now() - startedAt < leastLifeMs ? shortLives + 1 : 0
      if (!wasReady && shortLives > 0 && (signal === null || shortLives > mostFirstStarts)) {
        markFailed(new MillwrightError('unavailable', `the ${name} ${what}`))
        onFault(`the ${name} ${what} right after its start`)
        return
      }
      const pauseMs = pauseAfter(shortLives)
      onFault(`the ${name} ${what}; starting it again${pauseMs > 0 ? ` in ${pauseMs / 1000} s` : ''}`)
      again = setTimeout(start, pauseMs)
    })
  }
  start()
  return {
    ready,
    stop: () =>
      new Promise((resolve) => {
        stopping = true
        clearTimeout(again)
        if (!child || child.exitCode !== null || child.signalCode !== null) return resolve()
        child.once('exit', () => resolve())
        child.kill('SIGTERM')
        setTimeout(() => child?.kill('SIGKILL'), 10_000).unref()
      }),
  }
}

/** Starts both processes, and resolves when both answer. */
async function up(options: UpOptions): Promise<Up> {
  const tell = (message: string): void => console.error(yellow(message))
  const services: Service[] = []
  const stop = async (): Promise<void> => {
    // The prediction service first: what it has logged is brought to the control plane while there is one.
    for (const service of [...services].reverse()) await service.stop()
  }
  const timeout = setTimeout(() => {}, readyWithinMs)
  try {
    let serverPort = options.port
    const server = keepUp(
      () => [
        ...['server', '--home', options.home, '--host', options.host, '--port', String(serverPort)],
        ...(options.environment === undefined ? [] : ['--environment', options.environment]),
      ],
      tell,
    )
    services.push(server)
    const address = await server.ready
    const { serviceToken } = await import('../server/principals.ts')
    // A port that was left open to chance stays the same over restarts.
    serverPort = Number(new URL(address).port)
    let predictPort = options.predictPort
    const predictor = keepUp(
      () => [
        'predictor',
        '--home',
        join(options.home, 'predictor'),
        '--host',
        options.host,
        '--port',
        String(predictPort),
        '--server',
        address,
      ],
      tell,
      // A control plane that asks everybody asks this one too.
      () => ({ MILLWRIGHT_TOKEN: serviceToken(options.home) }),
    )
    services.push(predictor)
    const predictorAddress = await predictor.ready
    predictPort = Number(new URL(predictorAddress).port)
    return { server: address, predictor: predictorAddress, stop }
  } catch (error) {
    await stop()
    throw error
  } finally {
    clearTimeout(timeout)
  }
}

export function upCommand(program: Command): void {
  program
    .command('up')
    .description(
      'start everything on this machine: control plane, prediction service and screens; apply the project of this folder',
    )
    .option('--home <dir>', 'where all state is kept', '.millwright')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port of the control plane and the screens', port, 4300)
    .option('--predict-port <number>', 'port of the prediction service', port, 4301)
    .option('--environment <name>', 'which environment of the project it is; its rules hold from then on')
    .option('--no-apply', 'do not apply the project of this folder')
    .action(async (options: UpOptions & { apply: boolean }) => {
      const running = await up(options)
      let stopping = false
      const stop = async (): Promise<void> => {
        if (stopping) return
        stopping = true
        await running.stop()
        process.exit(0)
      }
      process.on('SIGINT', stop)
      process.on('SIGTERM', stop)
      console.log(
        `${bold('Millwright is up')}: screens and API on ${running.server}, predictions on ${running.predictor}`,
      )
      const folder = options.apply ? findProject('.') : null
      if (folder) {
        try {
          const { definition, projectDir } = await loadProject(folder)
          printChanges(
            await connect({ server: running.server }).apply({ body: { definition, projectDir, actor: actor() } }),
            'applied',
          )
        } catch (error) {
          // The services stay: whoever mends the project applies it again.
          printError(error)
        }
      }
    })
}
