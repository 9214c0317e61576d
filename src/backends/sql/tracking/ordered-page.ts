import { type RawBuilder, sql } from 'kysely'
import type { OrderPlace } from '../../../ports/tracking.ts'

/** A part of an order. */
export interface Term {
  value: RawBuilder<unknown>
  descending: boolean
}

/** By a value that may be null: what has none comes last, whichever way it goes. */
export const nullsLast = (value: RawBuilder<unknown>, descending: boolean): Term[] => [
  { value: sql`(${value} is null)`, descending: false },
  { value, descending },
]

/** What comes after a place, in an order of mixed directions. */
export function afterPlace(terms: readonly Term[], place: OrderPlace): RawBuilder<boolean> {
  const [term, ...others] = terms
  const [value, ...rest] = place
  if (!term || value === undefined) return sql`1 = 0`
  // Null stands last, or all are null.
  const beyond = value === null ? sql`1 = 0` : sql`${term.value} ${sql.raw(term.descending ? '<' : '>')} ${value}`
  const same = value === null ? sql`${term.value} is null` : sql`${term.value} = ${value}`
  return sql`(${beyond} or (${same} and ${afterPlace(others, rest)}))`
}

/** The name of the column with what rows are ordered by, at a place of the order. */
export const orderColumn = (place: number): string => `o${place}`

/** The values that rows are ordered by, as columns of their own. */
export const orderColumns = (terms: readonly Term[]): RawBuilder<unknown> =>
  sql.join(terms.map(({ value }, place) => sql`${value} as ${sql.ref(orderColumn(place))}`))

export const orderBy = (terms: readonly Term[]): RawBuilder<unknown> =>
  sql.join(
    terms.map(({ descending }, place) => sql`${sql.ref(orderColumn(place))} ${sql.raw(descending ? 'desc' : 'asc')}`),
  )

/** Of `limit + 1` rows the page, and the place where the next begins. */
export function pageOf<R extends object>(
  rows: readonly R[],
  limit: number,
  terms: readonly Term[],
): { page: R[]; places: OrderPlace[]; next: OrderPlace | null } {
  const page = rows.slice(0, limit)
  const places = page.map((row) =>
    terms.map((_, place) => (row as Record<string, string | number | null>)[orderColumn(place)]!),
  )
  return { page, places, next: rows.length > limit ? (places.at(-1) ?? null) : null }
}
