import { MillwrightError } from '../../base/errors.ts'
import type { Evaluation, ModelVersionRecord, SignatureField, Verdict } from '../../contract/model.ts'
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
  /** The run that made it, and what it found; without it, it is registered as it is. */
  judged?: { runId: string; evaluation: Evaluation; verdicts: Verdict[] }
}

/**
 * Registers a model file (ONNX) as it is: its tensors are its signature. The same bytes again give the version that is there.
 *
 * @throws `model-unreadable` for bytes that are no model, or one whose tensors JSON cannot carry; `model-runner-missing`.
 */
export async function registerModelFile(
  { model, bytes, actor, previous, judged }: ModelFile,
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
  const failed = (judged?.verdicts ?? []).filter(({ passed }) => !passed)
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
      runId: judged?.runId ?? null,
      datasetVersion: null,
      trainedUntil: null,
      trainedRows: null,
      previous,
      evaluation: judged?.evaluation ?? null,
      verdicts: judged?.verdicts ?? [],
      importance: [],
      referenceHash: null,
      goldenHash: null,
      cardHash: null,
      brief: null,
      threshold: 0.5,
      madeBy: actor,
    },
    failed.length > 0 ? 'refused' : 'registered',
    failed.length > 0
      ? `was refused: ${failed.map(({ gate, message }) => `${gate} (${message})`).join('; ')}`
      : `is registered from a file: it takes ${request.map((field) => field.name).join(', ')} and answers ${outputs.map((field) => field.name).join(', ')}`,
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
