import type { Expectation } from '../../contract/definition.ts'
import { figure, percent } from '../format.ts'

const consequence = { stop: 'refused', quarantine: 'set aside', warn: 'told' } as const

function range(min: number | null, max: number | null): string {
  if (min === null) return `at most ${figure(max)}`
  return max === null ? `at least ${figure(min)}` : `between ${figure(min)} and ${figure(max)}`
}

function rule(expectation: Expectation): string {
  switch (expectation.kind) {
    case 'between':
      return `${expectation.column} is ${range(expectation.min, expectation.max)}`
    case 'in': {
      const { values } = expectation
      return `${expectation.column} is one of ${values.slice(0, 6).join(', ')}${values.length > 6 ? ` and ${values.length - 6} more` : ''}`
    }
    case 'in-entity':
      return `${expectation.column} is a known ${expectation.entity}`
    case 'matches':
      return `${expectation.column} matches ${expectation.pattern}`
    case 'unique':
      return `${expectation.columns.join(', ')} is unique`
    case 'present':
      return `${expectation.column} is there`
    case 'holds':
      return expectation.what
    case 'row-count':
      return `a batch has ${range(expectation.min, expectation.max)} rows`
    case 'statistic':
      return `the ${expectation.statistic} of ${expectation.column} is ${range(expectation.min, expectation.max)}`
    case 'shift':
      return `${expectation.column} is no further than ${expectation.max} from its reference`
  }
}

/** An expectation as a sentence: `distance is between 10 and 6,000 in 99 % of the rows, otherwise refused`. */
export function expectationWords(expectation: Expectation): string {
  const mostly =
    'mostly' in expectation && expectation.mostly < 1 ? ` in ${percent(expectation.mostly, 2)} of the rows` : ''
  return `${rule(expectation)}${mostly}, otherwise ${consequence[expectation.severity]}`
}
