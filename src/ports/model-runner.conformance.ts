import { describe, expect, it } from 'vitest'
import type { ModelRunner, Tensor } from './model-runner.ts'

export interface ModelRunnerFixture {
  readonly runner: () => ModelRunner
  /** A model file with one FP32 input [rows, width], at least two columns wide. */
  readonly bytes: () => Uint8Array
  readonly input: { readonly name: string; readonly width: number }
  /** Rows and what the model answers for them. */
  readonly rows: Float32Array
  readonly output: { readonly name: string; readonly values: readonly number[] }
}

/** What every back end of the port has to do; a back end's test calls it with a model that it can run. */
export function modelRunnerConformance(name: string, fixture: ModelRunnerFixture): void {
  const { input, rows, output } = fixture
  const count = rows.length / input.width
  const tensor = (data = rows, shape = [count, input.width]): Tensor => ({ datatype: 'FP32', shape, data })

  describe(`model runner: ${name}`, () => {
    it('tells the signature of a file', async () => {
      const model = await fixture.runner().load(fixture.bytes())
      expect(model.inputs).toEqual([{ name: input.name, datatype: 'FP32', shape: [-1, input.width] }])
      expect(model.outputs.map((spec) => spec.name)).toContain(output.name)
      await model.release()
    })

    it('answers a batch, row by row the same as alone, and overlapping calls each their own', async () => {
      const model = await fixture.runner().load(fixture.bytes())
      const batch = model.run({ [input.name]: tensor() })
      const alone = Array.from({ length: count }, (_, row) =>
        model.run({
          [input.name]: tensor(rows.slice(row * input.width, (row + 1) * input.width), [1, input.width]),
        }),
      )
      const answers = Array.from((await batch)[output.name]!.data as ArrayLike<number>)
      answers.forEach((value, index) => {
        expect(value).toBeCloseTo(output.values[index]!, 5)
      })
      const single = (await Promise.all(alone)).flatMap((answer) =>
        Array.from(answer[output.name]!.data as ArrayLike<number>),
      )
      expect(single).toEqual(answers)
      await model.release()
    })

    it('refuses inputs that are not the model’s, naming them', async () => {
      const model = await fixture.runner().load(fixture.bytes())
      const refused = (field: string) => expect.objectContaining({ code: 'model-input-invalid', field })
      await expect(model.run({})).rejects.toThrow(refused(input.name))
      await expect(model.run({ [input.name]: tensor(), more: tensor() })).rejects.toThrow(refused('more'))
      const narrow = tensor(rows.slice(0, input.width - 1), [1, input.width - 1])
      await expect(model.run({ [input.name]: narrow })).rejects.toThrow(refused(input.name))
      const short = tensor(rows.slice(1))
      await expect(model.run({ [input.name]: short })).rejects.toThrow(refused(input.name))
      const other = { ...tensor(), datatype: 'FP64' } as const
      await expect(model.run({ [input.name]: other })).rejects.toThrow(refused(input.name))
      await model.release()
    })

    it('refuses bytes that are no model', async () => {
      const unreadable = expect.objectContaining({ code: 'model-unreadable' })
      await expect(fixture.runner().load(new TextEncoder().encode('no model'))).rejects.toThrow(unreadable)
    })

    it('releases twice without harm', async () => {
      const model = await fixture.runner().load(fixture.bytes())
      await model.release()
      await model.release()
    })
  })
}
