import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { MillwrightError, messageOf } from '../base/errors.ts'
import { type Principal, principalSchema, type Role } from '../contract/principal.ts'
import { writePrivately } from './private-file.ts'

const fileSchema = z.strictObject({ principals: z.array(principalSchema) })
const fileOf = (home: string): string => join(home, 'principals.json')
/** For processes that are started together with the control plane, such as the prediction service of `millwright up`. */
const serviceFileOf = (home: string): string => join(home, 'service.token')

const hashOfToken = (token: string): string => createHash('sha256').update(token).digest('hex')
const newToken = (): string => `mw_${randomBytes(32).toString('base64url')}`

function readPrincipals(home: string): Principal[] {
  try {
    return fileSchema.parse(JSON.parse(readFileSync(fileOf(home), 'utf8'))).principals
  } catch (cause) {
    throw new MillwrightError('forbidden', `who may do what cannot be read: ${messageOf(cause)}`, {
      hint: `Mend ${fileOf(home)}; until then nobody may do anything.`,
      cause,
    })
  }
}

const writePrincipals = (home: string, principals: Principal[]): void =>
  writePrivately(fileOf(home), `${JSON.stringify({ principals }, null, 2)}\n`)

/**
 * Lets somebody in. From the first one on, a control plane with this home asks everybody for a token.
 *
 * @returns the token, which is kept nowhere. @throws `already-exists`, `invalid-request` for a name that is none.
 */
export function createToken(home: string, name: string, role: Role): string {
  const known = existsSync(fileOf(home)) ? readPrincipals(home) : []
  if (known.some((each) => each.name === name))
    throw new MillwrightError('already-exists', `there is a token for "${name}" already`, {
      hint: 'Remove it first with `millwright token remove`, or choose another name.',
    })
  const token = newToken()
  const made = principalSchema.safeParse({ name, role, tokenHash: hashOfToken(token) })
  if (!made.success)
    throw new MillwrightError('invalid-request', `"${name}" is no name: ${made.error.issues[0]?.message}`, {
      field: 'name',
    })
  writePrincipals(home, [...known, made.data])
  return token
}

/** @throws `not-found` */
export function removeToken(home: string, name: string): void {
  const known = listTokens(home)
  if (!known.some((each) => each.name === name))
    throw new MillwrightError('not-found', `there is no token for "${name}"`, {
      hint: `There are: ${known.map((each) => each.name).join(', ') || 'none'}.`,
    })
  writePrincipals(
    home,
    known.filter((each) => each.name !== name),
  )
}

export const listTokens = (home: string): Principal[] => (existsSync(fileOf(home)) ? readPrincipals(home) : [])

/** Who may act on a control plane, as its home says now. */
export class Principals {
  private stamp = ''
  private known: Principal[] = []
  private readonly service: Principal
  /** Once there was a file, its absence lets nobody in; only a new start without it does. */
  private asked = false

  constructor(private readonly home: string) {
    const path = serviceFileOf(home)
    if (!existsSync(path)) writePrivately(path, newToken())
    this.service = { name: 'service', role: 'service', tokenHash: hashOfToken(readFileSync(path, 'utf8').trim()) }
    this.refresh()
  }

  /** Whether everybody has to say who they are. */
  get isAsked(): boolean {
    this.refresh()
    return this.asked
  }

  /** @param token as sent; null for one that nobody has. */
  ofToken(token: string): Principal | null {
    this.refresh()
    const hash = hashOfToken(token)
    return [this.service, ...this.known].find((each) => each.tokenHash === hash) ?? null
  }

  /** Null for somebody who is none any more. */
  named(name: string): Principal | null {
    this.refresh()
    return this.known.find((each) => each.name === name) ?? null
  }

  private refresh(): void {
    const info = statSync(fileOf(this.home), { throwIfNoEntry: false, bigint: true })
    const stamp = info ? `${info.ino} ${info.size} ${info.mtimeNs}` : ''
    if (stamp === this.stamp) return
    this.known = []
    if (info) {
      this.asked = true
      this.known = readPrincipals(this.home)
    }
    // Only what was read is remembered as read: a file that cannot be is looked at again at every request.
    this.stamp = stamp
  }
}

/** The token of processes that are started together with the control plane of this home. */
export const serviceToken = (home: string): string => readFileSync(serviceFileOf(home), 'utf8').trim()
