import type { Clock } from '../../base/clock.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Metadata } from '../../ports/metadata.ts'
import type { Tables } from '../../ports/tables.ts'

/** What the rules about data need from outside. */
export interface DataServices {
  metadata: Metadata
  blobs: Blobs
  tables: Tables
  clock: Clock
  /** A folder for files in the making; whatever lies in it at a start may be deleted. */
  workDir: string
}
