import { expect, test } from 'vitest'
import { addressOf } from './address-of.ts'

test('what events name leads to the screen that shows it', () => {
  const paths = [
    'run:run_1',
    'model:late',
    'model:late@3',
    'model-version:late@3',
    'dataset:flights',
    'dataset:flights@4',
    'step:run_1/train',
    'experiment:4',
    'tracked-run:ab12',
  ]
  expect(paths.map((subject) => addressOf(subject))).toEqual([
    { path: '/runs/run_1', search: {} },
    { path: '/models/late', search: {} },
    { path: '/models/late/3', search: {} },
    { path: '/models/late/3', search: {} },
    { path: '/data/flights', search: {} },
    { path: '/data/flights', search: {} },
    { path: '/runs/run_1', search: { step: 'train' } },
    { path: '/experiments/4', search: {} },
    { path: '/experiments/run/ab12', search: {} },
  ])
  const encoded = ["a 'b' / c", 'd=1'].map(encodeURIComponent).join('/')
  expect(addressOf(`logged-dataset:7/${encoded}`)).toEqual({
    path: '/experiments/7',
    search: { q: "dataset.name = 'a ''b'' / c' AND dataset.digest = 'd=1'", lifecycle: 'all' },
  })
  expect(addressOf('logged-model:ab12/m-1')).toEqual({
    path: '/experiments/run/ab12',
    search: { tab: 'files', model: 'm-1' },
  })
  // News of one say no run.
  expect(addressOf('logged-model:m-1')).toBeNull()
  expect([addressOf('principal:ada'), addressOf('nothing')]).toEqual([null, null])
})
