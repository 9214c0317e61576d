import * as z from 'zod'

/** From the least to the most: each may what those before it may. */
export const roles = ['viewer', 'service', 'developer', 'operator', 'approver', 'admin'] as const
/**
 * `viewer` reads; a `service` is a program that brings data, labels and predictions; `developer` applies where that is free, runs pipelines, brings packages; `operator` deploys and rolls back; `approver` agrees to
 * deployments; `admin` does everything else.
 */
export type Role = (typeof roles)[number]

/** Whether somebody with the role may do what needs the other one. */
export const mayActAs = (role: Role, needed: Role): boolean => roles.indexOf(role) >= roles.indexOf(needed)

export const principalSchema = z.strictObject({
  /** Events name it as `user:<name>`. */
  name: z.string().regex(/^[a-z][a-z0-9._-]{0,62}$/i, 'a letter, then letters, digits, - . or _, at most 63 in all'),
  role: z.enum(roles),
  /** SHA-256 of the token, in hex; the token itself is with its owner alone. */
  tokenHash: z.string().regex(/^[0-9a-f]{64}$/),
})
/** Somebody, or something, that may act on a control plane. */
export type Principal = z.infer<typeof principalSchema>
