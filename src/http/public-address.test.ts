import { BlockList } from 'node:net'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPublicAddress, isWithin, rangeOf } from './public-address.ts'

const dotted = (value: number): string => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.')
const hex = (value: number): string => `${(value >>> 16).toString(16)}:${(value & 0xffff).toString(16)}`
const any4 = fc.integer({ min: 0, max: 2 ** 32 - 1 }).map((value) => value >>> 0)
const group = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16))
const any6 = fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => groups.join(':'))

/** Node's own reading of the same registries. */
const inside = new BlockList()
for (const [address, length] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  inside.addSubnet(address, length, 'ipv4')

describe('an address of the public internet', () => {
  it('is what is in none of the special ranges of IPv4, however it is written', () => {
    const near = fc
      .tuple(
        fc.constantFrom('10.0.0.0', '100.64.0.0', '127.0.0.1', '169.254.169.254', '172.16.0.0', '172.31.255.255'),
        fc.integer({ min: -70_000, max: 70_000 }),
      )
      .map(([text, by]) => (text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) + by) >>> 0)
    fc.assert(
      fc.property(fc.oneof(any4, near), (value) => {
        const is = isPublicAddress(dotted(value))
        expect(is).toBe(!inside.check(dotted(value), 'ipv4'))
        for (const written of [
          `::ffff:${dotted(value)}`,
          `::ffff:${hex(value)}`,
          `0:0:0:0:0:FFFF:${hex(value)}`,
          `64:ff9b::${dotted(value)}`,
          `64:ff9b::${hex(value)}`,
        ])
          expect([written, isPublicAddress(written)]).toEqual([written, is])
        // Ways through IPv6 that somebody else would have to carry it, and what was never handed out.
        for (const never of [
          `2002:${hex(value)}::1`,
          `2001:0:${hex(value)}::1`,
          `::${dotted(value)}`,
          `64:ff9b:1::${dotted(value)}`,
          `fe80::${hex(value)}`,
        ])
          expect([never, isPublicAddress(never)]).toEqual([never, false])
      }),
      { numRuns: 500 },
    )
  })

  it('is of IPv6 only what is handed out', () => {
    fc.assert(
      fc.property(any6, (address) => {
        const first = Number.parseInt(address.split(':')[0]!, 16)
        if (first >>> 13 !== 1) expect(isPublicAddress(address)).toBe(false)
      }),
    )
    for (const address of ['::', '::1', 'fe80::1', 'fc00::1', 'fdab::1', 'ff02::1', '2001:db8::1', '3fff::1', '100::1'])
      expect([address, isPublicAddress(address)]).toEqual([address, false])
    for (const address of ['2606:4700:4700::1111', '2a00:1450:4001::5', '8.8.8.8', '1.1.1.1', '64:ff9b::8.8.8.8'])
      expect([address, isPublicAddress(address)]).toEqual([address, true])
  })

  it('is nothing that is no address', () => {
    for (const text of ['', 'localhost', '127.1', '0x7f.0.0.1', '1.2.3.4.5', '[::1]', 'fe80::1%eth0', '8.8.8.8 '])
      expect([text, isPublicAddress(text)]).toEqual([text, false])
  })

  it('lies in a range by its first bits', () => {
    fc.assert(
      fc.property(any4, fc.integer({ min: 0, max: 32 }), any4, (value, length, other) => {
        const range = rangeOf(`${dotted(value)}/${length}`)!
        const list = new BlockList()
        list.addSubnet(dotted(value), length, 'ipv4')
        expect(isWithin(dotted(other), range)).toBe(list.check(dotted(other), 'ipv4'))
        expect(isWithin(`::ffff:${dotted(value)}`, range)).toBe(true)
      }),
    )
    for (const none of ['10.0.0.0/33', 'fd00::/129', '10.0.0.0/-1', '/8', 'ten', '']) expect(rangeOf(none)).toBeNull()
  })
})
