import { expect, test } from 'vitest'
import { pipelineSchema } from '../../contract/pipeline.ts'
import { runParams, stepParams } from './run-params.ts'

const pipeline = pipelineSchema.parse({
  name: 'p',
  params: { days: 28, since: null, list: [1], label: 'x' },
  steps: [
    { name: 'all', run: { kind: 'command', command: ['true'] }, params: { days: 3, own: true } },
    { name: 'some', run: { kind: 'command', command: ['true'] }, reads: ['label'] },
  ],
})

test('what is given goes over the defaults', () => {
  const params = runParams(pipeline, { days: 7, since: '2001-01-01', list: [] })
  expect(params).toEqual({ days: 7, since: '2001-01-01', list: [], label: 'x' })
  expect(stepParams(pipeline.steps[0]!, params)).toEqual({ ...params, days: 3, own: true })
  expect(stepParams(pipeline.steps[1]!, params)).toEqual({ label: 'x' })
})

test.each([
  [{ day: 1 }, 'params.day', 'It takes days, since, list, label.'],
  [{ days: '7' }, 'params.days', 'Its default is 28.'],
  [{ list: {} }, 'params.list', 'Its default is [1].'],
  [{ constructor: 1 }, 'params.constructor', 'It takes days, since, list, label.'],
])('%j is refused', (given, field, hint) => {
  expect(() => runParams(pipeline, given as never)).toThrow(
    expect.objectContaining({ code: 'invalid-request', field, hint }),
  )
})
