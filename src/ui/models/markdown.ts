/** A part of a line: plain, strong or as code. */
export type Inline = { kind: 'text' | 'strong' | 'code'; text: string }
export type Block =
  | { kind: 'heading'; level: number; content: Inline[] }
  | { kind: 'paragraph'; content: Inline[] }
  | { kind: 'list'; items: Inline[][] }
  | { kind: 'table'; head: Inline[][]; rows: Inline[][][] }

function inlineOf(text: string): Inline[] {
  return text
    .split(/(\*\*[^*]+\*\*|`[^`]+`)/)
    .filter((part) => part !== '')
    .map((part): Inline => {
      if (part.startsWith('**') && part.endsWith('**') && part.length > 4)
        return { kind: 'strong', text: part.slice(2, -2) }
      if (part.startsWith('`') && part.endsWith('`') && part.length > 2)
        return { kind: 'code', text: part.slice(1, -1) }
      return { kind: 'text', text: part }
    })
}

const cellsOf = (line: string): Inline[][] =>
  line
    .replace(/^\s*\||\|\s*$/g, '')
    .split('|')
    .map((cell) => inlineOf(cell.trim()))

/**
 * Model cards as blocks: headings, paragraphs, lists, tables, strong and code. Everything else is the text that it is: nothing that is written in a
 * card becomes a part of the page but by these.
 */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = []
  const lines = markdown.split(/\r?\n/)
  let at = 0
  const take = (belongs: (line: string) => boolean): string[] => {
    const taken: string[] = []
    while (at < lines.length && belongs(lines[at]!)) {
      taken.push(lines[at]!)
      at += 1
    }
    return taken
  }
  const isPlain = (line: string): boolean => line.trim() !== '' && !/^(#{1,6} |[-*] |\|)/.test(line)
  while (at < lines.length) {
    const line = lines[at]!
    const heading = /^(#{1,6}) (.*)$/.exec(line)
    if (line.trim() === '') at += 1
    else if (heading) {
      at += 1
      blocks.push({ kind: 'heading', level: heading[1]!.length, content: inlineOf(heading[2]!) })
    } else if (/^[-*] /.test(line)) {
      blocks.push({ kind: 'list', items: take((each) => /^[-*] /.test(each)).map((each) => inlineOf(each.slice(2))) })
    } else if (line.startsWith('|')) {
      const [head = '', ...rest] = take((each) => each.startsWith('|'))
      const rows = rest.filter((each) => !/^[|\s:-]+$/.test(each))
      blocks.push({ kind: 'table', head: cellsOf(head), rows: rows.map(cellsOf) })
    } else blocks.push({ kind: 'paragraph', content: inlineOf(take(isPlain).join(' ')) })
  }
  return blocks
}
