import { MillwrightError } from '../base/errors.ts'
import { sha256 } from '../base/hash.ts'
import type { Blobs } from '../ports/blobs.ts'
import type { Client } from '../sdk/client.ts'

/** Blobs of the control plane, kept on the prediction service's own disk: what was fetched once is there when the control plane is not. */
export async function cachedBlob(blobs: Blobs, client: Client, hash: string): Promise<Uint8Array> {
  if (await blobs.has(hash)) return blobs.get(hash)
  const response = await client.artifact({ params: { hash } })
  const bytes = new Uint8Array(await response.arrayBuffer())
  if (sha256(bytes) !== hash)
    throw new MillwrightError('corrupt-blob', `the control plane sent other bytes for ${hash}`)
  await blobs.put(bytes)
  return bytes
}
