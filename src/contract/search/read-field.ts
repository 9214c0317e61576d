import { nearest } from '../nearest.ts'
import type { FilterField, Span } from './filter-syntax.ts'
import type { FilterToken } from './filter-tokens.ts'
import { fieldText } from './format-filter.ts'
import { excerpt, SearchStop } from './search-problem.ts'
import { datasetKeys, type SearchSubject } from './search-subjects.ts'

type NameToken = Extract<FilterToken, { kind: 'name' }>

/** Names and aliases of attributes, with the attribute that each stands for. */
export type AttributeNames = ReadonlyMap<string, string>

/** The attributes that a filter can compare. */
export function filterAttributes(subject: SearchSubject): AttributeNames {
  return new Map(
    Object.entries(subject.attributes).flatMap(([key, { aliases = [] }]) =>
      [key, ...aliases].map((name) => [name, key]),
    ),
  )
}

/** The attributes that rows can be ordered by. */
export function orderAttributes(subject: SearchSubject): AttributeNames {
  return new Map(
    Object.entries(subject.order.attributes).flatMap(([key, aliases]) => [key, ...aliases].map((name) => [name, key])),
  )
}

// A long text is no slip of the finger, and comparing it with every name would cost its length each time.
const meant = (name: string, names: Iterable<string>): string | undefined =>
  name.length > 60 ? undefined : nearest(name, names)

function unknownName(place: Span, what: string, name: string, names: readonly string[], more?: string): SearchStop {
  const near = meant(name, names)
  return new SearchStop({
    from: place.from,
    to: place.to,
    message: `there is no ${what} ${excerpt(name) || '""'}`,
    hint: near ? `Did you mean ${near}?` : (more ?? `There are ${names.join(', ')}.`),
  })
}

/** A bare name that is no attribute may be one misspelt, a word without its key, or a key without its word. */
function unknownAttribute(place: Span, name: string, subject: SearchSubject, attributes: AttributeNames): SearchStop {
  if (Object.hasOwn(subject.words, name)) {
    return new SearchStop({ ...place, message: `expected a key after ${name}`, hint: `Write ${name}.<key>.` })
  }
  const logged = (['metric', 'param', 'tag'] as const)
    .filter((entity) => Object.values(subject.words).includes(entity))
    .map((entity) => excerpt(fieldText({ entity, key: name })))
  return unknownName(place, 'attribute', name, [...attributes.keys()], `What was logged is ${logged.join(' or ')}.`)
}

/**
 * The field that a name stands for: `metrics.loss`, ``tags.`a b` ``, `start_time`.
 *
 * @throws SearchStop where the subject has no such field.
 */
export function readField(token: NameToken, subject: SearchSubject, attributes: AttributeNames): FilterField {
  const place = { from: token.from, to: token.to }
  const stop = (message: string, hint?: string) => new SearchStop({ ...place, message, ...(hint && { hint }) })
  if (token.unclosed) throw stop('the quote is not closed')
  const { entity: word, key: part } = token
  const words = Object.keys(subject.words)
  if (!word) {
    if (part.quote === "'")
      throw stop('expected a field, found a text', 'Single quotes hold values; write `field` = value.')
    const key = attributes.get(part.text)
    if (key) return { entity: 'attribute', key, ...place }
    throw unknownAttribute(place, part.text, subject, attributes)
  }
  const entity = words.includes(word.text) ? subject.words[word.text] : undefined
  if (!entity || word.quote === '"') throw unknownName(place, 'kind of field', word.text, words)
  if (part.text === '' || (!part.quote && part.text.endsWith('.'))) {
    throw stop(
      `expected a key after ${word.text}.`,
      `A key with other than letters, digits, _ and . goes in backticks.`,
    )
  }
  if (entity === 'attribute') {
    const key = attributes.get(part.text)
    if (!key) throw unknownName(place, 'attribute', part.text, [...attributes.keys()])
    return { entity, key, ...place }
  }
  if (entity === 'dataset' && !datasetKeys.some((key) => key === part.text)) {
    throw unknownName(place, 'key of a dataset', part.text, datasetKeys)
  }
  return { entity, key: part.text, ...place }
}
