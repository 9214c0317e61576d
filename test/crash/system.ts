import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { kill, type Process, processesOf, treeOf, untilGone } from './processes.ts'

const program = fileURLToPath(new URL('../../bin/millwright.mjs', import.meta.url))
const startLimitMs = 90_000
/** Within this no process may be left of what was killed. */
const orphanLimitMs = 4000
/** What lost its parent stops by itself, and in order. */
const orderlyLimitMs = 20_000

export type Target = 'control plane' | 'prediction service' | 'step' | 'millwright up' | 'all'

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) })
    await response.text()
    return response.ok
  } catch {
    return false
  }
}

async function until(what: string, holds: () => Promise<boolean> | boolean, limitMs = startLimitMs): Promise<void> {
  const deadline = Date.now() + limitMs
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${limitMs / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
}

/** `millwright up` as a user starts it, in the project's folder; what is killed of it, and how long until it answers again. */
export class System {
  private child: ChildProcess | null = null
  readonly home: string

  private constructor(
    readonly folder: string,
    private readonly port: number,
    private readonly predictPort: number,
  ) {
    this.home = join(folder, 'home')
  }

  /** @param folder holds `project/`; gets `home/`, `marks` and `up.log`. */
  static async start(folder: string): Promise<System> {
    const system = new System(folder, await freePort(), await freePort())
    await system.up()
    return system
  }

  get server(): string {
    return `http://127.0.0.1:${this.port}`
  }
  get predictor(): string {
    return `http://127.0.0.1:${this.predictPort}`
  }
  get marks(): string {
    return join(this.folder, 'marks')
  }
  said(): string {
    return readFileSync(join(this.folder, 'up.log'), 'utf8')
  }

  private async up(): Promise<void> {
    const log = openSync(join(this.folder, 'up.log'), 'a')
    const child = spawn(
      process.execPath,
      [program, 'up', '--home', this.home, '--port', String(this.port), '--predict-port', String(this.predictPort)],
      {
        cwd: join(this.folder, 'project'),
        stdio: ['ignore', log, log],
        env: { ...process.env, CRASH_MARKS: this.marks, MILLWRIGHT_LOG: process.env.MILLWRIGHT_LOG ?? 'warn' },
      },
    )
    closeSync(log)
    this.child = child
    const before = this.said().length
    await until('`millwright up` is ready', () => {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`\`millwright up\` ended:\n${this.said().slice(-2000)}`)
      // The last thing that it says at a start is that the project is applied.
      return /definition/.test(this.said().slice(before))
    })
  }

  /** The processes as they are. */
  private all(): Process[] {
    return processesOf(this.folder)
  }
  private of(name: 'server' | 'predictor', all: readonly Process[]): Process | undefined {
    return all.find(({ command }) => command.includes(`main.ts ${name} --home`))
  }

  /** The command as it was typed, and what it runs the sources in. */
  private starters(all: readonly Process[]): Process[] {
    return all.filter(({ command }) => / up --home /.test(command))
  }

  /** Processes of steps: whatever the control plane has started, but not itself. */
  private steps(all: readonly Process[]): Process[] {
    const server = this.of('server', all)
    return server ? treeOf(server, all).filter((each) => each.pid !== server.pid) : []
  }

  /** Looks for what a kill would hit: looking takes tens of milliseconds, in which much is answered. */
  aim(): readonly Process[] {
    return this.all()
  }

  /**
   * Kills, waits until all of that is gone and everything answers again.
   *
   * @param aimed what `aim` saw shortly before.
   * @returns how long, in milliseconds, until the endpoint answered; what was left of the killed, which should be nothing.
   */
  async kill(
    target: Target,
    aimed: readonly Process[],
    endpoint: string | null,
    onKilled: () => void,
  ): Promise<{ tookMs: number; orphans: Process[] }> {
    const server = this.of('server', aimed)
    const predictor = this.of('predictor', aimed)
    if (target === 'control plane') for (const each of server ? [server] : []) kill(each)
    if (target === 'prediction service') for (const each of predictor ? [predictor] : []) kill(each)
    if (target === 'step') for (const each of this.steps(aimed)) kill(each)
    if (target === 'millwright up') for (const each of this.starters(aimed)) kill(each)
    if (target === 'all') for (const each of aimed) kill(each)
    onKilled()
    const began = performance.now()
    // What was started since is part of all as well; steps of a control plane must follow it by themselves.
    if (target === 'all') for (let left = this.all(); left.length > 0; left = this.all()) left.forEach(kill)
    const dying: Record<Target, readonly Process[]> = {
      'control plane': server ? [server, ...this.steps(aimed)] : [],
      'prediction service': predictor ? [predictor] : [],
      step: this.steps(aimed),
      'millwright up': aimed,
      all: aimed,
    }
    const orphans = untilGone(dying[target], target === 'millwright up' ? orderlyLimitMs : orphanLimitMs)
    if (target === 'all' || target === 'millwright up') {
      // As a user would: the same command again, at once.
      await this.up()
    } else if (target === 'control plane') {
      await until('another control plane', () => {
        const now = this.of('server', this.all())
        return now !== undefined && now.pid !== server?.pid
      })
    } else if (target === 'prediction service') {
      await until('another prediction service', () => {
        const now = this.of('predictor', this.all())
        return now !== undefined && now.pid !== predictor?.pid
      })
    }
    const ready = endpoint === null ? '/health' : `/v2/models/${endpoint}/ready`
    await until('the endpoint answers', () => answers(`${this.predictor}${ready}`))
    const tookMs = performance.now() - began
    await until('the control plane answers', () => answers(`${this.server}/health`))
    return { tookMs, orphans: await orphans }
  }

  /** Ends it as a service manager would. @returns what lives on, which should be nothing. */
  async stop(): Promise<Process[]> {
    const { child } = this
    const all = this.all()
    if (child && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
    }
    return untilGone(all, orphanLimitMs)
  }

  /** Ends whatever is left of it, after a failure. */
  end(): void {
    for (const each of this.all()) kill(each)
  }
}
