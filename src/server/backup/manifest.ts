import { isAbsolute } from 'node:path'
import * as z from 'zod'

/** A manifest may come from elsewhere: its paths stay within the home that is made of it. */
const isWithin = (path: string): boolean =>
  path !== '' &&
  !isAbsolute(path) &&
  !/\\|\0/.test(path) &&
  !path.split('/').some((part) => ['', '.', '..'].includes(part))

const hash = z.string().regex(/^[0-9a-f]{64}$/)

const backedUpFileSchema = z.strictObject({
  /** Within the home, with `/` between folders. */
  path: z.string().refine(isWithin, 'a path within the home'),
  size: z.number().int().nonnegative(),
  hash,
  /** Permissions, as in `stat`. */
  mode: z.number().int(),
  /** When it was last written, of files that only grow: as long as this and the size are the same, the next backup need not read it. */
  mtimeMs: z.number(),
})
export type BackedUpFile = z.infer<typeof backedUpFileSchema>

/** What one backup holds: every file of a home as it was at one moment. */
export const manifestSchema = z.strictObject({
  format: z.literal(1),
  /** By the time that it was made; sorts by it. */
  id: z.string().regex(/^\d{8}T\d{6}Z-[0-9a-f]{6}$/),
  /** Wall-clock UTC milliseconds. */
  madeAt: z.number(),
  millwright: z.string(),
  project: z.string().nullable(),
  environment: z.string().nullable(),
  /** The head of the event log at that moment. */
  head: z.strictObject({ seq: z.number().int(), hash: z.string() }),
  files: z.array(backedUpFileSchema),
})
export type Manifest = z.infer<typeof manifestSchema>
