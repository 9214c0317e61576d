import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mlmodelSignature } from './mlmodel-signature.ts'

const golden = JSON.parse(readFileSync(new URL('../../../test/golden/mlmodel.json', import.meta.url), 'utf8')) as {
  name: string
  text: string
  inputs: string | null
  outputs: string | null
}[]
type Spec = { name?: string; type: string }[]
const namesIn = (json: string | null, unnamed: string) =>
  json === null ? [] : (JSON.parse(json) as Spec).map(({ name }) => name ?? unnamed)

describe('the signature in a file that MLflow wrote', () => {
  it.each(golden.filter(({ name }) => name !== 'lists'))('$name', ({ text, inputs, outputs }) => {
    const signature = mlmodelSignature(text)
    expect(signature.request.map(({ name }) => name)).toEqual(namesIn(inputs, 'input'))
    expect(signature.outputs.map(({ name }) => name)).toEqual(namesIn(outputs, 'output'))
    expect(signature.inputs.map(({ name }) => name)).toEqual(namesIn(inputs, 'input'))
  })

  const named = (name: string) => mlmodelSignature(golden.find((each) => each.name === name)!.text)

  it('has types, and what may be left out', () => {
    expect(named('every type').request.map(({ name, datatype, optional }) => [name, datatype, optional])).toEqual([
      ['boolean', 'BOOL', false],
      ['integer', 'INT32', false],
      ['long', 'INT64', false],
      ['float', 'FP32', false],
      ['double', 'FP64', false],
      ['string', 'BYTES', true],
      ['binary', 'BYTES', false],
      ['datetime', 'BYTES', false],
    ])
    expect(named('tensors')).toEqual({
      request: [{ name: 'input', datatype: 'FP32', shape: [-1, 28, 28], optional: false }],
      inputs: [{ name: 'input', kind: 'numeric' }],
      outputs: [
        { name: 'label', datatype: 'INT64', shape: [-1], optional: false },
        { name: 'scores', datatype: 'FP64', shape: [-1, 10], optional: false },
      ],
    })
    expect(named('texts as tensors').request).toMatchObject([{ datatype: 'BYTES' }])
  })

  it('is nothing where a request cannot carry it', () => {
    expect(named('lists')).toEqual({ request: [], inputs: [], outputs: [] })
  })
})

it('whatever stands in the file, it is read or it is nothing', () => {
  const piece = fc.constantFrom(
    'signature:\n',
    '  inputs: ',
    '  outputs: ',
    "'",
    '"',
    '[{"type": "double", "name": "a"}]',
    '\\',
    '\\x4',
    '\\U00ffffff',
    '\n',
    '    ',
    'null',
    '__proto__: x\n',
    '  __proto__: 1\n',
    '🙂',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const { request, inputs } = mlmodelSignature(`signature:\n${pieces.join('')}`)
      expect(inputs.length).toBe(request.length)
    }),
    { numRuns: 2000 },
  )
})
