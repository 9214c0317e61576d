import type { StepDefinition } from '../../contract/pipeline.ts'

/** Steps in an order in which each stands behind what it needs, otherwise as they are stated. */
export function stepsInOrder(steps: readonly StepDefinition[]): StepDefinition[] {
  const names = new Set(steps.map(({ name }) => name))
  const placed = new Set<string>()
  const ordered: StepDefinition[] = []
  while (ordered.length < steps.length) {
    const next = steps.find(
      ({ name, needs }) => !placed.has(name) && needs.every((need) => placed.has(need) || !names.has(need)),
    )
    // Definitions with a circle are refused before they get here.
    if (!next) break
    placed.add(next.name)
    ordered.push(next)
  }
  return ordered
}

/**
 * What needs what, without the lines that a longer way says as well (the transitive reduction): a picture of them all hides the order.
 *
 * @param steps as `stepsInOrder` gives them.
 */
export function stepEdges(steps: readonly StepDefinition[]): { from: string; to: string }[] {
  const before = new Map<string, Set<string>>()
  const edges: { from: string; to: string }[] = []
  for (const { name, needs } of steps) {
    const all = new Set(needs)
    for (const need of needs) for (const earlier of before.get(need) ?? []) all.add(earlier)
    before.set(name, all)
    for (const need of needs) {
      const isSaid = needs.some((other) => other !== need && before.get(other)?.has(need))
      if (!isSaid) edges.push({ from: need, to: name })
    }
  }
  return edges
}

/** A step and all that come after it because they need it, in order. */
export function stepsFrom(steps: readonly StepDefinition[], from: string): StepDefinition[] {
  const taken = new Set([from])
  return steps.filter(({ name, needs }) => {
    if (needs.some((need) => taken.has(need))) taken.add(name)
    return taken.has(name)
  })
}

const signs = {
  equal: '=',
  'not-equal': '≠',
  greater: '>',
  less: '<',
  'at-least': '≥',
  'at-most': '≤',
  present: 'is there',
} as const

/** `steps.register.registered = true`. */
export const conditionText = ({ value, is, to }: NonNullable<StepDefinition['when']>): string =>
  is === 'present' ? `${value} ${signs[is]}` : `${value} ${signs[is]} ${JSON.stringify(to)}`

/** What a step is made of, in a word or two: a stage of Millwright, a function of a module, a notebook, a command. */
export function workText({ run }: StepDefinition): string {
  if (run.kind === 'stage') return `stage ${run.stage}`
  if (run.kind === 'notebook') return run.notebook
  return run.kind === 'function' ? run.module : run.command.join(' ')
}

/** Steps that stand behind each other on the longest way. */
export function depthOf(steps: readonly StepDefinition[]): number {
  const depths = new Map<string, number>()
  for (const { name, needs } of steps) depths.set(name, 1 + Math.max(0, ...needs.map((need) => depths.get(need) ?? 0)))
  return Math.max(0, ...depths.values())
}
