import * as z from 'zod'
import { definitionSchema } from './definition.ts'

export const definitionRecordSchema = z.object({
  /** The hash of the definition. */
  id: z.string(),
  definition: definitionSchema,
  /** The project's folder on the machine that applied it. */
  projectDir: z.string(),
  /** The package with its code; null for one that was applied before there were packages. */
  packageHash: z.string().nullable(),
  /** Whether somebody applied a folder of theirs, or a package was deployed. */
  origin: z.enum(['folder', 'package']),
  appliedAt: z.number(),
  appliedBy: z.string(),
  /** The one in force. */
  current: z.boolean(),
})
/** A definition as applied, kept for every hash that was ever in force. */
export type DefinitionRecord = z.infer<typeof definitionRecordSchema>
/** One in a list: without what it says. */
export const listedDefinitionSchema = definitionRecordSchema.omit({ definition: true })

/** The project's clock; one record, `id` is `clock`. */
export const clockRecordSchema = z.object({
  id: z.literal('clock'),
  mode: z.enum(['live', 'replay']),
  /** Replay: where event time stands, UTC milliseconds. */
  at: z.number(),
})
export type ClockRecord = z.infer<typeof clockRecordSchema>
