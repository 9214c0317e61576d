import { isIP } from 'node:net'

/** IPv4 ranges that are not of the public internet (IANA, "IPv4 Special-Purpose Address Registry", and multicast). */
const special4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
]
/** Of IPv6 only what is handed out is public at all; within that, these are not, or hold an address of another kind (Teredo, 6to4). */
const handedOut6 = '2000::/3'
const special6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20']
/** Their last 32 bits are an IPv4 address: as IPv4 is written in IPv6, and as networks without IPv4 reach it (NAT64). */
const holding4 = ['::ffff:0:0/96', '64:ff9b::/96']

/** An address as its bits. */
interface Bits {
  value: bigint
  width: 32 | 128
}

export interface AddressRange extends Bits {
  length: number
}

const bits4 = (text: string): bigint => text.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n)

function bits6(text: string): bigint {
  // Four numbers at the end are the last two groups.
  const [, head, last4] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text) ?? []
  const whole =
    head === undefined
      ? text
      : `${head}${(bits4(last4!) >> 16n).toString(16)}:${(bits4(last4!) & 0xffffn).toString(16)}`
  const [before, after] = whole.split('::').map((part) => (part === '' ? [] : part.split(':')))
  const zeros = after === undefined ? 0 : 8 - before!.length - after.length
  const groups = [...before!, ...Array<string>(zeros).fill('0'), ...(after ?? [])]
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n)
}

/** Null for what is no address. A zone (`%eth0`) is none that leads out. */
function bitsOf(address: string): Bits | null {
  const kind = address.includes('%') ? 0 : isIP(address)
  if (kind === 4) return { value: bits4(address), width: 32 }
  return kind === 6 ? { value: bits6(address), width: 128 } : null
}

/** `10.0.0.0/8`, `fd00::/8`, or one address; null for what is none. */
export function rangeOf(text: string): AddressRange | null {
  const [, address, said] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const bits = address === undefined ? null : bitsOf(address)
  if (!bits) return null
  const length = said === undefined ? bits.width : Number(said)
  return length <= bits.width ? { ...bits, length } : null
}

/** An IPv4 address that is written as IPv6 is the same one. */
function plain(bits: Bits): Bits {
  return bits.width === 128 && bits.value >> 32n === 0xffffn ? { value: bits.value & 0xffffffffn, width: 32 } : bits
}

const within = ({ value, width }: Bits, range: AddressRange): boolean =>
  width === range.width && (value ^ range.value) >> BigInt(width - range.length) === 0n

/** Whether an address lies in a range, however it is written. */
export function isWithin(address: string, range: AddressRange): boolean {
  const bits = bitsOf(address)
  return bits !== null && (within(bits, range) || within(plain(bits), range))
}

const ranges = (texts: readonly string[]): AddressRange[] => texts.map((text) => rangeOf(text)!)
const [special4Ranges, special6Ranges, holding4Ranges] = [ranges(special4), ranges(special6), ranges(holding4)]
const handedOut6Range = rangeOf(handedOut6)!

function isPublicBits(bits: Bits): boolean {
  if (bits.width === 32) return !special4Ranges.some((range) => within(bits, range))
  if (holding4Ranges.some((range) => within(bits, range)))
    return isPublicBits({ value: bits.value & 0xffffffffn, width: 32 })
  return within(bits, handedOut6Range) && !special6Ranges.some((range) => within(bits, range))
}

/** Whether an address is one of the public internet: no machine, network, or group of machines inside, however it is written. */
export function isPublicAddress(address: string): boolean {
  const bits = bitsOf(address)
  return bits !== null && isPublicBits(bits)
}
