import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type PipelineDefinition, pipelineSchema } from '../../contract/pipeline.ts'
import { planPipeline } from './plan.ts'

const run = { kind: 'command', command: ['true'] }
function pipeline(steps: Record<string, unknown>[], params: Record<string, string[]> = {}): PipelineDefinition {
  return pipelineSchema.parse({ name: 'p', params, steps: steps.map((step) => ({ run, ...step })) })
}

test.each([
  ['two of a name', [{ name: 'a' }, { name: 'a' }], 'steps.1.name', 'Rename one.'],
  ['an unknown need', [{ name: 'a', needs: ['b'] }], 'steps.0.needs.0', 'The steps are a.'],
  ['a need of itself', [{ name: 'a', needs: ['a'] }], 'steps.0.needs.0', 'Remove it from needs.'],
  [
    'no reference',
    [{ name: 'a', forEach: 'days' }],
    'steps.0.forEach',
    "Write 'params.<name>' or 'steps.<step>.<field>'.",
  ],
  ['an unknown parameter', [{ name: 'a', forEach: 'params.dayz' }], 'steps.0.forEach', 'The parameters are days.'],
  ['an unknown step', [{ name: 'a', forEach: 'steps.b.x' }], 'steps.0.forEach', 'The steps are a.'],
  [
    'a step that may not be over',
    [{ name: 'b' }, { name: 'a', when: { value: 'steps.b', is: 'present' } }],
    'steps.1.when.value',
    "Add 'b' to the needs of 'a'.",
  ],
  ['reading what is not there', [{ name: 'a', reads: ['rate'] }], 'steps.0.reads.0', 'The parameters are days.'],
  [
    'taking from a stranger',
    [{ name: 'b' }, { name: 'a', takes: ['b'] }],
    'steps.1.takes.0',
    "Add 'b' to the needs of 'a'.",
  ],
])('%s is refused with its place and the mend', (_what, steps, field, hint) => {
  expect(() => planPipeline(pipeline(steps, { days: [] }))).toThrow(
    expect.objectContaining({ code: 'invalid-definition', field, hint }),
  )
})

test('a circle is named', () => {
  const steps = [
    { name: 'x' },
    { name: 'a', needs: ['c', 'x'] },
    { name: 'b', needs: ['a'] },
    { name: 'c', needs: ['b'] },
  ]
  expect(() => planPipeline(pipeline(steps))).toThrow('Steps need each other in a circle: a → c → b → a.')
})

test('an ancestor of an ancestor may be referred to', () => {
  const steps = [
    { name: 'a' },
    { name: 'b', needs: ['a'] },
    { name: 'c', needs: ['b'], when: { value: 'steps.a.x', is: 'present' } },
  ]
  expect([...planPipeline(pipeline(steps)).descendants('a')].sort()).toEqual(['b', 'c'])
})

test('every graph without a circle is put in an order of needs, whatever the order it is written in', () => {
  const graph = fc
    .integer({ min: 1, max: 30 })
    .chain((size) =>
      fc.tuple(
        fc.array(fc.array(fc.nat(1000), { maxLength: 4 }), { minLength: size, maxLength: size }),
        fc.shuffledSubarray([...Array(size).keys()], { minLength: size, maxLength: size }),
      ),
    )
  fc.assert(
    fc.property(graph, ([needs, written]) => {
      // Step i may need only steps below i, so there is no circle; then the steps are shuffled.
      const steps = needs.map((some, index) => ({
        name: `s${index}`,
        needs: index === 0 ? [] : [...new Set(some.map((each) => `s${each % index}`))],
      }))
      const { order } = planPipeline(pipeline(written.map((at) => steps[at]!)))
      expect(order).toHaveLength(steps.length)
      const place = new Map(order.map((step, at) => [step.name, at]))
      for (const step of order)
        for (const need of step.needs) expect(place.get(need)!).toBeLessThan(place.get(step.name)!)
    }),
  )
})
