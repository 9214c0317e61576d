import { MillwrightError } from '../../base/errors.ts'
import type { ComparisonOperator, FilterField, Span } from './filter-syntax.ts'

/** What could stand where the text ended. */
export type Expected =
  | { what: 'clause' }
  | { what: 'operator'; field: FilterField }
  | { what: 'value'; field: FilterField; operator: ComparisonOperator }
  | { what: 'list'; field: FilterField }
  | { what: 'list-value'; field: FilterField }
  | { what: 'list-next' }
  | { what: 'in' }
  | { what: 'null'; negated: boolean }
  | { what: 'joiner' }

/** Why a text is no filter or no ordering, and where. */
export interface SearchProblem extends Span {
  message: string
  hint?: string
  /** Only where the text is right so far and ends too early. */
  expected?: Expected
}

/** Ends the reading of a text from any depth; it does not leave this folder. */
export class SearchStop {
  constructor(readonly problem: SearchProblem) {}
}

/** The one error of a filter (`field` is `filter`) or an ordering (`order_by`), with the place counted from 1. */
export function searchError(problem: SearchProblem, field: 'filter' | 'order_by'): MillwrightError {
  return new MillwrightError('invalid-request', `${field}, character ${problem.from + 1}: ${problem.message}`, {
    field,
    ...(problem.hint !== undefined && { hint: problem.hint }),
  })
}

/** A piece of what somebody wrote, short enough for a message. */
export function excerpt(text: string): string {
  const characters = [...text.slice(0, 100)]
  const short = characters.length > 40 || text.length > 100 ? `${characters.slice(0, 40).join('')}…` : text
  return short.replace(/\s+/g, ' ')
}
