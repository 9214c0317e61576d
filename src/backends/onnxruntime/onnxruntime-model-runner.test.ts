import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { modelRunnerConformance } from '../../ports/model-runner.conformance.ts'
import { OnnxruntimeModelRunner } from './onnxruntime-model-runner.ts'

// Made by test/golden/linear-onnx.py.
const golden = (name: string) => readFileSync(new URL(`../../../test/golden/${name}`, import.meta.url))
const { rows, probabilities } = JSON.parse(golden('linear-onnx.json').toString())

modelRunnerConformance('onnxruntime', {
  runner: () => new OnnxruntimeModelRunner(),
  bytes: () => golden('linear.onnx'),
  input: { name: 'features', width: 3 },
  rows: Float32Array.from(rows),
  output: { name: 'probabilities', values: probabilities },
})

it('leaves out what is no tensor, such as the ZipMap of scikit-learn', async () => {
  const model = await new OnnxruntimeModelRunner().load(golden('linear.onnx'))
  expect(model.outputs).toEqual([{ name: 'probabilities', datatype: 'FP32', shape: [-1, 2] }])
  await model.release()
})

it('says what to install when the package is not there', async () => {
  const runner = new OnnxruntimeModelRunner(() => Promise.reject(new Error('Cannot find package')))
  await expect(runner.load(golden('linear.onnx'))).rejects.toThrow(
    expect.objectContaining({ code: 'model-runner-missing', hint: 'install it: npm install onnxruntime-node' }),
  )
})
