import type { Span } from './filter-syntax.ts'

export type Quote = "'" | '"' | '`'

/** A word, or what stood between quotes; a doubled quote has become one. */
export interface NamePart {
  text: string
  quote?: Quote
}

export type FilterToken = Span &
  (
    | { kind: 'name'; entity?: NamePart; key: NamePart; unclosed?: true }
    | { kind: 'number'; text: string }
    | { kind: 'operator'; text: string }
    | { kind: 'punctuation'; text: '(' | ')' | ',' }
    /** A character that the language does not have. */
    | { kind: 'unknown'; text: string }
  )

// One class each, repeated: nothing to go back over, so that they stay linear.
const spaces = /\s+/y
const wordLetters = /[\p{L}\p{N}\p{M}_]+/uy
const keyLetters = /[\p{L}\p{N}\p{M}_.]+/uy
const plainKey = /^[\p{L}\p{N}\p{M}_]+(?:\.[\p{L}\p{N}\p{M}_]+)*$/u

const isDigit = (character: string | undefined): boolean =>
  character !== undefined && character >= '0' && character <= '9'
const isOperator = (character: string | undefined): boolean => character !== undefined && '<>=!~&|'.includes(character)
const isQuote = (character: string | undefined): character is Quote =>
  character === "'" || character === '"' || character === '`'

/** True where a key can be written without quotes. */
export function isPlainKey(key: string): boolean {
  return plainKey.test(key)
}

/** The tokens of a filter or an ordering, in one pass, up to and with the first that the language does not have. */
export function tokenise(text: string): FilterToken[] {
  const tokens: FilterToken[] = []
  let at = 0

  /** What of this class stands here; moves behind it. */
  const take = (letters: RegExp): string => {
    letters.lastIndex = at
    const [taken = ''] = letters.exec(text) ?? []
    at += taken.length
    return taken
  }

  const quoted = (quote: Quote): { part: NamePart; unclosed: boolean } => {
    const pieces: string[] = []
    at += 1
    for (;;) {
      const end = text.indexOf(quote, at)
      if (end < 0) {
        pieces.push(text.slice(at))
        at = text.length
        return { part: { text: pieces.join(''), quote }, unclosed: true }
      }
      pieces.push(text.slice(at, end))
      at = end + 1
      if (text[at] !== quote) return { part: { text: pieces.join(''), quote }, unclosed: false }
      pieces.push(quote)
      at += 1
    }
  }

  const startsWord = (): boolean => {
    wordLetters.lastIndex = at
    return wordLetters.test(text)
  }

  const name = (): void => {
    const from = at
    const read = (dots: boolean) => {
      const quote = text[at]
      return isQuote(quote) ? quoted(quote) : { part: { text: take(dots ? keyLetters : wordLetters) }, unclosed: false }
    }
    let { part: key, unclosed } = read(false)
    let entity: NamePart | undefined
    // A text in single quotes is a value, whatever follows it.
    if (!unclosed && key.quote !== "'" && text[at] === '.') {
      at += 1
      entity = key
      ;({ part: key, unclosed } = read(true))
    }
    tokens.push({ kind: 'name', from, to: at, ...(entity && { entity }), key, ...(unclosed && { unclosed }) })
  }

  const number = (): void => {
    const from = at
    const digits = () => {
      while (isDigit(text[at])) at += 1
    }
    if (text[at] === '-') at += 1
    digits()
    if (text[at] === '.') at += 1
    digits()
    if (text[at] === 'e' || text[at] === 'E') {
      const signed = text[at + 1] === '-' || text[at + 1] === '+'
      if (isDigit(text[at + (signed ? 2 : 1)])) {
        at += signed ? 2 : 1
        digits()
      }
    }
    // What sticks to a number makes it none: `1e`, `1.2.3`, `5abc`.
    const clean = take(keyLetters) === ''
    tokens.push({ kind: clean ? 'number' : 'unknown', from, to: at, text: text.slice(from, at) })
  }

  while (tokens.at(-1)?.kind !== 'unknown') {
    take(spaces)
    if (at >= text.length) break
    const character = text[at]!
    const next = text[at + 1]
    if (isDigit(character)) number()
    else if (character === '-' && (isDigit(next) || (next === '.' && isDigit(text[at + 2])))) number()
    else if (character === '.' && isDigit(next)) number()
    else if (character === '(' || character === ')' || character === ',') {
      tokens.push({ kind: 'punctuation', from: at, to: at + 1, text: character })
      at += 1
    } else if (isOperator(character)) {
      const from = at
      while (isOperator(text[at])) at += 1
      tokens.push({ kind: 'operator', from, to: at, text: text.slice(from, at) })
    } else if (isQuote(character) || startsWord()) name()
    else {
      // A letter outside the first plane is two units long.
      const whole = String.fromCodePoint(text.codePointAt(at)!)
      tokens.push({ kind: 'unknown', from: at, to: at + whole.length, text: whole })
    }
  }
  return tokens
}

/** The upper-case word of a token that is one bare word; undefined for every other token. */
export function keywordOf(token: FilterToken | undefined): string | undefined {
  if (token?.kind !== 'name' || token.entity || token.key.quote) return undefined
  return token.key.text.toUpperCase()
}
