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
  expect([addressOf('principal:ada'), addressOf('nothing')]).toEqual([null, null])
})
