import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { PythonModel, type PythonModelSetup } from '../../src/backends/local-process/python-model.ts'
import type { SignatureField, TensorDatatype } from '../../src/contract/model.ts'
import type { Tensor } from '../../src/ports/model-runner.ts'
import { python, withoutMlflow } from '../clients/mlflow.ts'

const field = (name: string, datatype: TensorDatatype, shape?: number[]): SignatureField => ({
  name,
  datatype,
  optional: false,
  ...(shape ? { shape } : {}),
})
const everyInput = [
  field('number', 'FP64'),
  field('whole', 'INT64'),
  field('truth', 'BOOL'),
  field('text', 'BYTES'),
  field('day', 'BYTES'),
  field('extra', 'FP64'),
]
const everyOutput = [
  field('double', 'FP64'),
  field('whole', 'INT64'),
  field('not', 'BOOL'),
  field('text', 'BYTES'),
  field('day', 'BYTES'),
  field('extra', 'FP64'),
]
const request = (numbers: number[]): Record<string, Tensor> => {
  const shape = [numbers.length]
  return {
    number: { datatype: 'FP64', shape, data: Float64Array.from(numbers) },
    whole: { datatype: 'INT64', shape, data: BigInt64Array.from(numbers, (_, at) => BigInt(at)) },
    truth: { datatype: 'BOOL', shape, data: Uint8Array.from(numbers, (_, at) => at % 2) },
    text: { datatype: 'BYTES', shape, data: numbers.map((_, at) => `é"${at}\n`) },
    day: { datatype: 'BYTES', shape, data: numbers.map(() => '2026-11-22T01:02:03Z') },
  }
}
const shown = (answer: Record<string, Tensor>) =>
  Object.fromEntries(Object.entries(answer).map(([name, { data }]) => [name, Array.from(data as ArrayLike<unknown>)]))

describe.skipIf(withoutMlflow)(`a Python model in its process (${withoutMlflow ?? python})`, () => {
  let folder: string
  const running: PythonModel[] = []
  const model = (name: string, more: Partial<PythonModelSetup> = {}): Promise<PythonModel> => {
    const made = new PythonModel({
      name: `${name}@1`,
      folder: join(folder, name),
      python,
      variables: {},
      inputs: everyInput,
      outputs: everyOutput,
      ...more,
    })
    running.push(made)
    return made.start()
  }
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millwright python models '))
    execFileSync(python, ['-B', fileURLToPath(new URL('python_models.py', import.meta.url)), 'save', folder], {
      stdio: 'pipe',
    })
  }, 120_000)
  afterEach(async () => {
    for (const each of running.splice(0)) await each.release()
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('answers a table of every type, in the order that it was asked, whatever the model prints', async () => {
    const every = await model('every')
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, at) => every.run(request([at, Number.NaN, 1 / 3]))),
    )
    for (const [at, answer] of answers.entries())
      expect(shown(answer)).toEqual({
        double: [at * 2, Number.NaN, 2 / 3],
        whole: [1, 2, 3],
        not: [1, 0, 1],
        text: ['É"0\n', 'É"1\n', 'É"2\n'],
        day: ['Sunday', 'Sunday', 'Sunday'],
        // It was left out, which its signature allows.
        extra: [Number.NaN, Number.NaN, Number.NaN],
      })
    const whole = await every.run({ ...request([1]), extra: { datatype: 'FP64', shape: [1], data: [7] } })
    expect(shown(whole)).toMatchObject({ extra: [7] })
  })

  it('answers one tensor, and tensors by name', async () => {
    const rows = await model('rows', {
      inputs: [field('input', 'FP32', [-1, 3])],
      outputs: [field('output', 'FP32', [-1, 2])],
    })
    const one = await rows.run({ input: { datatype: 'FP32', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) } })
    expect(one.output).toMatchObject({ shape: [2, 2], data: [6, 3, 15, 6] })
    const named = await model('named', {
      inputs: [field('left', 'INT64', [-1]), field('right', 'INT64', [-1])],
      outputs: [field('sum', 'INT64', [-1])],
    })
    const sum = await named.run({
      right: { datatype: 'INT64', shape: [2], data: BigInt64Array.of(1n, 2n) },
      left: { datatype: 'INT64', shape: [2], data: BigInt64Array.of(10n, 20n) },
    })
    expect(sum.sum).toMatchObject({ datatype: 'INT64', shape: [2], data: [11, 22] })
  })

  it('says in the model’s own words what it cannot compute, and goes on', async () => {
    const every = await model('every')
    await expect(every.run(request([-3]))).rejects.toThrow('ValueError: three is too much')
    await expect(every.run(request([-4]))).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringMatching(/"double" is str, not FP64/),
    })
    expect(shown(await every.run(request([4])))).toMatchObject({ double: [8] })
  })

  it('is begun again when its process dies; who waits is told at once, and nothing is left of it', async () => {
    const every = await model('every')
    const waiting = [every.run(request([-1])), every.run(request([1]))]
    for (const each of waiting)
      await expect(each).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringMatching(/its process ended with code 3/),
      })
    await expect(every.run(request([1]))).rejects.toMatchObject({ code: 'unavailable' })
    let answer: Record<string, Tensor> | null = null
    for (const until = Date.now() + 60_000; !answer && Date.now() < until; await wait(200))
      answer = await every.run(request([1])).catch(() => null)
    expect(shown(answer!)).toMatchObject({ double: [2] })
    await every.release()
    await expect(every.run(request([1]))).rejects.toMatchObject({ code: 'unavailable' })
    const left = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })
    expect(left.split('\n').filter((line) => line.includes(join(folder, 'every')))).toEqual([])
  })

  it('that hangs is ended, and begun again', async () => {
    const every = await model('every', { limits: { answerMs: 1500 } })
    const begun = Date.now()
    await expect(every.run(request([-2]))).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/did not answer for 1.5 s/),
    })
    expect(Date.now() - begun).toBeLessThan(20_000)
  })

  it('takes no more than so many requests at once', async () => {
    const every = await model('every', { limits: { waiting: 2, answerMs: 1500 } })
    const all = await Promise.allSettled([-2, 1, 2, 3].map((number) => every.run(request([number]))))
    const why = all.map((each) => (each.status === 'rejected' ? String(each.reason) : ''))
    expect(why[3]).toMatch(/2 requests wait/)
    expect(why[1]).toMatch(/did not answer/)
  })

  it.each([
    ['broken', /RuntimeError: it cannot be read/],
    ['unsigned', /without a signature/],
    ['nothing', /Python cannot load nothing@1/],
  ])('one that cannot be loaded (%s) says why', async (name, why) => {
    await expect(model(name)).rejects.toMatchObject({ code: 'model-unreadable', message: expect.stringMatching(why) })
  })
})
