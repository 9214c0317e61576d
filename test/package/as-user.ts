import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Debian's `nobody`: no home, no rights. */
const nobody = 65534

function canBeNobody(): boolean {
  if (process.getuid?.() !== 0) return false
  try {
    execFileSync('setpriv', [...asNobody, process.execPath, '--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
const asNobody = [`--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', '--']
const dropsRights = canBeNobody()
/** Who the programs of these tests run as: never root where that can be avoided. */
export const userName = dropsRights ? 'nobody' : process.getuid?.() === 0 ? 'root' : 'this user'

/** npm's registry as this machine has it set; another user would not see that. */
const registry = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim()

/** A place for one user who has nothing yet, with a space in its path, which is removed in the end. */
export class Place {
  private readonly top = mkdtempSync(join(tmpdir(), 'millwright-place-'))
  readonly folder = join(this.top, 'a folder with spaces')
  private readonly started: ChildProcess[] = []

  constructor() {
    chmodSync(this.top, 0o755)
    for (const folder of [this.folder, this.home]) mkdirSync(folder)
    this.own(this.top)
  }

  private get home(): string {
    return join(this.top, 'home')
  }

  /** Gives a folder and all in it to the user. */
  own(folder: string): void {
    if (!dropsRights) return
    chownSync(folder, nobody, nobody)
    for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      chownSync(join(folder, entry), nobody, nobody)
    }
  }

  private command(program: string, args: string[]): [string, string[]] {
    return dropsRights ? ['setpriv', [...asNobody, program, ...args]] : [program, args]
  }

  private get env(): NodeJS.ProcessEnv {
    const { NODE_OPTIONS: _, VITEST: __, NODE_ENV: ___, ...env } = process.env
    // What npm tells the scripts it runs would steer the npm that is tested.
    const plain = Object.entries(env).filter(([name]) => !name.toLowerCase().startsWith('npm_'))
    return {
      ...Object.fromEntries(plain),
      HOME: this.home,
      npm_config_registry: registry,
      npm_config_update_notifier: 'false',
    }
  }

  /** Runs a program to its end in the folder; rejects with what it said when it fails. */
  async run(program: string, args: string[], cwd = this.folder): Promise<string> {
    const [file, all] = this.command(program, args)
    const { stdout } = await promisify(execFile)(file, all, { cwd, env: this.env, maxBuffer: 64 << 20 })
    return stdout
  }

  /** Starts a program and waits until it says what `ready` finds. */
  async start(program: string, args: string[], ready: RegExp, cwd = this.folder): Promise<Started> {
    const [file, all] = this.command(program, args)
    const child = spawn(file, all, { cwd, env: this.env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    this.started.push(child)
    let said = ''
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
    const match = await new Promise<RegExpExecArray>((resolve, reject) => {
      const listen = (bytes: Buffer): void => {
        said += bytes
        const found = ready.exec(said)
        if (found) resolve(found)
      }
      child.stdout.on('data', listen)
      child.stderr.on('data', listen)
      exited.then((code) => reject(new Error(`${program} ${args.join(' ')} ended with code ${code}:\n${said}`)))
      child.once('error', reject)
    })
    const interrupt = async (): Promise<void> => {
      signalGroup(child, 'SIGINT')
      await exited
    }
    return { match, interrupt, said: () => said }
  }

  remove(): void {
    for (const child of this.started) signalGroup(child, 'SIGKILL')
    rmSync(this.top, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** A signal to a program and all that it started, as a terminal gives it: `npx` passes on none that it gets alone. */
function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, signal)
  } catch {
    // All of them have ended.
  }
}

export interface Started {
  match: RegExpExecArray
  /** As Ctrl-C does; resolves when the program itself has ended, which `npx` does before what it started. */
  interrupt(): Promise<void>
  said(): string
}

/** What `millwright up` prints when both processes answer. */
export const upLine = /screens and API on (http:\/\/\S+?), predictions on (http:\/\/\S+)/

/** True when something listens at an address. */
export async function answers(address: string): Promise<boolean> {
  return fetch(`${address}/health`).then(
    ({ ok }) => ok,
    () => false,
  )
}
