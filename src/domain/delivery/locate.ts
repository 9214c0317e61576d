import type { Finding } from '../../contract/ci.ts'

/** A part of the project's code: its path relative to the project, and its lines. */
export interface SourceText {
  file: string
  lines: readonly string[]
}

const escaped = (name: string): string => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/**
 * The finding with the line that states its place, where one can be told: the names of the dotted path are looked for one after the other, so that
 * `datasets.orders.columns.price` is the `price` after `'orders'`, or the first one where the columns are stated before it.
 */
export function located(finding: Finding, sources: readonly SourceText[]): Finding {
  if (finding.file) return finding
  // The first says only what kind of thing it is, and stands again where the project lists them.
  const [, ...names] = finding.place.split('.').filter((name) => !/^\d+$/.test(name))
  for (const { file, lines } of sources) {
    let at = 0
    let found = 0
    for (const [nth, name] of names.entries()) {
      const stated = new RegExp(`(^|[^\\w.])${escaped(name)}\\s*:`)
      const mentioned = new RegExp(`['"\`]${escaped(name)}['"\`]`)
      const first = (from: number, ...forms: RegExp[]): number =>
        lines.findIndex((text, place) => place >= from && forms.some((form) => form.test(text)))
      // A part of something may be stated before it and named there; what it is stands where it is stated.
      const isPart = nth > 0 && nth === names.length - 1
      const tries = isPart
        ? [first(at, stated), first(0, stated), first(at, mentioned)]
        : [first(at, stated, mentioned)]
      const next = tries.find((place) => place >= 0)
      if (next === undefined) continue
      at = next
      found += 1
    }
    if (found > 0) return { ...finding, file, line: at + 1 }
  }
  return finding
}
