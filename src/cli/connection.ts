import { userInfo } from 'node:os'
import { MillwrightError } from '../base/errors.ts'
import { type Client, createClient } from '../sdk/client.ts'

export interface ConnectionOptions {
  server: string
}

/** Where a control plane is looked for when nothing is said. */
export const defaultServer = process.env.MILLWRIGHT_SERVER ?? 'http://127.0.0.1:4300'

export const connect = ({ server }: ConnectionOptions): Client => createClient(server, tokenFromHere())

/** The token that this shell has, for control planes that ask for one. */
export function tokenFromHere(): { token?: string } {
  const token = process.env.MILLWRIGHT_TOKEN
  return token ? { token } : {}
}

/** Who runs the command, as events name it. */
export function actor(): string {
  try {
    return `user:${userInfo().username}`
  } catch {
    // A user id without an account, as in some containers.
    return 'user:unknown'
  }
}

/** An answer whose refusals name the argument or option that a field of the request came from. */
export async function inWordsOf<T>(answer: Promise<T>, names: Readonly<Record<string, string>>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    const name = error instanceof MillwrightError && error.field !== undefined ? names[error.field] : undefined
    if (!(error instanceof MillwrightError) || name === undefined) throw error
    const { code, message, hint } = error
    throw new MillwrightError(code, message, { field: name, ...(hint === undefined ? {} : { hint }), cause: error })
  }
}
