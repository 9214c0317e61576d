import { randomBytes } from 'node:crypto'
import { chmodSync, renameSync, writeFileSync } from 'node:fs'

/** Writes a file that only its owner may read, whole or not at all. */
export function writePrivately(path: string, text: string): void {
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`
  writeFileSync(draft, text, { mode: 0o600 })
  // The mode above passes through the umask.
  chmodSync(draft, 0o600)
  renameSync(draft, path)
}
