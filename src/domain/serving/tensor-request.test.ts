import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SignatureField, TensorDatatype } from '../../contract/model.ts'
import { readTensorRequest } from './tensor-request.ts'
import { loggedAnswers, loggedInputs } from './tensor-rows.ts'

const field = (datatype: TensorDatatype, shape: number[] = [-1], name = 'x'): SignatureField => ({
  name,
  datatype,
  shape,
  optional: false,
})
const read = (datatype: TensorDatatype, data: unknown[]) =>
  readTensorRequest({ inputs: [{ name: 'x', datatype, shape: [data.length], data }] }, [field(datatype)])

describe('values', () => {
  it.each([
    ['INT8', [-128, 127], [-129, 128, 0.5, '1', null, true]],
    ['UINT8', [0, 255], [-1, 256]],
    ['INT16', [-32768, 32767], [32768]],
    ['UINT32', [4294967295], [4294967296, -1]],
    ['INT32', [-2147483648], [2147483648]],
    ['INT64', [-9007199254740991, 9007199254740991], [9007199254740992]],
    ['UINT64', [0, 9007199254740991], [-1]],
    ['BOOL', [true, false], [1, 'true', null]],
    ['BYTES', ['', 'ä'], [1, null]],
    ['FP32', [1.5, -0], ['1', true, {}]],
  ] as const)('%s: takes what fits and nothing else', (datatype, fitting, others) => {
    const { data } = read(datatype, [...fitting]).tensors.x!
    const back = Array.from(data as ArrayLike<unknown>, (value) =>
      datatype === 'BOOL' ? value === 1 : typeof value === 'bigint' ? Number(value) : value,
    )
    expect(back).toEqual([...fitting])
    for (const other of others) {
      expect(() => read(datatype, [fitting[0], other]), String(other)).toThrow(
        expect.objectContaining({ code: 'invalid-request', field: 'x', message: expect.stringContaining('value 1') }),
      )
    }
  })

  it('a missing float is NaN, and null in the log', () => {
    const { tensors } = read('FP64', [1, null])
    expect([...(tensors.x!.data as Float64Array)]).toEqual([1, Number.NaN])
    expect(loggedInputs(tensors, 2)(1)).toEqual({ x: null })
  })
})

it('reads nested and flat data alike, and gives each row its own values', () => {
  const shapes = fc.tuple(
    fc.integer({ min: 1, max: 6 }),
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 3 }),
  )
  fc.assert(
    fc.property(shapes, ([rows, width, depth]) => {
      const at = (row: number, column: number, layer: number) => (row * width + column) * depth + layer
      const nested = Array.from({ length: rows }, (_, row) =>
        Array.from({ length: width }, (_, column) =>
          Array.from({ length: depth }, (_, layer) => at(row, column, layer)),
        ),
      )
      const request = (data: unknown) =>
        readTensorRequest({ inputs: [{ name: 'x', datatype: 'FP32', shape: [rows, width, depth], data }] }, [
          field('FP32', [-1, -1, depth]),
        ])
      const read = request(nested)
      expect(read).toEqual(request(nested.flat(2)))
      expect(read.rows).toBe(rows)
      const logged = loggedInputs(read.tensors, rows)
      for (let row = 0; row < rows; row += 1) {
        expect(Object.values(logged(row))).toEqual(nested[row]!.flat())
      }
    }),
  )
})

it('logs at most 64 columns, and a tensor without rows whole in every row', () => {
  const tensors = {
    temperature: { datatype: 'FP32', shape: [1], data: Float32Array.of(0.5) },
    image: { datatype: 'UINT8', shape: [2, 100], data: Uint8Array.from({ length: 200 }, (_, at) => at) },
  } as const
  const logged = loggedInputs(tensors, 2)(1)
  expect(Object.keys(logged)).toHaveLength(64)
  expect(logged).toMatchObject({ temperature: 0.5, 'image.0': 100, 'image.62': 162 })
})

it("takes scikit-learn's label as the output and its probabilities as the score", () => {
  const outputs = [field('INT64', [-1], 'label'), field('FP32', [-1, 2], 'probabilities')]
  const answer = {
    label: { datatype: 'INT64', shape: [2], data: BigInt64Array.of(0n, 1n) },
    probabilities: { datatype: 'FP32', shape: [2, 2], data: Float32Array.of(0.75, 0.25, 0.5, Number.NaN) },
  } as const
  const answers = loggedAnswers(answer, outputs, 2)
  expect(answers(0)).toEqual({ score: [0.75, 0.25], output: 0 })
  expect(answers(1)).toEqual({ score: null, output: 1 })
})
