import * as z from 'zod'

/** Lower-case hex SHA-256. */
const hash = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hex')

export const checkOutcomes = ['passed', 'failed', 'skipped'] as const
export const checkResultSchema = z.strictObject({
  check: z.string(),
  outcome: z.enum(checkOutcomes),
  /** One sentence for people. */
  summary: z.string(),
})
/** What one check of continuous integration said of the package's content. */
export type CheckResult = z.infer<typeof checkResultSchema>

const packagedFileSchema = z.strictObject({
  /** Within the package, with `/`: `definition.json`, `project/millwright.config.ts`. */
  path: z.string(),
  sha256: hash,
  bytes: z.number().int().nonnegative(),
  /** A program: it keeps its permission to be run. */
  executable: z.literal(true).optional(),
})

export const upgradedSchema = z.strictObject({
  /** The lockfile that pins it, within the project. */
  lock: z.string(),
  name: z.string(),
  from: z.string(),
  to: z.string(),
})
/** A package of others that a project depends on, at another version. */
export type Upgraded = z.infer<typeof upgradedSchema>

/** Where a package comes from. It says no time, so that the same content checked by the same builder is the same package. */
const provenanceSchema = z.strictObject({
  /** Git commit and branch of the project's folder, and whether files differed from it; null where there is nothing to say. */
  commit: z.string().nullable(),
  branch: z.string().nullable(),
  dirty: z.boolean().nullable(),
  builder: z.strictObject({
    /** Who made it: `user:ada`, `ci`. */
    by: z.string(),
    millwright: z.string(),
    node: z.string(),
    platform: z.string(),
    arch: z.string(),
  }),
  /** In their order; empty for a snapshot that an apply by hand made. */
  checks: z.array(checkResultSchema),
  /** What was upgraded of the commit's packages, when that is how it came to be. */
  upgraded: z.array(upgradedSchema).optional(),
})

/** What a package is: its canonical JSON is the first entry of the file, and the SHA-256 of that is the package's identity. */
export const manifestSchema = z.strictObject({
  format: z.literal(1),
  /** Name of the project. */
  name: z.string(),
  definitionHash: hash,
  /** Version of Millwright that packed it. */
  millwright: z.string(),
  /** Every other entry of the file but the signature, by path. */
  files: z.array(packagedFileSchema),
  /** Folder of the project below `project/`, where the definition is; '' for `project/` itself. Above it lie lockfiles and code that it imports. */
  folder: z.string(),
  /** The npm lockfile among the files; null without one. */
  lockfile: z.string().nullable(),
  provenance: provenanceSchema,
})
export type Manifest = z.infer<typeof manifestSchema>

export const signatureSchema = z.strictObject({
  algorithm: z.literal('ed25519'),
  /** What the signer calls the key. */
  key: z.string(),
  /** The public key, SPKI in base64. */
  publicKey: z.string(),
  /** Over the identity as text, in base64. */
  signature: z.string(),
})
/** Who vouches for a package. It is no part of the identity: signing changes nothing of what is run. */
export type PackageSignature = z.infer<typeof signatureSchema>

export const packageRecordSchema = z.object({
  /** The identity. */
  id: hash,
  name: z.string(),
  definitionHash: hash,
  /** The file's blob. */
  blob: hash,
  bytes: z.number().int(),
  provenance: provenanceSchema,
  signedBy: z.object({ key: z.string(), publicKey: z.string() }).nullable(),
  /** A `snapshot` is of the folder that was applied by hand; a `package` was brought here. */
  origin: z.enum(['snapshot', 'package']),
  receivedAt: z.number(),
  receivedBy: z.string(),
})
/** A package that a control plane has. */
export type PackageRecord = z.infer<typeof packageRecordSchema>
