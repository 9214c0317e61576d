import { expect, it } from 'vitest'
import { definitionSchema } from '../../../contract/definition.ts'
import { checkDefinitionRules } from './definition.ts'

const column = (name: string) => ({ op: 'column', column: name }) as const
const definition = (more: object) =>
  definitionSchema.parse({
    name: 'shop',
    entities: [{ name: 'shop', key: 'shop' }],
    datasets: [
      {
        name: 'orders',
        time: 'at',
        columns: [
          { name: 'id', type: 'key' },
          { name: 'at', type: 'time' },
          { name: 'shop', type: 'ref', entity: 'shop' },
          { name: 'price', type: 'number' },
        ],
      },
    ],
    featureViews: [
      {
        name: 'sales',
        entity: 'shop',
        dataset: 'orders',
        by: 'shop',
        knownAt: 'at',
        features: ['mean', 'max'].map((aggregate) => ({
          name: aggregate,
          aggregate,
          of: column('price'),
          windowMs: 1000,
        })),
      },
    ],
    models: [
      {
        name: 'price',
        task: 'regression',
        dataset: 'orders',
        target: column('price'),
        inputs: [
          { name: 'mean', kind: 'numeric', from: { kind: 'feature', view: 'sales', feature: 'mean', by: 'shop' } },
        ],
        training: { kind: 'linear' },
        gates: [{ kind: 'at-most', metric: 'rmse', value: 1 }],
      },
    ],
    endpoints: [{ name: 'price', model: 'price' }],
    monitors: [{ name: 'watch', endpoint: 'price', kind: 'drift' }],
    ...more,
  })
const told = (more: object, strict = false) => checkDefinitionRules(definition(more), { strict })

it('tells what nothing uses, which fails only when asked to be strict', () => {
  const unused = [{ place: 'featureViews.sales.features.max', level: 'warning' }]
  expect(told({})).toMatchObject({ outcome: 'passed', findings: unused })
  expect(told({}, true)).toMatchObject({ outcome: 'failed', findings: [{ ...unused[0], level: 'error' }] })
  const idle = told({ monitors: [], endpoints: [], settings: { rate: 1 } })
  expect(idle.findings.map(({ place }) => place)).toEqual([
    'featureViews.sales.features.max',
    'models.price',
    'settings.rate',
  ])
})

it('tells a setting that an environment states as it inherits it, through every environment above', () => {
  const environments = [
    { name: 'test', settings: { rate: 2 } },
    { name: 'staging', extends: 'test', settings: { rate: 2 } },
    { name: 'production', extends: 'staging', settings: { rate: 1 } },
  ]
  const { findings } = told({ settings: { rate: 1 }, environments })
  expect(findings.map(({ place }) => place)).toContain('environments.staging.settings.rate')
  expect(findings.map(({ place }) => place)).not.toContain('environments.production.settings.rate')
})

it('tells where a notebook will be refused, by whichever step it is executed', () => {
  const pipelines = [
    {
      name: 'study',
      steps: [
        { name: 'explore', run: { kind: 'notebook', notebook: 'a.ipynb', python: { lock: 'requirements.txt' } } },
        { name: 'report', run: { kind: 'command', command: ['papermill', 'b.ipynb', 'out.html'] } },
        { name: 'fit', run: { kind: 'command', command: ['python', 'fit.py'] } },
      ],
    },
  ]
  const environments = [{ name: 'test' }, { name: 'staging', packagesOnly: true }, { name: 'production' }]
  const found = told({ pipelines, environments }).findings.filter(({ place }) => place.startsWith('pipelines'))
  expect(found).toMatchObject([
    {
      place: 'pipelines.study.steps.explore',
      level: 'warning',
      message: 'the notebook a.ipynb is refused in staging, production',
      mend: expect.stringContaining('`millwright notebook promote a.ipynb`'),
    },
    { place: 'pipelines.study.steps.report', message: 'the notebook b.ipynb is refused in staging, production' },
  ])
  const allowed = environments.map((each) => ({ ...each, notebooks: 'allowed' }))
  expect(told({ pipelines, environments: allowed }).findings.map(({ place }) => place)).not.toContain(found[0]!.place)
})

it('fails what is stated twice, and names broken places by name', () => {
  const gate = { kind: 'at-most', metric: 'rmse', value: 1 }
  const models = definition({}).models.map((model) => ({ ...model, gates: [gate, gate] }))
  expect(told({ models })).toMatchObject({ outcome: 'failed', summary: 'the gate "at-most" on rmse is stated twice' })
  expect(told({ endpoints: [{ name: 'price', model: 'prize' }] }).findings[0]).toMatchObject({
    place: 'endpoints.price.model',
    mend: expect.stringContaining('There are: price'),
  })
})
