import { parentPort } from 'node:worker_threads'
import { MillwrightError, messageOf } from '../../base/errors.ts'
import type { TrainingProgress } from './boosted-trees.ts'
import type { TrainingFrame } from './frame.ts'
import { writeModel } from './model-bytes.ts'
import type { ModelSpecInput } from './model-spec.ts'
import { trainModel } from './train-model.ts'

/** What the thread is asked for, once. */
export interface TrainingOrder {
  readonly spec: ModelSpecInput
  readonly frame: TrainingFrame
  readonly validation: TrainingFrame | null
  readonly seed: number
}

/** What the thread says: progress, and at the end a model or an error. */
export type TrainingAnswer =
  | { readonly kind: 'progress'; readonly progress: TrainingProgress }
  | { readonly kind: 'model'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'error'
      readonly code: string
      readonly message: string
      readonly field?: string
      readonly hint?: string
    }

function run(port: NonNullable<typeof parentPort>, { spec, frame, validation, seed }: TrainingOrder): void {
  const answer = (message: TrainingAnswer) => port.postMessage(message)
  try {
    const model = trainModel(spec, frame, validation, {
      seed,
      onProgress: (progress) => answer({ kind: 'progress', progress }),
    })
    answer({ kind: 'model', bytes: writeModel(model) })
  } catch (error) {
    const { code, field, hint } = error instanceof MillwrightError ? error : { code: 'training-failed' }
    answer({ kind: 'error', code, message: messageOf(error), field, hint })
  }
}

parentPort?.once('message', (order: TrainingOrder) => {
  run(parentPort!, order)
  // Nothing else is asked of it: without an open port it ends.
  parentPort!.close()
})
