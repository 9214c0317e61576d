import { MillwrightError } from '../../base/errors.ts'
import { startThread } from '../../base/thread.ts'
import type { TrainingOptions } from './boosted-trees.ts'
import type { TrainingFrame } from './frame.ts'
import type { TrainedModel } from './model.ts'
import { readModel } from './model-bytes.ts'
import type { ModelSpecInput } from './model-spec.ts'
import type { TrainingAnswer, TrainingOrder } from './train-worker-entry.ts'

export interface WorkerTrainingOptions extends Omit<TrainingOptions, 'signal'> {
  /** Ends the worker at once, wherever it is. */
  readonly signal?: AbortSignal
  /** Gives the frames' memory to the worker instead of copying it; the frames cannot be used afterwards. */
  readonly transfer?: boolean
}

/** A thread that trains one model. Started early it loads while its caller still reads the examples. */
export class TrainingThread {
  private readonly worker = startThread(import.meta.url, 'train-worker-entry')
  private isUsed = false

  constructor() {
    // Until it is used nobody listens; a failure shows when it is.
    this.worker.on('error', () => {})
    this.worker.unref()
  }

  /**
   * `trainModel` in the thread, so that the caller's event loop stays free. Gives the same model as `trainModel` does, and its errors.
   *
   * @throws MillwrightError what `trainModel` throws, and `training-failed` when the thread dies (out of memory)
   */
  train(
    spec: ModelSpecInput,
    frame: TrainingFrame,
    validation: TrainingFrame | null,
    { seed, onProgress, signal, transfer = false }: WorkerTrainingOptions,
  ): Promise<TrainedModel> {
    const { worker } = this
    if (this.isUsed) return Promise.reject(new MillwrightError('conflict', 'a training thread trains once'))
    this.isUsed = true
    if (signal?.aborted) {
      this.end()
      return Promise.reject(aborted())
    }
    const order: TrainingOrder = { spec, frame, validation, seed }
    return new Promise((resolve, reject) => {
      const stop = () => {
        reject(aborted())
        this.end()
      }
      signal?.addEventListener('abort', stop, { once: true })
      worker.on('message', (answer: TrainingAnswer) => {
        if (answer.kind === 'progress') onProgress?.(answer.progress)
        else if (answer.kind === 'model') resolve(readModel(answer.bytes))
        else reject(new MillwrightError(answer.code, answer.message, { field: answer.field, hint: answer.hint }))
      })
      worker.on('error', (cause) => {
        reject(new MillwrightError('training-failed', `the training thread failed: ${cause.message}`, { cause }))
      })
      worker.on('exit', (code) => {
        signal?.removeEventListener('abort', stop)
        // Does nothing when there was an answer.
        reject(new MillwrightError('training-failed', `the training thread ended with code ${code} and no model`))
      })
      worker.ref()
      worker.postMessage(order, transfer ? buffersOf(frame, validation) : [])
    })
  }

  /** Ends the thread, wherever it is. */
  end(): void {
    void this.worker.terminate()
  }
}

/** Each memory once: columns may share one. */
function buffersOf(...frames: (TrainingFrame | null)[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>()
  for (const frame of frames) {
    if (frame === null) continue
    for (const array of [...frame.columns, frame.target, ...(frame.weights === undefined ? [] : [frame.weights])]) {
      if (array.buffer instanceof ArrayBuffer) buffers.add(array.buffer)
    }
  }
  return [...buffers]
}

function aborted(): MillwrightError {
  return new MillwrightError('training-aborted', 'the training was stopped')
}
