/** A line of a `requirements.txt`, with those that continue it. */
export interface RequirementLine {
  /** As it stands in the file. */
  text: string
  /** What it pins; null for options, comments, blank lines and what is not pinned to one version. */
  pin: { name: string; extras: string; version: string; marker: string; hashed: boolean } | null
  /** A package that is named without one version. */
  loose: string | null
}

/** The name of a package as indexes compare it (PEP 503). */
export const normalName = (name: string): string => name.toLowerCase().replace(/[-_.]+/g, '-')

/** The lines of a `requirements.txt`. Joined again with line ends they are the file. */
export function requirementLines(text: string): RequirementLine[] {
  const lines: RequirementLine[] = []
  let held: string[] = []
  for (const line of text.split('\n')) {
    held.push(line)
    if (/\\\s*$/.test(line)) continue
    lines.push(lineOf(held.join('\n')))
    held = []
  }
  if (held.length > 0) lines.push(lineOf(held.join('\n')))
  return lines
}

function lineOf(text: string): RequirementLine {
  const stated = text
    .replace(/\\\s*\n/g, ' ')
    .replace(/(^|\s)#.*$/, '')
    .trim()
  const pinned =
    /^([A-Za-z0-9][\w.-]*)\s*(\[[^\]]*\])?\s*={2,3}\s*([^\s;,*]+)\s*(?:;\s*(.*?))?((?:\s+--hash[= ]\S+)*)$/.exec(stated)
  if (pinned) {
    const [, name, extras = '', version, marker = '', hashes] = pinned
    return { text, pin: { name: name!, extras, version: version!, marker, hashed: hashes !== '' }, loose: null }
  }
  const named = /^([A-Za-z0-9][\w.-]*)/.exec(stated)
  return { text, pin: null, loose: named ? named[1]! : null }
}

/** A pin as it is written; hashes stand on lines of their own, as pip-compile writes them. */
export function pinText(
  { name, extras, version, marker }: { name: string; extras: string; version: string; marker: string },
  hashes: readonly string[],
): string {
  const head = `${name}${extras}==${version}${marker ? ` ; ${marker}` : ''}`
  return [head, ...hashes.map((hash) => `    --hash=${hash}`)].join(' \\\n')
}
