/** Least insertions, deletions, replacements and swaps of neighbours that make one text of another (optimal string alignment; Damerau 1964). */
function distance(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, i) => i)]
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= to.length; j += 1) {
      const same = from[i - 1] === to[j - 1]
      row[j] = Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + (same ? 0 : 1))
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      if (swapped) row[j] = Math.min(row[j]!, rows[i - 2]![j - 2]! + 1)
    }
    rows.push(row)
  }
  return rows[from.length]![to.length]!
}

/** The name that somebody may have meant; undefined when none is near. */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  let best: { name: string; off: number } | undefined
  for (const each of names) {
    const off = distance(name.toLowerCase(), each.toLowerCase())
    if (
      off <= Math.max(1, Math.floor(Math.max(name.length, each.length) / 3)) &&
      off < (best?.off ?? Number.POSITIVE_INFINITY)
    )
      best = { name: each, off }
  }
  return best?.name
}
