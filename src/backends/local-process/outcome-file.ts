import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { StepOutcome } from '../../ports/step-runner.ts'

/**
 * A good outcome is left in a file before it is told, so that it is not lost with the one who should have heard it. Not synced to
 * disk: the file must survive the death of processes, and after that of the machine the step simply runs again.
 */
export function writeOutcome(path: string, outcome: StepOutcome): void {
  const draft = `${path}.draft`
  const text = JSON.stringify(outcome)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(draft, text)
  renameSync(draft, path)
}

/** Undefined when there is none. */
export function readOutcome(path: string): StepOutcome | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as StepOutcome
  } catch {
    return undefined
  }
}

export function outcomePathOf(workDir: string): string {
  return join(workDir, 'outcome.json')
}
