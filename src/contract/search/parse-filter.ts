import {
  type ComparisonOperator,
  type Filter,
  type FilterField,
  type FilterValue,
  filterLimits,
  operatorsOf,
} from './filter-syntax.ts'
import { type FilterToken, keywordOf, tokenise } from './filter-tokens.ts'
import { fieldText } from './format-filter.ts'
import { type AttributeNames, filterAttributes, readField } from './read-field.ts'
import { type Expected, excerpt, type SearchProblem, SearchStop, searchError } from './search-problem.ts'
import { kindOf, type SearchSubject, type SearchSubjectName, searchSubject } from './search-subjects.ts'

/** Signs of other languages, and the one that is meant here. */
const otherSigns: Readonly<Record<string, string>> = {
  '==': '=',
  '<>': '!=',
  '=!': '!=',
  '=>': '>=',
  '=<': '<=',
  '&&': 'AND',
  '||': 'OR',
  '!': 'NOT',
}

/** The tree of a filter that is right; undefined for an empty one, which every row matches. */
export type FilterReading =
  | { filter: Filter | undefined; problem?: undefined }
  | { filter?: undefined; problem: SearchProblem }

/**
 * Reads a filter without throwing, for a screen that underlines what is wrong.
 *
 * Takes what MLflow takes for this subject, and OR, NOT, parentheses, IN and null tests everywhere. Time and memory grow with the length of the
 * text; `filterLimits` bounds it, the clauses, the values and the depth.
 */
export function readFilter(text: string, subject: SearchSubjectName): FilterReading {
  if (text.length > filterLimits.length) {
    const message = `a filter can have ${filterLimits.length} characters, and this has ${text.length}`
    return { problem: { from: filterLimits.length, to: text.length, message } }
  }
  const tokens = tokenise(text)
  return tokens.length === 0 ? { filter: undefined } : readTokens(tokens, text.length, subject)
}

/** Reads the tokens of a filter whose text ends at `end`. */
export function readTokens(tokens: readonly FilterToken[], end: number, subject: SearchSubjectName): FilterReading {
  try {
    return { filter: new FilterReader(tokens, end, searchSubject(subject)).whole() }
  } catch (error) {
    if (error instanceof SearchStop) return { problem: error.problem }
    throw error
  }
}

/**
 * The tree of a filter; undefined for an empty one.
 *
 * @throws MillwrightError `invalid-request` with the field `filter`, saying where, what was expected and which name is near.
 */
export function parseFilter(text: string, subject: SearchSubjectName): Filter | undefined {
  const { filter, problem } = readFilter(text, subject)
  if (problem) throw searchError(problem, 'filter')
  return filter
}

/** One reading of one text, by recursive descent: OR binds weakest, then AND, then NOT. */
class FilterReader {
  private at = 0
  private depth = 0
  private clauses = 0
  private values = 0
  private readonly attributes: AttributeNames

  constructor(
    private readonly tokens: readonly FilterToken[],
    private readonly end: number,
    private readonly subject: SearchSubject,
  ) {
    this.attributes = filterAttributes(subject)
  }

  whole(): Filter {
    const filter = this.junction('or')
    if (this.at < this.tokens.length) throw this.unexpected('AND, OR or the end', { what: 'joiner' })
    return filter
  }

  private get token(): FilterToken | undefined {
    return this.tokens[this.at]
  }

  private keyword(...words: string[]): boolean {
    const found = keywordOf(this.token)
    if (found === undefined || !words.includes(found)) return false
    this.at += 1
    return true
  }

  private punctuation(sign: '(' | ')' | ','): boolean {
    if (this.token?.kind !== 'punctuation' || this.token.text !== sign) return false
    this.at += 1
    return true
  }

  private stop(token: FilterToken, message: string, hint?: string): SearchStop {
    return new SearchStop({ from: token.from, to: token.to, message, ...(hint && { hint }) })
  }

  /** What was expected here, and what is there instead. */
  private unexpected(wanted: string, expected: Expected): SearchStop {
    const { token } = this
    if (!token) {
      const message = `expected ${wanted}, found the end of the filter`
      return new SearchStop({ from: this.end, to: this.end, message, expected })
    }
    if (token.kind === 'name' && token.unclosed) return this.stop(token, 'the quote is not closed')
    return this.stop(token, `expected ${wanted}, found ${this.shown(token)}`, this.mend(token))
  }

  private shown(token: FilterToken): string {
    if (token.kind !== 'name') return excerpt(token.text)
    const part = ({ text, quote = '' }: { text: string; quote?: string }) => `${quote}${excerpt(text)}${quote}`
    return `${token.entity ? `${part(token.entity)}.` : ''}${part(token.key)}`
  }

  private mend(token: FilterToken): string | undefined {
    if (token.kind === 'operator' && Object.hasOwn(otherSigns, token.text)) return `Write ${otherSigns[token.text]}.`
    const before = this.tokens[this.at - 1]
    if (
      (token.kind === 'unknown' || token.kind === 'number') &&
      before?.kind === 'name' &&
      before.entity &&
      before.to === token.from
    ) {
      return `A key with ${excerpt(token.text)} goes in backticks: ${before.entity.text}.\`…\`.`
    }
    return undefined
  }

  private deeper<T>(read: () => T): T {
    this.depth += 1
    if (this.depth > filterLimits.depth) {
      throw this.stop(
        this.tokens[this.at - 1]!,
        `parentheses and NOT can be ${filterLimits.depth} deep, and not deeper`,
      )
    }
    const result = read()
    this.depth -= 1
    return result
  }

  private junction(kind: 'and' | 'or'): Filter {
    const operand = () => (kind === 'or' ? this.junction('and') : this.operand())
    const from = this.token?.from ?? this.end
    const of = [operand()]
    while (this.keyword(kind.toUpperCase())) of.push(operand())
    return of.length === 1 ? of[0]! : { kind, of, from, to: this.behind() }
  }

  private behind(): number {
    return this.tokens[this.at - 1]!.to
  }

  private operand(): Filter {
    const from = this.token?.from ?? this.end
    if (this.keyword('NOT')) {
      const of = this.deeper(() => this.operand())
      return { kind: 'not', of, from, to: of.to }
    }
    if (!this.punctuation('(')) return this.clause()
    const filter = this.deeper(() => this.junction('or'))
    if (!this.punctuation(')')) throw this.unexpected('AND, OR or )', { what: 'joiner' })
    return { ...filter, from, to: this.behind() }
  }

  private clause(): Filter {
    const { token } = this
    if (token?.kind !== 'name' || ['AND', 'OR', 'IN', 'IS', 'NULL', 'LIKE', 'ILIKE'].includes(keywordOf(token) ?? '')) {
      throw this.unexpected('a field, such as metrics.loss', { what: 'clause' })
    }
    this.clauses += 1
    if (this.clauses > filterLimits.clauses) {
      throw this.stop(
        token,
        `a filter can have ${filterLimits.clauses} clauses, and not more`,
        'IN takes a list of values.',
      )
    }
    const field = readField(token, this.subject, this.attributes)
    this.at += 1
    const { from } = token
    if (this.keyword('IS')) {
      const negated = this.keyword('NOT')
      if (!this.keyword('NULL')) throw this.unexpected(negated ? 'NULL' : 'NULL or NOT NULL', { what: 'null', negated })
      return { kind: 'null', field, negated, from, to: this.behind() }
    }
    if (this.keyword('IN')) return this.membership(field, false, from)
    if (this.keyword('NOT')) {
      if (this.keyword('IN')) return this.membership(field, true, from)
      if (['LIKE', 'ILIKE'].includes(keywordOf(this.token) ?? '')) {
        throw this.stop(this.token!, 'expected IN after NOT', 'Put NOT before the clause: NOT field LIKE pattern.')
      }
      throw this.unexpected('IN', { what: 'in' })
    }
    const operator = this.operator(field)
    const value = this.value(field, { what: 'value', field, operator }, operator)
    return { kind: 'comparison', field, operator, value, from, to: value.to }
  }

  private operator(field: FilterField): ComparisonOperator {
    const kind = kindOf(this.subject, field)
    const numeric = kind === 'number' || kind === 'integer'
    const allowed = operatorsOf(kind)
    const { token } = this
    const written = token?.kind === 'operator' ? token.text : keywordOf(token)
    const known = [...operatorsOf('number'), ...operatorsOf('text')].find((operator) => operator === written)
    if (!known) throw this.unexpected(`${allowed.join(' ')}, IN or IS`, { what: 'operator', field })
    if (!allowed.includes(known)) {
      const what = kind === 'digits' ? 'an id' : numeric ? 'a number' : 'a text'
      throw this.stop(
        token!,
        `${excerpt(fieldText(field))} is ${what}, which cannot be compared by ${known}`,
        `Use one of ${allowed.join(' ')}, IN, IS NULL.`,
      )
    }
    this.at += 1
    return known
  }

  private membership(field: FilterField, negated: boolean, from: number): Filter {
    if (!this.punctuation('(')) throw this.unexpected('( and a list of values', { what: 'list', field })
    const values: FilterValue[] = []
    do {
      // A comma behind the last value is how Python writes a list of one.
      if (values.length > 0 && this.punctuation(')'))
        return { kind: 'in', field, negated, values, from, to: this.behind() }
      values.push(this.value(field, { what: 'list-value', field }))
    } while (this.punctuation(','))
    if (!this.punctuation(')')) throw this.unexpected('a comma or )', { what: 'list-next' })
    return { kind: 'in', field, negated, values, from, to: this.behind() }
  }

  private value(field: FilterField, expected: Expected, operator?: ComparisonOperator): FilterValue {
    const { token } = this
    const kind = kindOf(this.subject, field)
    const numeric = kind === 'number' || kind === 'integer'
    const wanted = `${numeric ? `a${kind === 'integer' ? ' whole' : ''} number` : "a text in quotes, such as 'adam',"} for ${excerpt(fieldText(field))}`
    if (!token) throw this.unexpected(wanted, expected)
    const quote = token.kind === 'name' && !token.entity && !token.unclosed ? token.key.quote : undefined
    const text = token.kind === 'name' && (quote === "'" || quote === '"') ? token.key.text : undefined
    let value: string | number
    if (numeric) {
      const quoted = field.entity === 'attribute' && this.subject.attributes[field.key]?.quoted
      const written = token.kind === 'number' ? token.text : quoted ? text : undefined
      if (written === undefined || (kind === 'integer' && !/^-?\d{1,20}$/.test(written)))
        throw this.unexpected(wanted, expected)
      // Adding 0 makes 0 of -0, which a text of the tree could not tell.
      value = Number(written) + 0
    } else {
      if (text === undefined || (kind === 'digits' && !/^\d{1,40}$/.test(text))) {
        const mend = token.kind === 'number' ? `Write '${excerpt(token.text)}'.` : undefined
        const refusal = this.unexpected(kind === 'digits' ? `digits in quotes for ${field.key}` : wanted, expected)
        throw mend ? new SearchStop({ ...refusal.problem, hint: mend }) : refusal
      }
      value = kind === 'digits' ? text.replace(/^0+(?=\d)/, '') : text
      if (operator?.endsWith('LIKE') && value.length > filterLimits.pattern) {
        throw this.stop(token, `a pattern can have ${filterLimits.pattern} characters, and this has ${value.length}`)
      }
    }
    this.values += 1
    if (this.values > filterLimits.values) {
      throw this.stop(token, `a filter can have ${filterLimits.values} values, and not more`)
    }
    this.at += 1
    return { value, from: token.from, to: token.to }
  }
}
