import { isUtf8 } from 'node:buffer'
import { MillwrightError } from '../base/errors.ts'
import { mostDepth } from './limits.ts'

const quote = 34
const backslash = 92

/** How deep arrays and objects lie within each other; brackets within texts are none. It stops counting at `most`. */
function depthOf(bytes: Uint8Array, most: number): number {
  let depth = 0
  let deepest = 0
  for (let at = 0; at < bytes.length; at += 1) {
    const sign = bytes[at]
    if (sign === quote) {
      for (at += 1; at < bytes.length && bytes[at] !== quote; at += 1) if (bytes[at] === backslash) at += 1
    } else if (sign === 91 || sign === 123) {
      depth += 1
      if (depth > deepest) deepest = depth
      if (depth > most) break
    } else if (sign === 93 || sign === 125) depth -= 1
  }
  return deepest
}

/**
 * The text of a body of JSON that may be parsed. Whoever goes through values by recursion relies on the depth.
 *
 * @throws `invalid-request` for bytes that are no UTF-8, and for values nested beyond any use.
 */
export function jsonText(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new MillwrightError('invalid-request', 'the body is no UTF-8', { field: 'body' })
  if (bytes.length > mostDepth && depthOf(bytes, mostDepth) > mostDepth)
    throw new MillwrightError('invalid-request', `the body is nested more than ${mostDepth} levels deep`, {
      field: 'body',
    })
  return bytes.toString()
}
