import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { MillwrightError } from '../base/errors.ts'

const loopbackNames = ['localhost', '127.0.0.1', '[::1]']

/** Whether only programs of this machine reach what listens there. */
export const isLoopback = (address: string): boolean =>
  address === 'localhost' || address === '::1' || /^127(\.\d{1,3}){3}$/.test(address)

/** Name or address without the port, in lower case; null for none. */
function nameOf(host: string): string | null {
  const found = /^(\[[0-9a-f:.%]+\]|[^:@/\\\s]+)(?::\d{1,5})?$/i.exec(host)
  return found ? found[1]!.toLowerCase() : null
}

/**
 * Who may be meant by a `Host`. A page of somebody else, whose name was made to lead to this machine, comes with that name: an address made of
 * digits cannot be led elsewhere.
 */
export class KnownHosts {
  private readonly names: Set<string>
  private readonly anyAddress: boolean

  /** @param host that it listens on. @param more names by which it is reached beside: those of a proxy, or of a machine. */
  constructor(host: string, more: readonly string[]) {
    this.anyAddress = !isLoopback(host)
    this.names = new Set([...loopbackNames, host, ...more].map((name) => name.trim().toLowerCase()))
    if (this.anyAddress) this.names.add(hostname().toLowerCase())
  }

  has(host: string): boolean {
    const name = nameOf(host)
    if (name === null) return false
    return this.names.has(name) || (this.anyAddress && isIP(name.replace(/^\[|\]$/g, '')) !== 0)
  }
}

/** Names in `MILLWRIGHT_HOSTS`, separated by commas. */
export const hostsFrom = (env: NodeJS.ProcessEnv): string[] =>
  (env.MILLWRIGHT_HOSTS ?? '').split(',').filter((name) => name.trim() !== '')

/**
 * What is refused of any request, whatever it asks for: a host that is not this one; something that a page of another address does here; a body
 * that would have to be unfolded first.
 *
 * @throws `forbidden`, `invalid-request`, `unsupported-media-type`
 */
export function checkDoors({ method, headers, rawHeaders }: IncomingMessage, hosts: KnownHosts): void {
  const { host, origin } = headers
  // Node takes the first; whoever stands between may have taken the other.
  if (hasTwoHosts(rawHeaders)) throw new MillwrightError('invalid-request', 'the request names more than one host')
  // Node refuses a request of HTTP/1.1 without a host by itself.
  if (host !== undefined && !hosts.has(host))
    throw new MillwrightError('forbidden', `"${host.slice(0, 100)}" is not this machine`, {
      hint: 'Use its address, or name the host in MILLWRIGHT_HOSTS where it is started.',
    })
  if (method !== 'GET' && method !== 'HEAD') {
    if (origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === host))
      throw new MillwrightError('forbidden', 'a page of another address may not act here', {
        hint: 'Open the screens at the address of the control plane itself.',
      })
  } else if (isForeignPart(headers))
    throw new MillwrightError('forbidden', 'a page of another address may not read here', {
      hint: 'A link to here works; a picture, a script or a request of another page does not.',
    })
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity')
    throw new MillwrightError(
      'unsupported-media-type',
      `a body with the encoding ${encoding.slice(0, 40)} is not read`,
      {
        hint: 'Send it as it is.',
      },
    )
}

function hasTwoHosts(rawHeaders: readonly string[]): boolean {
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1
  }
  return hosts > 1
}

/** Something that a page of another address loads; whoever follows a link from there is welcome. */
function isForeignPart(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site']
  return (site === 'cross-site' || site === 'same-site') && headers['sec-fetch-mode'] !== 'navigate'
}
