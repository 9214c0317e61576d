import { expect, test } from 'vitest'
import type { SignatureField } from '../../contract/model.ts'
import { requestOf, startingText, tensorsOf } from './request-fields.ts'

const fields: SignatureField[] = [
  { name: 'origin', datatype: 'BYTES', optional: false },
  { name: 'distance', datatype: 'FP64', optional: false },
  { name: 'weekend', datatype: 'BOOL', optional: false },
  { name: 'note', datatype: 'BYTES', optional: true },
]

test('what was typed becomes what the prediction service takes', () => {
  expect(requestOf(fields, { origin: ' SFO ', distance: '12.5', weekend: 'true', note: '' })).toEqual({
    origin: 'SFO',
    distance: 12.5,
    weekend: true,
  })
  expect(() => requestOf(fields, { origin: 'SFO', distance: '', weekend: 'true' })).toThrow('distance must be a number')
  expect(() => requestOf(fields, { distance: '1', weekend: 'yes' })).toThrow('weekend must be true or false')
})

test('the form begins with the newest request, else with something of its kind', () => {
  const newest = { origin: 'JFK', distance: 3, weekend: false }
  expect(fields.map((field) => startingText(field, newest))).toEqual(['JFK', '3', 'false', ''])
  expect(fields.map((field) => startingText(field, undefined))).toEqual(['', '0', 'false', ''])
})

test('a model file is asked with tensors of its shape', () => {
  expect(JSON.parse(tensorsOf([{ name: 'x', datatype: 'FP32', shape: [-1, 3], optional: false }]))).toEqual({
    inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3], data: [0, 0, 0] }],
  })
})
