import type { Expression } from '../../contract/expression.ts'

const signs = {
  add: '+',
  subtract: '−',
  multiply: '×',
  divide: '÷',
  'at-least': '≥',
  'at-most': '≤',
  greater: '>',
  less: '<',
  equal: '=',
  'not-equal': '≠',
} as const

/** A computation as one would write it: `delay ≥ 15`, `weekday of departs_at`. Operands that are computed themselves stand in brackets. */
export function expressionWords(expression: Expression): string {
  const inner = (of: Expression): string => {
    const words = expressionWords(of)
    return of.op === 'column' || of.op === 'literal' || of.op === 'attribute' ? words : `(${words})`
  }
  switch (expression.op) {
    case 'column':
      return expression.column
    case 'literal':
      return String(expression.value)
    case 'and':
    case 'or':
      return expression.of.map(inner).join(` ${expression.op} `)
    case 'not':
      return `not ${inner(expression.of)}`
    case 'is-missing':
      return `${inner(expression.of)} is missing`
    case 'calendar':
      return `${expression.part.replaceAll('-', ' ')} of ${inner(expression.time)}`
    case 'utc':
      return `${inner(expression.local)} in UTC`
    case 'zone-at':
      return `time zone at ${inner(expression.latitude)}, ${inner(expression.longitude)}`
    case 'attribute':
      return `${expression.attribute} of ${expression.entity} ${inner(expression.key)}`
    case 'bucket':
      return `part of ${inner(expression.of)}: ${expression.labels.join(', ')}`
    case 'join':
      return expression.of.map(inner).join(` ${expression.separator} `)
    case 'row-key':
      return 'place of the row in its file'
    default:
      return `${inner(expression.left)} ${signs[expression.op]} ${inner(expression.right)}`
  }
}
