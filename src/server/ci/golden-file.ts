import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MillwrightError, messageOf } from '../../base/errors.ts'
import { type GoldenRequests, goldenRequestsSchema } from '../../contract/ci.ts'

const goldenFile = 'golden.json'

/** Requests that were recorded, and where. */
export interface RecordedGolden {
  from: string
  /** The file of the project that holds them; null where they come from elsewhere. */
  file: string | null
  requests: GoldenRequests
}

/** Requests that the project keeps beside its configuration; null without any. @throws `invalid-definition` */
export async function goldenFileOf(projectDir: string): Promise<RecordedGolden | null> {
  try {
    const text = await readFile(join(projectDir, goldenFile), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    })
    if (text === null) return null
    return { from: goldenFile, file: goldenFile, requests: goldenRequestsSchema.parse(JSON.parse(text)) }
  } catch (cause) {
    throw new MillwrightError('invalid-definition', `${goldenFile} holds no recorded requests: ${messageOf(cause)}`, {
      field: goldenFile,
      cause,
    })
  }
}
