import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import type { Principal } from '../contract/principal.ts'
import type { Principals } from './principals.ts'
import { writePrivately } from './private-file.ts'

const lastsMs = 12 * 60 * 60 * 1000
const mostSessions = 1000

const sessionSchema = z.strictObject({
  /** SHA-256 of what the browser keeps, in hex. */
  hash: z.string(),
  name: z.string(),
  /** Of the token it was begun with: with another one, or none, it is over. */
  tokenHash: z.string(),
  /** Wall-clock milliseconds. */
  until: z.number(),
})
const fileSchema = z.strictObject({ sessions: z.array(sessionSchema) })

const hashOf = (id: string): string => createHash('sha256').update(id).digest('hex')

/** Who is signed in to the screens. A session outlives a restart, and never the token that it was begun with. */
export class ScreenSessions {
  /** Cookies know no ports: two control planes on one machine must not overwrite each other's. */
  readonly cookie: string
  readonly lastsSeconds = lastsMs / 1000
  private readonly path: string
  private sessions: z.infer<typeof sessionSchema>[]

  constructor(
    home: string,
    private readonly principals: Principals,
  ) {
    this.cookie = `millwright_${hashOf(home).slice(0, 8)}`
    this.path = join(home, 'sessions.json')
    try {
      this.sessions = fileSchema.parse(JSON.parse(readFileSync(this.path, 'utf8'))).sessions
    } catch {
      // Nobody was signed in, or the file cannot be read: people sign in again.
      this.sessions = []
    }
  }

  /** @returns what the browser keeps. */
  begin({ name, tokenHash }: Principal): string {
    const id = randomBytes(32).toString('base64url')
    this.keep([...this.sessions, { hash: hashOf(id), name, tokenHash, until: Date.now() + lastsMs }])
    return id
  }

  /** Null for a session that is over. */
  of(id: string): Principal | null {
    const hash = hashOf(id)
    const session = this.sessions.find((each) => each.hash === hash && each.until > Date.now())
    const principal = session ? this.principals.named(session.name) : null
    return principal && principal.tokenHash === session?.tokenHash ? principal : null
  }

  end(id: string): void {
    const hash = hashOf(id)
    this.keep(this.sessions.filter((each) => each.hash !== hash))
  }

  private keep(sessions: z.infer<typeof sessionSchema>[]): void {
    const now = Date.now()
    const kept = sessions.filter(({ until }) => until > now).slice(-mostSessions)
    writePrivately(this.path, `${JSON.stringify({ sessions: kept })}\n`)
    this.sessions = kept
  }
}
