import { randomFillSync } from 'node:crypto'

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'
let lastMillisecond = 0
let counter = 0
const idBytes = 12
/** Random bytes for many ids at once: a call to the kernel for each costs more than all the rest. */
const pool = new Uint8Array(idBytes * 256)
let used = pool.length

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
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  for (const end = used + idBytes; used < end; used += 1) text += alphabet.charAt(pool[used]! & 31)
  return `${prefix}_${text}`
}
