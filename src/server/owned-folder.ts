import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAlive } from '../base/folder-lock.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * A new temporary folder of this process. Those of processes that were killed before they could remove theirs are removed.
 *
 * @param prefix of its name; the id of the process follows.
 */
export function ownedFolder(prefix: string): string {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN
    if (Number.isInteger(owner) && !isAlive(owner)) rmSync(join(tmpdir(), name), { recursive: true, force: true })
  }
  return mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`))
}

/**
 * Has something closed before a signal ends this process.
 *
 * @returns takes that back.
 */
export function closeOnSignal(close: () => Promise<void>): () => void {
  const onSignal = (signal: NodeJS.Signals): void => {
    void close().finally(() => {
      takeBack()
      // Whoever else listens has had its turn; without a listener the signal does what it always does.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
    })
  }
  const takeBack = (): void => {
    for (const signal of signals) process.off(signal, onSignal)
  }
  for (const signal of signals) process.on(signal, onSignal)
  return takeBack
}
