import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { MillwrightError } from '../base/errors.ts'
import { type AddressRange, isPublicAddress, isWithin, rangeOf } from './public-address.ts'

/** An address inside that an operator allows: a name, or a range of addresses; of one port, or of all. */
interface AllowedHost {
  name: string | null
  range: AddressRange | null
  port: number | null
}

export interface OutsideRules {
  /** Whether `http:` is good enough for addresses of the public internet, too. */
  readonly plainHttp: boolean
  readonly allowed: readonly AllowedHost[]
}

/** All addresses of a name. */
export type FindAddresses = (name: string) => Promise<readonly LookupAddress[]>

/** Where a request may go: to these addresses of the name, and no others. */
export interface OutsideTarget {
  readonly url: URL
  readonly addresses: readonly LookupAddress[]
}

const lookupMs = 5000

/** A name server that does not answer holds nobody up. */
const findAddresses: FindAddresses = async (name) => {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('too late')), lookupMs)
  })
  try {
    return await Promise.race([lookup(name, { all: true }), tooLate])
  } finally {
    clearTimeout(timer)
  }
}

const refuse = (message: string, hint?: string): MillwrightError =>
  new MillwrightError('invalid-request', message, { field: 'url', ...(hint === undefined ? {} : { hint }) })

const allowHint =
  'Addresses inside are named by whoever runs the control plane, in MILLWRIGHT_WEBHOOK_HOSTS (docs/webhooks.md).'

function allowedHost(text: string): AllowedHost {
  const [, bracketed, bare, port] = /^(?:\[([0-9a-f:.]+)\]|([^:]+))(?::(\d{1,5}))?$/i.exec(text) ?? []
  const host = bracketed ?? bare ?? (rangeOf(text) ? text : undefined)
  const range = host === undefined ? null : rangeOf(host)
  const isName = host !== undefined && /^[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?$/i.test(host) && !/^[\d.]+$/.test(host)
  if (!range && !isName)
    throw new MillwrightError('invalid-request', `MILLWRIGHT_WEBHOOK_HOSTS: "${text}" is no host`, {
      field: 'MILLWRIGHT_WEBHOOK_HOSTS',
      hint: 'Write hosts, host:port, addresses or ranges such as 10.1.0.0/16, separated by commas.',
    })
  return { name: range ? null : host!.toLowerCase(), range, port: port === undefined ? null : Number(port) }
}

/** `MILLWRIGHT_WEBHOOK_HOSTS` and `MILLWRIGHT_WEBHOOK_HTTP`. @throws `invalid-request` for what is no host */
export function outsideRulesFrom(env: NodeJS.ProcessEnv): OutsideRules {
  const hosts = (env.MILLWRIGHT_WEBHOOK_HOSTS ?? '').split(',').map((text) => text.trim())
  return {
    plainHttp: env.MILLWRIGHT_WEBHOOK_HTTP === '1',
    allowed: hosts.filter((text) => text !== '').map(allowedHost),
  }
}

const portOf = ({ port, protocol }: URL): number => Number(port) || (protocol === 'https:' ? 443 : 80)

const ofThisMachine = (): string[] =>
  Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address) ?? [])

/** What of an address can be said without looking up a name. @throws `invalid-request` */
function readUrl(text: string): URL {
  if (!URL.canParse(text)) throw refuse('this is no address of the web')
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refuse(`${url.protocol} is no way to send news`)
  if (url.username !== '' || url.password !== '')
    throw refuse('the address holds a name or a password', 'Give a secret instead: every delivery is signed by it.')
  if (url.hash !== '') throw refuse('the address has a part after #, which is never sent')
  // What a parser makes of other numbers, signs that look alike and tabs is for no reader to guess.
  const [, said] = /^[a-z]+:\/\/([^/?#]*)/i.exec(text) ?? []
  const host = url.hostname
  if (said === undefined || said.toLowerCase().replace(/:\d*$/, '') !== host)
    throw refuse(`the host is written otherwise than it is meant: ${host}`, 'Write it plainly.')
  if (host.endsWith('.')) throw refuse('the host ends with a dot')
  return url
}

/**
 * Whether news may be sent to an address that somebody stated, and where exactly it leads now. A name is looked up once: who sends must go to the
 * addresses that are given here, for another look may find others.
 *
 * @param ownPort that this process listens on: it is never sent to. @param find for tests.
 * @throws `invalid-request` for what is refused
 */
export async function findOutside(
  text: string,
  rules: OutsideRules,
  { ownPort, find = findAddresses }: { ownPort: number | null; find?: FindAddresses },
): Promise<OutsideTarget> {
  const url = readUrl(text)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = portOf(url)
  const ofPort = rules.allowed.filter((each) => each.port === null || each.port === port)
  const isNamed = ofPort.some(({ name }) => name === host)
  if (!isNamed && isLocalName(host)) throw refuse(`${host} is a name of this machine or network`, allowHint)
  const family = isIP(host)
  const addresses = family === 0 ? await find(host).catch(() => []) : [{ address: host, family }]
  if (addresses.length === 0) throw refuse(`${host} cannot be found`)
  const own = ofThisMachine()
  const isAllowed = ({ address }: LookupAddress): boolean =>
    isNamed || ofPort.some(({ range }) => range !== null && isWithin(address, range))
  for (const each of addresses) {
    const isHere = isOfThisMachine(each.address, own)
    if (isHere && port === ownPort) throw refuse('this leads to the control plane itself')
    if ((isHere || !isPublicAddress(each.address)) && !isAllowed(each))
      throw refuse(`${host} leads to an address that is not public`, allowHint)
  }
  if (url.protocol === 'http:' && !rules.plainHttp && !addresses.every(isAllowed))
    throw refuse('news are sent by https alone', 'MILLWRIGHT_WEBHOOK_HTTP=1, where it is started, allows http too.')
  return { url, addresses }
}

/** Loopback in all its forms, and the addresses that it has in its networks. */
const isOfThisMachine = (address: string, own: readonly string[]): boolean =>
  thisMachine.some((range) => isWithin(address, range)) ||
  own.some((each) => {
    const range = rangeOf(each)
    return range !== null && isWithin(address, range)
  })
const thisMachine = ['0.0.0.0/8', '127.0.0.0/8', '::/127'].map((text) => rangeOf(text)!)

/** Names that no public server answers for. */
const isLocalName = (host: string): boolean => /(^|\.)(localhost|localdomain|local|internal|home\.arpa)$/.test(host)
