import type { Finding } from '../../contract/ci.ts'

/** A part of the project's code: its path relative to the project, and its lines. */
export interface SourceText {
  file: string
  lines: readonly string[]
}

const escaped = (name: string): string => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/**
 * The finding with the line that states its place, where one can be told: the names of the dotted path are looked for one after the other, so that
 * `datasets.orders.columns.price` is the `price` after `'orders'`.
 */
export function located(finding: Finding, sources: readonly SourceText[]): Finding {
  if (finding.file) return finding
  // The first says only what kind of thing it is, and stands again where the project lists them.
  const [, ...names] = finding.place.split('.').filter((name) => !/^\d+$/.test(name))
  for (const { file, lines } of sources) {
    let at = 0
    let found = 0
    for (const name of names) {
      const wanted = new RegExp(`(['"\`]${escaped(name)}['"\`]|(^|[^\\w.])${escaped(name)}\\s*:)`)
      const next = lines.findIndex((text, place) => place >= at && wanted.test(text))
      if (next < 0) continue
      at = next
      found += 1
    }
    if (found > 0) return { ...finding, file, line: at + 1 }
  }
  return finding
}
