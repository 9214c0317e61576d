import type { Feature } from '../../contract/definition.ts'
import { duration } from '../format.ts'
import { expressionWords } from './expression-words.ts'

/** A feature as a sentence: `share of events with delay ≥ 15`. */
export function featureWords({ aggregate, of }: Feature): string {
  const what = expressionWords(of)
  switch (aggregate) {
    case 'count':
      return 'how many events'
    case 'share':
      return `share of events with ${what}`
    case 'last':
      return `newest ${what}`
    case 'std':
      return `standard deviation of ${what}`
    default:
      return `${aggregate} of ${what}`
  }
}

/** Which events count: `the last 3 h`. */
export function windowWords({ windowMs, ttlMs }: Feature): string {
  if (windowMs !== null) return `the last ${duration(windowMs)}`
  return ttlMs === null ? 'ever' : `no older than ${duration(ttlMs)}`
}
