import { MillwrightError } from '../../base/errors.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Metadata, RecordWriter } from '../../ports/metadata.ts'
import { namedBlobs } from './named-blobs.ts'

/** What is of no script, and what a home that tests empty has none of. */
const others = ['definition', 'endpoint', 'run', 'package'] as const

/**
 * Removes all that clients of MLflow logged and registered: experiments, runs, logged models, registered models and their files. The log of events goes on:
 * what was is told there, and that it was removed.
 *
 * @throws `conflict` where there is a project, an endpoint, a package or a run of a pipeline: no home for tests has those.
 */
export async function resetTracking(
  { metadata, blobs }: { metadata: Metadata; blobs: Blobs },
  actor: string,
): Promise<void> {
  await metadata.transaction(async (writer) => {
    for (const kind of others) {
      if ((await writer.count(kind)) === 0) continue
      throw new MillwrightError('conflict', `this home has a ${kind}, and is not emptied`, {
        hint: 'Only what clients of MLflow logged and registered is removed for a test. Use a home of its own for tests.',
      })
    }
    await writer.tracking.clear()
    await writer.files.clear()
    await writer.registry.clear()
    await removeRecords(writer)
    await writer.emit({
      type: 'tracking.reset',
      subject: 'project:storage',
      actor,
      level: 'warning',
      message: 'All that was logged and registered was removed for a test',
    })
  })
  const named = new Set<string>()
  for await (const { hash } of namedBlobs(metadata)) named.add(hash)
  for await (const { hash } of blobs.list()) if (!named.has(hash)) await blobs.remove(hash)
}

async function removeRecords(writer: RecordWriter): Promise<void> {
  for (const kind of ['alias', 'model_version', 'artifact_part', 'artifact_upload', 'keyed_request'] as const)
    for (const { id } of await writer.find(kind)) await writer.remove(kind, id)
}
