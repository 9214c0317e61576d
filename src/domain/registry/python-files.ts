import type { ModelVersionRecord } from '../../contract/model.ts'
import type { Slot } from '../../contract/serving.ts'
import type { TrackedFileReader } from '../../ports/tracked-files.ts'
import { filesRoot } from './enter-version.ts'
import { filesBelow } from './registered-versions.ts'

/** The files of a version that only Python can run, by their paths in the model's folder; null of any other version. */
export async function pythonFiles(
  { modelHash, onnxHash, filesHash }: Pick<ModelVersionRecord, 'modelHash' | 'onnxHash' | 'filesHash'>,
  files: TrackedFileReader,
): Promise<Slot['files']> {
  if (modelHash !== null || onnxHash !== null || filesHash === null) return null
  const found = await filesBelow(files, { root: filesRoot(filesHash), path: '' })
  return found.map(({ path, hash, size }) => ({ path, hash, size }))
}
