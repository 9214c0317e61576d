import { userInfo } from 'node:os'
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
