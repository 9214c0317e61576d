import { MillwrightError } from '../../base/errors.ts'
import type { ModelRunner } from '../../ports/model-runner.ts'
import { Evaluator } from './evaluator.ts'
import type { TrainedModel } from './model.ts'
import { onnxInput, onnxOutput } from './onnx-export.ts'

/** The greatest difference that an export may have, relative to values beyond 1, for onnxruntime adds in float32. */
const tolerance = 1e-5

/**
 * Runs the exported file beside our evaluator on the same rows.
 *
 * @param rows float32 rows, one after the other; choose ones with missing values and rare categories among them
 * @returns the greatest |ONNX − ours| / max(1, |ours|)
 * @throws MillwrightError `export-differs` when that is more than 1e-5
 */
export async function checkExportParity(
  model: TrainedModel,
  onnx: Uint8Array,
  rows: Float32Array,
  runner: ModelRunner,
): Promise<number> {
  const evaluator = new Evaluator(model)
  const count = rows.length / evaluator.features
  const ours = evaluator.predictRows(rows, count)
  const loaded = await runner.load(onnx)
  try {
    const shape = [count, evaluator.features]
    const answer = await loaded.run({ [onnxInput]: { datatype: 'FP32', shape, data: rows } })
    const theirs = answer[onnxOutput(model)]!.data as ArrayLike<number>
    let greatest = 0
    for (let index = 0; index < ours.length; index += 1) {
      // A binary export gives a column for each class, our evaluator the second one's.
      const other = theirs[model.task === 'binary' ? 2 * index + 1 : index]!
      const difference = Math.abs(other - ours[index]!) / Math.max(1, Math.abs(ours[index]!))
      if (!(difference <= tolerance)) throw exportDiffers(Math.floor(index / evaluator.outputs), ours[index]!, other)
      greatest = Math.max(greatest, difference)
    }
    return greatest
  } finally {
    await loaded.release()
  }
}

function exportDiffers(row: number, ours: number, other: number): MillwrightError {
  return new MillwrightError(
    'export-differs',
    `the exported model answers ${other} for row ${row}, the trained one ${ours}`,
    { hint: 'do not register it; the export or the runtime is at fault' },
  )
}
