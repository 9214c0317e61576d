/** Bytes from `from` up to and with `to`. */
export interface ByteRange {
  from: number
  to: number
}

/**
 * What a `Range` header asks for of so many bytes, by RFC 9110: null for all of them, which answers, too, what it is not understood in or asks for
 * several ranges; 'none' where no byte is in it.
 */
export function byteRange(header: string | undefined, size: number): ByteRange | 'none' | null {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '') ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return null
  if (first === '') {
    const count = Number(last)
    return count === 0 || size === 0 ? 'none' : { from: Math.max(0, size - count), to: size - 1 }
  }
  const from = Number(first)
  const to = last === '' ? size - 1 : Math.min(Number(last), size - 1)
  if (last !== '' && Number(last) < from) return null
  return from >= size ? 'none' : { from, to }
}
