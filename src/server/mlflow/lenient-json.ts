/**
 * JSON as Python writes it: with the bare words NaN, Infinity and -Infinity, which become texts.
 *
 * @throws SyntaxError
 */
export function parseLenientJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const mended = withTexts(text)
    if (mended === text) throw error
    return JSON.parse(mended)
  }
}

const word = /-?\b(?:NaN|Infinity)\b/y

function withTexts(text: string): string {
  let result = ''
  let kept = 0
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at]
    if (sign === '"') {
      for (at += 1; at < text.length && text[at] !== '"'; at += 1) if (text[at] === '\\') at += 1
    } else if (sign === 'N' || sign === 'I' || sign === '-') {
      word.lastIndex = at
      const found = word.exec(text)
      if (!found) continue
      result += `${text.slice(kept, at)}"${found[0]}"`
      at += found[0].length - 1
      kept = at + 1
    }
  }
  return result + text.slice(kept)
}
