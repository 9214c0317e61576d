import { MillwrightError } from '../../base/errors.ts'
import type { OrderPlace } from '../../ports/tracking.ts'

const invalid = (name: string, message: string): MillwrightError =>
  new MillwrightError('invalid-request', message, { field: name })

type Fields = Readonly<Record<string, unknown>>

const specialNumbers = new Map([
  ['nan', Number.NaN],
  ['infinity', Infinity],
  ['inf', Infinity],
  ['-infinity', -Infinity],
  ['-inf', -Infinity],
])

/**
 * The fields of a request, read as the protocol's messages are: a number may come as text, null is as good as absent, and what is not known is not looked at.
 * All of them throw `invalid-request` with the name of the field.
 */
export class Message {
  constructor(
    private readonly fields: Fields,
    private readonly path = '',
  ) {}

  private at(name: string): unknown {
    const value = Object.hasOwn(this.fields, name) ? this.fields[name] : undefined
    return value === null ? undefined : value
  }

  private nameOf(name: string): string {
    return this.path ? `${this.path}.${name}` : name
  }

  has(name: string): boolean {
    return this.at(name) !== undefined
  }

  /** Empty where it is absent. */
  text(name: string): string {
    const value = this.at(name)
    if (value === undefined) return ''
    if (typeof value === 'string') return value
    throw invalid(name, `Invalid value for parameter '${this.nameOf(name)}' supplied: it is no text`)
  }

  /** An enumeration, by its name or its number; empty where it is absent. */
  word(name: string): string {
    const value = this.at(name)
    return typeof value === 'number' ? String(value) : this.text(name)
  }

  /** Not empty. */
  needed(name: string): string {
    const text = this.text(name)
    if (text === '') throw invalid(name, `Missing value for required parameter '${this.nameOf(name)}'.`)
    return text
  }

  /** The run that it is about, by either of its two names. */
  runId(): string {
    return this.text('run_id') || this.text('run_uuid') || this.needed('run_id')
  }

  integer(name: string): number | undefined {
    const value = this.at(name)
    if (value === undefined || value === '') return undefined
    const number = typeof value === 'string' && /^-?\d+(\.0*)?$/.test(value) ? Number(value) : value
    if (typeof number === 'number' && Number.isInteger(number) && Math.abs(number) < 2 ** 63) return number
    throw invalid(name, `Parameter '${this.nameOf(name)}' must be an integer, got ${shown(value)}.`)
  }

  neededInteger(name: string): number {
    const value = this.integer(name)
    if (value === undefined) throw invalid(name, `Missing value for required parameter '${this.nameOf(name)}'.`)
    return value
  }

  neededNumber(name: string): number {
    const value = this.at(name)
    if (value === undefined || value === '')
      throw invalid(name, `Missing value for required parameter '${this.nameOf(name)}'.`)
    if (typeof value === 'number') return value
    if (typeof value === 'string') {
      const special = specialNumbers.get(value.toLowerCase())
      if (special !== undefined) return special
      if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value.trim())) return Number(value)
    }
    throw invalid(
      name,
      `Invalid value ${shown(value)} for parameter '${this.nameOf(name)}' supplied: Please specify value as a valid double (64-bit floating point)`,
    )
  }

  flag(name: string): boolean {
    const value = this.at(name)
    if (value === undefined) return false
    if (typeof value === 'boolean') return value
    if (value === 'true' || value === 'false') return value === 'true'
    throw invalid(name, `Invalid boolean value for '${this.nameOf(name)}': it must be true or false.`)
  }

  texts(name: string): string[] {
    const value = this.at(name)
    if (value === undefined) return []
    const list = Array.isArray(value) ? value : [value]
    if (list.every((each) => typeof each === 'string')) return list as string[]
    throw invalid(name, `Invalid value for parameter '${this.nameOf(name)}' supplied: it is no list of texts`)
  }

  messages(name: string): Message[] {
    const value = this.at(name)
    if (value === undefined) return []
    if (!Array.isArray(value))
      throw invalid(name, `Invalid value for parameter '${this.nameOf(name)}' supplied: it is no list`)
    return value.map((each, place) => asMessage(each, `${this.nameOf(name)}[${place}]`))
  }

  message(name: string): Message {
    return asMessage(this.at(name) ?? {}, this.nameOf(name))
  }

  /** Tags and params: a value may be absent, which is the empty text. */
  pairs(name: string): { key: string; value: string }[] {
    return this.messages(name).map((pair) => ({ key: pair.needed('key'), value: pair.text('value') }))
  }
}

function asMessage(value: unknown, path: string): Message {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return new Message(value as Fields, path)
  throw invalid(path, `Invalid value for parameter '${path}' supplied: it is no object`)
}

const shown = (value: unknown): string => JSON.stringify(value)?.slice(0, 100) ?? 'nothing'

const lifecycles = { '': 'active', '1': 'active', '2': 'deleted', '3': 'all' } as const
const views: Record<string, keyof typeof lifecycles> = { ACTIVE_ONLY: '1', DELETED_ONLY: '2', ALL: '3' }

/** An enumeration comes by its name or its number. */
export function lifecycleOf(message: Message, name: string): 'active' | 'deleted' | 'all' {
  const text = message.word(name)
  const number = views[text] ?? text
  if (Object.hasOwn(lifecycles, number)) return lifecycles[number as keyof typeof lifecycles]
  throw invalid(name, `Invalid value ${shown(text)} for parameter '${name}' supplied: ACTIVE_ONLY, DELETED_ONLY or ALL`)
}

/** A place to go on from, which only its maker can read. */
export const pageToken = (place: unknown): string => Buffer.from(JSON.stringify(place)).toString('base64url')

/** @throws `invalid-request` for what was made by nobody here. */
export function placeOf(token: string): OrderPlace | undefined {
  if (token === '') return undefined
  let place: unknown
  try {
    place = JSON.parse(Buffer.from(token, 'base64url').toString())
  } catch {}
  const isPart = (each: unknown): boolean => each === null || typeof each === 'string' || typeof each === 'number'
  if (Array.isArray(place) && place.length > 0 && place.every(isPart)) return place
  throw invalid('page_token', 'Invalid page token: take it as the answer before gave it.')
}

/** Which page is asked for. */
export function pageAsked(
  message: Message,
  { usual, most }: { usual: number; most: number },
): { limit: number; after: OrderPlace | undefined } {
  const limit = message.integer('max_results') ?? usual
  if (limit < 1 || limit > most)
    throw invalid(
      'max_results',
      `Invalid value ${limit} for parameter 'max_results' supplied: it is a number from 1 to ${most}`,
    )
  return { limit, after: placeOf(message.text('page_token')) }
}
