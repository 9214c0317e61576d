import * as z from 'zod'

/** The beginning of an artifact, as far as a person can read it. */
export const artifactPreviewSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('text'), text: z.string(), size: z.number(), isWhole: z.boolean() }),
  z.object({
    kind: z.literal('table'),
    columns: z.array(z.object({ name: z.string(), storedAs: z.enum(['number', 'text', 'boolean', 'time', 'other']) })),
    /** Times are UTC milliseconds; what is neither number nor text is told by its type's name. */
    rows: z.array(z.array(z.json())),
    total: z.number(),
  }),
  /** Base64 of the whole file. */
  z.object({ kind: z.literal('image'), mediaType: z.string(), base64: z.string() }),
  z.object({ kind: z.literal('none'), size: z.number(), because: z.string() }),
])
export type ArtifactPreview = z.infer<typeof artifactPreviewSchema>
