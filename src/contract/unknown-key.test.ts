import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { definitionSchema } from './definition.ts'
import { nearest } from './nearest.ts'
import { faultOf } from './unknown-key.ts'

const definition = {
  name: 'shop',
  models: [
    {
      name: 'dear',
      task: 'binary',
      dataset: 'orders',
      target: { op: 'column', column: 'price' },
      inputs: [
        {
          name: 'weight',
          kind: 'numeric',
          from: { kind: 'expression', expression: { op: 'column', column: 'weight' } },
        },
      ],
      training: { kind: 'boosted-trees', trees: 10 },
      split: { maxRows: 10 },
    },
  ],
  pipelines: [{ name: 'sums', steps: [{ name: 'total', run: { kind: 'command', command: ['true'] } }] }],
  monitors: [{ name: 'm', endpoint: 'e', kind: 'drift' }],
  environments: [{ name: 'staging', needs: { approvals: { count: 1, by: ['approver'] } } }],
}

function faultWith(change: (copy: typeof definition) => void) {
  const copy = structuredClone(definition)
  change(copy)
  const result = definitionSchema.safeParse(copy)
  return result.success ? null : faultOf(definitionSchema, result.error, copy)
}
const put = (into: object, key: string): void => {
  ;(into as Record<string, unknown>)[key] = 1
}

it('the whole definition is fine', () => {
  expect(faultWith(() => {})).toBeNull()
})

it.each([
  ['at the top', (copy: typeof definition) => put(copy, 'modles'), 'modles', 'models'],
  ['in a model', (copy: typeof definition) => put(copy.models[0]!, 'treshold'), 'models.0.treshold', 'threshold'],
  [
    'in its split',
    (copy: typeof definition) => put(copy.models[0]!.split, 'maxRow'),
    'models.0.split.maxRow',
    'maxRows',
  ],
  [
    'in one alternative of several',
    (copy: typeof definition) => put(copy.models[0]!.training, 'learnRate'),
    'models.0.training.learnRate',
    'learningRate',
  ],
  [
    'in a step',
    (copy: typeof definition) => put(copy.pipelines[0]!.steps[0]!, 'timeoutMS'),
    'pipelines.0.steps.0.timeoutMS',
    'timeoutMs',
  ],
  [
    'in what a step runs',
    (copy: typeof definition) => put(copy.pipelines[0]!.steps[0]!.run, 'cdw'),
    'pipelines.0.steps.0.run.cdw',
    'cwd',
  ],
  [
    'in an environment',
    (copy: typeof definition) => put(copy.environments[0]!.needs, 'greenRun'),
    'environments.0.needs.greenRun',
    'greenRuns',
  ],
])('a key that is not there, %s, is named with the nearest that is', (_, change, path, meant) => {
  const fault = faultWith(change)
  expect(fault).toMatchObject({ path })
  expect(fault!.hint).toMatch(new RegExp(`^Did you mean "${meant}"\\? There are: `))
})

it('what is like nothing gets no guess, and what is wrong otherwise is told as before', () => {
  expect(faultWith((copy) => put(copy.monitors[0]!, 'zebra'))!.hint).toMatch(/^There are: name, endpoint, kind/)
  expect(faultWith((copy) => put(copy.monitors[0]!, 'endpoint'))).toMatchObject({ path: 'monitors.0.endpoint' })
})

it('a name with one letter changed, left out, put in or swapped is found again', () => {
  const names = ['threshold', 'segments', 'retention', 'inputs']
  fc.assert(
    fc.property(
      fc.constantFrom(...names),
      fc.nat(),
      fc.constantFrom('swap', 'drop', 'add', 'change'),
      (name, at, what) => {
        const i = at % (name.length - 1)
        const typo = {
          swap: name.slice(0, i) + name[i + 1] + name[i] + name.slice(i + 2),
          drop: name.slice(0, i) + name.slice(i + 1),
          add: `${name.slice(0, i)}x${name.slice(i)}`,
          change: `${name.slice(0, i)}x${name.slice(i + 1)}`,
        }[what]
        expect(nearest(typo, names)).toBe(name)
      },
    ),
  )
})
