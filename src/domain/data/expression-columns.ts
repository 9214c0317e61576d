import type { Expression } from '../../contract/expression.ts'

/** Calls back for an expression and everything within it. */
function walk(expression: Expression, visit: (node: Expression) => void): void {
  visit(expression)
  switch (expression.op) {
    case 'add':
    case 'subtract':
    case 'multiply':
    case 'divide':
    case 'at-least':
    case 'at-most':
    case 'greater':
    case 'less':
    case 'equal':
    case 'not-equal':
      walk(expression.left, visit)
      walk(expression.right, visit)
      break
    case 'and':
    case 'or':
    case 'join':
      for (const part of expression.of) walk(part, visit)
      break
    case 'not':
    case 'is-missing':
    case 'bucket':
      walk(expression.of, visit)
      break
    case 'calendar':
      walk(expression.time, visit)
      if (expression.zone !== null) walk(expression.zone, visit)
      break
    case 'utc':
      walk(expression.local, visit)
      walk(expression.zone, visit)
      break
    case 'zone-at':
      walk(expression.latitude, visit)
      walk(expression.longitude, visit)
      break
    case 'attribute':
      walk(expression.key, visit)
      break
    case 'column':
    case 'literal':
    case 'row-key':
      break
  }
}

/** The columns that an expression reads itself. */
export function columnsOf(expression: Expression): Set<string> {
  const names = new Set<string>()
  walk(expression, (node) => {
    if (node.op === 'column') names.add(node.column)
  })
  return names
}

/** The entities whose attributes an expression reads. */
export function entitiesOf(expression: Expression): Set<string> {
  const names = new Set<string>()
  walk(expression, (node) => {
    if (node.op === 'attribute') names.add(node.entity)
  })
  return names
}

export function usesRowKey(expression: Expression): boolean {
  let found = false
  walk(expression, (node) => {
    if (node.op === 'row-key') found = true
  })
  return found
}
