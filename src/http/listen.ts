import type { AddressInfo } from 'node:net'
import { MillwrightError } from '../base/errors.ts'

interface Listening {
  listen(options: { host: string; port: number }): Promise<unknown>
  readonly server: { address(): AddressInfo | string | null }
}

/**
 * Listens on an address.
 *
 * @param port 0 takes any that is free.
 * @returns the address that it can be reached by.
 * @throws `conflict` for a port that is taken or may not be had, `invalid-request` for a host that is not of this machine.
 */
export async function listen(app: Listening, { host, port }: { host: string; port: number }): Promise<string> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const another = { field: 'port', hint: 'Stop what uses it, or give another with --port; 0 takes any that is free.' }
    if (code === 'EADDRINUSE') throw new MillwrightError('conflict', `port ${port} on ${host} is taken`, another)
    if (code === 'EACCES')
      throw new MillwrightError('conflict', `port ${port} may not be used by this user`, {
        field: 'port',
        hint: 'Give one above 1023 with --port.',
      })
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new MillwrightError('invalid-request', `${host} is no address of this machine`, { field: 'host' })
    throw error
  }
  const bound = app.server.address()
  return `http://${host.includes(':') ? `[${host}]` : host}:${typeof bound === 'object' && bound ? bound.port : port}`
}
