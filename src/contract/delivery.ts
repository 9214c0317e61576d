import * as z from 'zod'
import { roles } from './principal.ts'

export const approvalSchema = z.object({
  /** `<package>/<principal>`: somebody agrees once. */
  id: z.string(),
  package: z.string(),
  /** Name of the principal, and the role at that time. */
  by: z.string(),
  role: z.enum(roles),
  note: z.string(),
  at: z.number(),
})
/** Somebody agreed to a package's deployment in this environment; it holds for these very bytes and no others. */
export type ApprovalRecord = z.infer<typeof approvalSchema>

export const deliverySchema = z.object({
  id: z.string(),
  package: z.string(),
  definitionHash: z.string(),
  environment: z.string().nullable(),
  kind: z.enum(['deploy', 'rollback']),
  /** The package that was in force before; null for the first, and after a folder that was applied by hand. */
  previous: z.string().nullable(),
  by: z.string(),
  reason: z.string(),
  at: z.number(),
})
/** A package was put into force. */
export type DeliveryRecord = z.infer<typeof deliverySchema>

export const evidenceSchema = z.object({
  /** Which environment says so. */
  environment: z.string().nullable(),
  package: z.string(),
  /** Pipeline → runs of this very package that succeeded and did work of their own, newest first. */
  green: z.record(z.string(), z.array(z.string())),
})
/** What a control plane knows of a package from having run it. */
export type Evidence = z.infer<typeof evidenceSchema>

export const driftSchema = z.object({
  /** `endpoints.flights`, `code`, `definition`. */
  what: z.string(),
  /** One sentence: what runs, and how that differs from what was applied. */
  message: z.string(),
  /** Who did it, and the event that tells; null where no event does. */
  by: z.string().nullable(),
  event: z.number().nullable(),
  at: z.number().nullable(),
})
/** Something runs otherwise than it was applied. */
export type Drift = z.infer<typeof driftSchema>

const columnSchema = z.object({
  environment: z.string(),
  address: z.string().nullable(),
  /** It is the control plane that answers. */
  here: z.boolean(),
  /** Null when it answered; otherwise why nothing is known of it. */
  unreachable: z.string().nullable(),
  inForce: z.string().nullable(),
  since: z.number().nullable(),
  by: z.string().nullable(),
  /** Package → what it went through there. */
  packages: z.record(
    z.string(),
    z.object({ green: z.record(z.string(), z.number()), approvals: z.array(z.string()), deployed: z.number() }),
  ),
})
/** An environment and what it has of packages. */
export type DeliveryColumn = z.infer<typeof columnSchema>
export const deliveryColumnSchema = columnSchema
