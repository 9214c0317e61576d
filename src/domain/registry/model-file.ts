import { MillwrightError } from '../../base/errors.ts'
import type { ModelVersionRecord, SignatureField } from '../../contract/model.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { ModelRunner, TensorSpec } from '../../ports/model-runner.ts'
import type { ModelVersions } from './model-versions.ts'

export interface ModelFile {
  model: string
  bytes: Uint8Array
  /** Who brings it. */
  actor: string
  /** The version in production now. */
  previous: string | null
}

/**
 * Registers a model file (ONNX) as it is: its tensors are its signature. The same bytes again give the version that is there.
 *
 * @throws `model-unreadable` for bytes that are no model, or one whose tensors JSON cannot carry; `model-runner-missing`.
 */
export async function registerModelFile(
  { model, bytes, actor, previous }: ModelFile,
  { blobs, runner, registry }: { blobs: Blobs; runner: ModelRunner; registry: ModelVersions },
): Promise<ModelVersionRecord> {
  const loaded = await runner.load(bytes)
  const [request, outputs] = [loaded.inputs.map(fieldOf), loaded.outputs.map(fieldOf)]
  await loaded.release()
  if (outputs.length === 0) {
    throw new MillwrightError('model-unreadable', 'the model has no output that is a tensor', {
      hint: 'Export it so that it answers tensors; for scikit-learn, convert with the option zipmap=False.',
    })
  }
  const { hash: onnxHash } = await blobs.put(bytes)
  return registry.add(
    {
      model,
      task: null,
      modelHash: null,
      onnxHash,
      signature: {
        request,
        inputs: request.map(({ name, datatype }) => ({
          name,
          kind: datatype === 'BYTES' ? 'categorical' : 'numeric',
        })),
        outputs,
      },
      definitionHash: null,
      runId: null,
      datasetVersion: null,
      trainedUntil: null,
      trainedRows: null,
      previous,
      evaluation: null,
      verdicts: [],
      importance: [],
      referenceHash: null,
      goldenHash: null,
      cardHash: null,
      brief: null,
      threshold: 0.5,
      madeBy: actor,
    },
    'registered',
    `is registered from a file: it takes ${request.map((field) => field.name).join(', ')} and answers ${outputs.map((field) => field.name).join(', ')}`,
  )
}

function fieldOf({ name, datatype, shape }: TensorSpec): SignatureField {
  if (datatype === 'FP16') {
    throw new MillwrightError('model-unreadable', `tensor "${name}" is FP16, which a request in JSON cannot carry`, {
      field: name,
      hint: 'Export the model with FP32 inputs and outputs.',
    })
  }
  return { name, datatype, shape: [...shape], optional: false }
}
