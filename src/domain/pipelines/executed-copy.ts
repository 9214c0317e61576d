import { readFile, writeFile } from 'node:fs/promises'
import type { Json } from '../../contract/pipeline.ts'

/** Takes what must not be seen out of the executed copy of a notebook, which shows all that its cells printed. */
export async function redactExecutedCopy(path: string, redact: (text: string) => string): Promise<void> {
  let before: Json
  try {
    before = JSON.parse(await readFile(path, 'utf8')) as Json
  } catch {
    return // A program called something else by the name of a notebook.
  }
  let found = false
  const redacted = (value: Json): Json => {
    if (typeof value === 'string') {
      const shown = redact(value)
      found ||= shown !== value
      return shown
    }
    if (Array.isArray(value)) return value.map(redacted)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [redact(name), redacted(member)]))
  }
  const after = redacted(before)
  // Without a secret its bytes stay those that were written.
  if (found) await writeFile(path, `${JSON.stringify(after, null, 1)}\n`)
}
