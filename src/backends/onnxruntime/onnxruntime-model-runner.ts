import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { MillwrightError, messageOf } from '../../base/errors.ts'
import type { LoadedModel, ModelRunner, Tensor, TensorSpec } from '../../ports/model-runner.ts'
import { datatypeOf, ortTypeOf } from './tensor-datatype.ts'

type Ort = typeof import('onnxruntime-node')

/** Runs ONNX files with onnxruntime-node, which is loaded on first use: it is large, and most processes never need it. */
export class OnnxruntimeModelRunner implements ModelRunner {
  private ort: Promise<Ort> | undefined

  /** @param importOrt how the package is found; replaced where it lies elsewhere */
  constructor(private readonly importOrt: () => Promise<Ort> = () => import('onnxruntime-node')) {}

  async load(bytes: Uint8Array): Promise<LoadedModel> {
    const ort = await this.loadOrt()
    try {
      // One thread: for models this small more threads cost more than they help. Only errors on the console.
      const session = await ort.InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 3 })
      return new OnnxruntimeModel(ort, session)
    } catch (cause) {
      throw new MillwrightError('model-unreadable', `onnxruntime cannot load this model: ${messageOf(cause)}`, {
        cause,
        hint: 'give an ONNX file with operators that onnxruntime knows',
      })
    }
  }

  private async loadOrt(): Promise<Ort> {
    this.ort ??= this.importOrt()
    try {
      return await this.ort
    } catch (cause) {
      this.ort = undefined
      throw new MillwrightError('model-runner-missing', 'ONNX models need the package onnxruntime-node', {
        cause,
        hint: 'install it: npm install onnxruntime-node',
      })
    }
  }
}

class OnnxruntimeModel implements LoadedModel {
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  private readonly outputNames: string[]
  private isReleased = false

  constructor(
    private readonly ort: Ort,
    private readonly session: InferenceSession,
  ) {
    this.inputs = tensorSpecs(session.inputMetadata)
    this.outputs = tensorSpecs(session.outputMetadata)
    this.outputNames = this.outputs.map((spec) => spec.name)
  }

  async run(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    const feeds: Record<string, OrtTensor> = {}
    for (const spec of this.inputs) feeds[spec.name] = this.feed(spec, inputs[spec.name])
    const unknown = Object.keys(inputs).find((name) => !(name in feeds))
    if (unknown !== undefined) throw inputInvalid(unknown, `the model has no input ${unknown}`)
    const results = await this.session.run(feeds, this.outputNames)
    return Object.fromEntries(
      this.outputs.map(({ name, datatype }) => {
        const { dims, data } = results[name]!
        return [name, { datatype, shape: dims, data: data as Tensor['data'] }]
      }),
    )
  }

  async release(): Promise<void> {
    if (this.isReleased) return
    this.isReleased = true
    await this.session.release()
  }

  private feed(spec: TensorSpec, tensor: Tensor | undefined): OrtTensor {
    if (tensor === undefined) throw inputInvalid(spec.name, `input ${spec.name} is missing`)
    if (tensor.datatype !== spec.datatype) {
      throw inputInvalid(spec.name, `input ${spec.name} is ${tensor.datatype}; the model takes ${spec.datatype}`)
    }
    const fits =
      tensor.shape.length === spec.shape.length &&
      tensor.shape.every((size, axis) => spec.shape[axis] === -1 || size === spec.shape[axis])
    if (!fits) {
      throw inputInvalid(spec.name, `input ${spec.name} has shape [${tensor.shape}]; the model takes [${spec.shape}]`)
    }
    const size = tensor.shape.reduce((product, length) => product * length, 1)
    if (tensor.data.length !== size) {
      throw inputInvalid(spec.name, `input ${spec.name} has ${tensor.data.length} values for shape [${tensor.shape}]`)
    }
    // The constructor's overloads tie each type to its array; here both come from data and were checked above.
    return new this.ort.Tensor(ortTypeOf(tensor.datatype) as 'float32', tensor.data as Float32Array, tensor.shape)
  }
}

function tensorSpecs(metadata: readonly InferenceSession.ValueMetadata[]): TensorSpec[] {
  return metadata.flatMap((value) => {
    const datatype = value.isTensor ? datatypeOf[value.type] : undefined
    if (!value.isTensor || datatype === undefined) return []
    // A named dimension ("rows") is the caller's to choose; negative ones come from files that leave it open.
    const shape = value.shape.map((size) => (typeof size === 'number' && size >= 0 ? size : -1))
    return [{ name: value.name, datatype, shape }]
  })
}

function inputInvalid(field: string, message: string): MillwrightError {
  return new MillwrightError('model-input-invalid', message, { field, hint: 'ask for the signature of the model' })
}
