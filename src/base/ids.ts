import { randomBytes } from 'node:crypto'

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
let lastMillisecond = 0
let counter = 0

/**
 * A sortable unique id with the prefix of its kind: `run_01hf…`. 48 bits of wall-clock milliseconds, 12 bits of a
 * counter that keeps ids made in the same millisecond (or after the clock was set back) in order, 60 random bits.
 */
export function newId(prefix: string): string {
  const now = Date.now()
  if (now > lastMillisecond) {
    lastMillisecond = now
    counter = 0
  } else {
    counter += 1
    if (counter > 0xfff) {
      lastMillisecond += 1
      counter = 0
    }
  }
  let time = lastMillisecond
  let text = ''
  for (let i = 0; i < 10; i += 1) {
    text = alphabet.charAt(time % 32) + text
    time = Math.floor(time / 32)
  }
  text += alphabet.charAt(counter >> 10) + alphabet.charAt((counter >> 5) & 31) + alphabet.charAt(counter & 31)
  const random = randomBytes(12)
  for (const byte of random) text += alphabet.charAt(byte & 31)
  return `${prefix}_${text}`
}
