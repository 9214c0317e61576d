import type { Metadata } from '../../ports/metadata.ts'

export interface NamedBlob {
  hash: string
  /** What cannot be read without it: `model version late@3`. */
  by: string
}

/** Of the files of tracked runs, which may be a million, so many are in memory at a time. */
const filesAtOnce = 5000

/**
 * Every blob that a record names as one. The same hash may come several times.
 *
 * @param gone what does not count: ids of runs, versions, packages and uploads, and roots of files.
 */
export async function* namedBlobs(
  metadata: Metadata,
  gone: ReadonlySet<string> = new Set(),
): AsyncGenerator<NamedBlob, void, undefined> {
  function* name(by: string, ...hashes: (string | null | undefined)[]): Generator<NamedBlob> {
    for (const hash of hashes) if (typeof hash === 'string') yield { hash, by }
  }
  for (const { id, blob } of await metadata.find('package'))
    if (!gone.has(id)) yield* name(`package ${id.slice(0, 12)}`, blob)
  for (const { id, references } of await metadata.find('endpoint'))
    yield* name(`endpoint ${id}`, ...Object.values(references ?? {}))
  for (const { id, dataset, contentHash } of await metadata.find('batch'))
    yield* name(`batch ${id} of ${dataset}`, contentHash)
  for (const version of await metadata.find('model_version')) {
    const { modelHash, onnxHash, referenceHash, goldenHash, cardHash } = version
    if (!gone.has(version.id))
      yield* name(`model version ${version.id}`, modelHash, onnxHash, referenceHash, goldenHash, cardHash)
  }
  for (const { id, pipelineHash } of await metadata.find('run'))
    if (!gone.has(id)) yield* name(`run ${id}`, pipelineHash)
  for (const { runId, step, artifacts } of await metadata.find('step'))
    if (!gone.has(runId)) yield* name(`step ${step} of ${runId}`, ...artifacts.map(({ hash }) => hash))
  for (const { upload, number, hash } of await metadata.find('artifact_part'))
    if (!gone.has(upload)) yield* name(`part ${number} of the upload ${upload}`, hash)
  for (let after: { root: string; path: string } | null = null; ; ) {
    const files: Awaited<ReturnType<Metadata['files']['references']>> = await metadata.files.references(
      after,
      filesAtOnce,
    )
    for (const { root, path, hash } of files) if (!gone.has(root)) yield* name(`artifact ${root}/${path}`, hash)
    after = files.at(-1) ?? null
    if (files.length < filesAtOnce) return
  }
}
