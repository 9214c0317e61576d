import { expect, it } from 'vitest'
import type { Capabilities } from '../../contract/serving.ts'
import { judgeTargets, requirementsOf } from './target-check.ts'

const has: Capabilities = { freeMemoryMb: 100, cores: 2, packages: { runner: '1.30.2' }, accelerators: ['cuda'] }
const judge = (requires: object, capabilities: Capabilities | null = has, isStated = true) =>
  judgeTargets(requires, isStated, [{ address: 'here', capabilities }])

it.each([
  [{ memoryMb: 100, cores: 2, accelerator: 'cuda', packages: { runner: '1.30' } }, true],
  [{ memoryMb: 100.1 }, false],
  [{ cores: 3 }, false],
  [{ accelerator: 'rocm' }, false],
  [{ packages: { runner: '1.30.3' } }, false],
  [{ packages: { runner: '1.4' } }, true],
  [{ packages: { runner: '1.30.2' } }, true],
  [{ packages: { runner: '2' } }, false],
  [{ packages: { walker: '0' } }, false],
])('%j fits: %s', (requires, passed) => {
  expect(judge(requires)).toMatchObject({ passed })
})

it('names every service that lacks something, with all that it lacks', () => {
  const verdict = judgeTargets({ memoryMb: 500, cores: 8 }, true, [
    { address: 'small', capabilities: has },
    { address: 'large', capabilities: { ...has, freeMemoryMb: 1000, cores: 16 } },
    { address: 'silent', capabilities: null },
  ])
  expect(verdict.message).toBe(
    'small: 500 MB of memory are needed, 100 MB are free; 8 cores are needed, there are 2; silent does not say what it has',
  )
})

it('takes a service that does not say what it has when nothing is declared, and estimates memory by the file', () => {
  expect(judge({ memoryMb: 1 }, null, false).passed).toBe(true)
  expect(requirementsOf({ modelHash: 'a', onnxHash: 'b', filesHash: null }, null, 25e6)).toEqual({
    memoryMb: 100,
    packages: {},
  })
  expect(requirementsOf({ modelHash: null, onnxHash: 'b', filesHash: null }, null, 25e6)).toEqual({
    memoryMb: 164,
    packages: { 'onnxruntime-node': '0' },
  })
  expect(
    requirementsOf({ modelHash: 'a', onnxHash: null, filesHash: null }, { requires: { memoryMb: 7 } }, 25e6).memoryMb,
  ).toBe(7)
})
