import { type FilterField, operatorsOf } from './filter-syntax.ts'
import { type FilterToken, keywordOf, tokenise } from './filter-tokens.ts'
import { fieldText, keyText, valueText } from './format-filter.ts'
import { readTokens } from './parse-filter.ts'
import type { Expected } from './search-problem.ts'
import { datasetKeys, kindOf, type SearchEntity, type SearchSubjectName, searchSubject } from './search-subjects.ts'

/** What the completion cannot know by itself. */
export interface KnownFields {
  /** Keys in use: names of metrics, params, tags. */
  keys: (entity: SearchEntity) => readonly string[]
  /** Values that the field has somewhere; none is fine. */
  values: (field: FilterField) => readonly (string | number)[]
}

export interface CompletionOption {
  /** What replaces the text between `from` and `to`. */
  text: string
  kind: 'field' | 'entity' | 'operator' | 'value' | 'word'
}

export interface Completion {
  from: number
  to: number
  options: CompletionOption[]
}

/** More than a person looks through. */
const most = 50

const option = (kind: CompletionOption['kind']) => (text: string) => ({ kind, text })

/** What the token at the caret says so far, without its opening quote: what options are held against. */
function writtenOf(token: FilterToken | undefined): string {
  if (!token) return ''
  if (token.kind !== 'name') return token.text
  return token.entity ? `${token.entity.text}.${token.key.text}` : token.key.text
}

/**
 * What can come at the caret: fields, operators, values or the words that join. Only what keeps the text right: each option makes of the text
 * before the caret the beginning of a filter. None where that text is wrong already.
 */
export function completeFilter(text: string, caret: number, name: SearchSubjectName, known: KnownFields): Completion {
  const tokens = tokenise(text.slice(0, caret))
  const last = tokens.at(-1)
  const current = last && isUnfinished(last, caret) ? last : undefined
  const before = current ? tokens.slice(0, -1) : tokens
  const from = current?.from ?? caret
  // A name or number under the caret is replaced as a whole; a quote that is not closed before the caret may be closed far behind it.
  const whole = current && !isOpen(current) ? tokenise(text.slice(from))[0] : undefined
  const place = { from, to: whole ? from + whole.to : caret }
  const expected = expectedAfter(before, name)
  if (!expected) return { ...place, options: [] }

  const written = writtenOf(current).toLowerCase()
  const ranked = optionsFor(expected, name, known, current, openParentheses(before) > 0)
    .map((each) => ({ each, rank: rankOf(each, written) }))
    .filter(({ rank }) => rank < 2)
  const options = [0, 1].flatMap((wanted) => ranked.filter(({ rank }) => rank === wanted).map(({ each }) => each))
  return { ...place, options: options.slice(0, most) }
}

const isOpen = (token: FilterToken): boolean => token.kind === 'name' && token.unclosed === true

/** True for a token that ends at the caret and could go on there. */
function isUnfinished(token: FilterToken, caret: number): boolean {
  if (isOpen(token)) return true
  if (token.to !== caret || token.kind === 'punctuation') return false
  return token.kind !== 'name' || token.key.quote === undefined
}

function expectedAfter(tokens: readonly FilterToken[], name: SearchSubjectName): Expected | undefined {
  if (tokens.length === 0) return { what: 'clause' }
  const { problem } = readTokens(tokens, tokens.at(-1)!.to, name)
  return problem ? problem.expected : { what: 'joiner' }
}

function openParentheses(tokens: readonly FilterToken[]): number {
  const count = (sign: string) => tokens.filter((token) => token.kind === 'punctuation' && token.text === sign).length
  return count('(') - count(')')
}

/** 0 where the option goes on from what is written, 1 where it contains it, 2 where it has nothing of it. */
function rankOf({ text }: CompletionOption, written: string): number {
  const bare = text.replace(/['"`]/g, '').toLowerCase()
  const wanted = written.replace(/['"`]/g, '')
  return bare.startsWith(wanted) ? 0 : bare.includes(wanted) ? 1 : 2
}

function optionsFor(
  expected: Expected,
  name: SearchSubjectName,
  known: KnownFields,
  current: FilterToken | undefined,
  open: boolean,
): CompletionOption[] {
  const words = (...texts: string[]) => texts.map(option('word'))
  switch (expected.what) {
    case 'clause':
      return fieldOptions(name, known, current)
    case 'operator': {
      const signs = operatorsOf(kindOf(searchSubject(name), expected.field))
      return [...signs, 'IN (', 'NOT IN (', 'IS NULL', 'IS NOT NULL'].map(option('operator'))
    }
    case 'value':
    case 'list-value':
      return known.values(expected.field).map(valueText).map(option('value'))
    case 'list':
      return words('(')
    case 'list-next':
      return words(',', ')')
    case 'in':
      return words('IN (')
    case 'null':
      return expected.negated ? words('NULL') : words('NULL', 'NOT NULL')
    case 'joiner':
      return words('AND', 'OR', ...(open ? [')'] : []))
  }
}

function fieldOptions(
  name: SearchSubjectName,
  known: KnownFields,
  current: FilterToken | undefined,
): CompletionOption[] {
  const subject = searchSubject(name)
  const word = current?.kind === 'name' ? current.entity?.text : undefined
  const keysOf = (entity: SearchEntity): readonly string[] => {
    if (entity === 'attribute') return Object.keys(subject.attributes)
    return entity === 'dataset' ? datasetKeys : known.keys(entity)
  }
  if (word !== undefined) {
    const entity = Object.hasOwn(subject.words, word) ? subject.words[word] : undefined
    if (!entity) return []
    // The word stays as it was written: `param.` and `params.` are the same.
    return keysOf(entity).map((key) => option('field')(`${word}.${keyText(key)}`))
  }
  const entities = [...new Set(Object.values(subject.words))].filter((entity) => entity !== 'attribute')
  const firstWord = (entity: SearchEntity) => Object.keys(subject.words).find((each) => subject.words[each] === entity)!
  return [
    ...keysOf('attribute').map(option('field')),
    ...entities.map(firstWord).map((each) => option('entity')(`${each}.`)),
    // Without a letter written, all keys would bury the rest.
    ...(keywordOf(current)
      ? entities.flatMap((entity) => keysOf(entity).map((key) => option('field')(fieldText({ entity, key }))))
      : []),
    ...['NOT', '('].map(option('word')),
  ]
}
