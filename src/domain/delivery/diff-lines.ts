/** Beyond this many differences a count says no more than "another file". */
const most = 20_000

/**
 * How many lines were added and removed from one text to another: the shortest edit script's length (Myers 1986, "An O(ND) Difference Algorithm
 * and Its Variations"), from which both counts follow.
 *
 * @returns null for texts too different to count.
 */
export function countLines(before: string, after: string): { added: number; removed: number } | null {
  const [from, to] = [linesOf(before), linesOf(after)]
  let start = 0
  while (start < from.length && start < to.length && from[start] === to[start]) start += 1
  let end = 0
  while (end < from.length - start && end < to.length - start && from.at(-1 - end) === to.at(-1 - end)) end += 1
  const [a, b] = [from.slice(start, from.length - end), to.slice(start, to.length - end)]
  const edits = editDistance(a, b)
  if (edits === null) return null
  const added = (edits + b.length - a.length) / 2
  return { added, removed: edits - added }
}

function linesOf(text: string): string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

/** Insertions and deletions, as few as possible. */
function editDistance(a: readonly string[], b: readonly string[]): number | null {
  const bound = Math.min(a.length + b.length, most)
  // Furthest place in `a` reached on each diagonal.
  const reached = new Map<number, number>([[1, 0]])
  for (let edits = 0; edits <= bound; edits += 1) {
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const [left, right] = [reached.get(diagonal - 1) ?? -1, reached.get(diagonal + 1) ?? -1]
      let x = diagonal === -edits || (diagonal !== edits && left < right) ? right : left + 1
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x += 1
      reached.set(diagonal, x)
      if (x >= a.length && x - diagonal >= b.length) return edits
    }
  }
  return null
}
