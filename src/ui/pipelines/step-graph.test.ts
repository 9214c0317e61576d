import fc from 'fast-check'
import { expect, test } from 'vitest'
import { pipelineSchema, type StepDefinition } from '../../contract/pipeline.ts'
import { conditionText, stepEdges, stepsFrom, stepsInOrder } from './step-graph.ts'

const stepsOf = (needs: Record<string, string[]>): StepDefinition[] =>
  pipelineSchema.parse({
    name: 'p',
    steps: Object.entries(needs).map(([name, needed]) => ({
      name,
      needs: needed,
      run: { kind: 'stage', stage: name },
    })),
  }).steps

const training = stepsOf({
  gate: ['extract', 'train'],
  train: ['extract', 'prepare'],
  prepare: ['extract'],
  extract: [],
})

test('steps stand behind what they need, and lines that a longer way says are left out', () => {
  const ordered = stepsInOrder(training)
  expect(ordered.map(({ name }) => name)).toEqual(['extract', 'prepare', 'train', 'gate'])
  expect(stepEdges(ordered)).toEqual([
    { from: 'extract', to: 'prepare' },
    { from: 'prepare', to: 'train' },
    { from: 'train', to: 'gate' },
  ])
  expect(stepsFrom(ordered, 'train').map(({ name }) => name)).toEqual(['train', 'gate'])
})

/** Any graph without circles: step `i` needs some of those before it. */
const graphs = fc
  .array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 12 })
  .map((picks) =>
    stepsOf(
      Object.fromEntries(
        picks.map((pick, at) => [`s${at}`, at === 0 ? [] : [...new Set(pick.map((one) => `s${one % at}`))]]),
      ),
    ),
  )

const reach = (edges: readonly { from: string; to: string }[], steps: readonly StepDefinition[]): string[] => {
  const before = new Map<string, Set<string>>()
  for (const { name } of steps) {
    const all = new Set<string>()
    for (const { from, to } of edges)
      if (to === name) for (const one of [from, ...(before.get(from) ?? [])]) all.add(one)
    before.set(name, all)
  }
  return [...before].map(([name, all]) => `${name}: ${[...all].sort()}`)
}

test('what comes before what stays the same without those lines', () => {
  fc.assert(
    fc.property(graphs, (steps) => {
      const ordered = stepsInOrder(steps)
      const all = ordered.flatMap(({ name, needs }) => needs.map((from) => ({ from, to: name })))
      expect(reach(stepEdges(ordered), ordered)).toEqual(reach(all, ordered))
    }),
  )
})

test('conditions in signs', () => {
  expect(conditionText({ value: 'steps.register.registered', is: 'equal', to: true })).toBe(
    'steps.register.registered = true',
  )
  expect(conditionText({ value: 'params.until', is: 'present', to: null })).toBe('params.until is there')
})
