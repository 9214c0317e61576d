import * as z from 'zod'
import { ciRunSchema } from '../ci-run.ts'
import { approvalSchema, deliveryColumnSchema, deliverySchema, driftSchema, evidenceSchema } from '../delivery.ts'
import { resolvedEnvironmentSchema } from '../environment.ts'
import { manifestSchema, packageRecordSchema } from '../package.ts'
import { route } from '../route.ts'
import { changeSchema } from './project.ts'

const byPackage = z.object({ package: z.string() })
const deployment = z.object({
  package: z.string(),
  deployed: z.boolean(),
  /** Every rule that does not hold yet, in words. */
  missing: z.array(z.string()),
  changes: z.array(changeSchema),
  /** What goes on otherwise, or stays as it is, when this is done. */
  depends: z.array(z.string()),
})
/** A dry run only says what is missing and what would change. */
const deployBody = {
  dryRun: z.boolean().default(false),
  reason: z.string().default('by hand'),
  actor: z.string().default('user'),
}

export const deliveryRoutes = {
  delivery: route({
    method: 'GET',
    path: '/api/delivery',
    group: 'delivery',
    summary: 'Packages, environments, what runs where, what waits and why, and what runs otherwise than it was applied',
    query: z.object({
      /** Ask the other environments too. */
      others: z.stringbool().default(true),
    }),
    response: z.object({
      /** This one with its rules; null for none. */
      environment: resolvedEnvironmentSchema.nullable(),
      environments: z.array(deliveryColumnSchema),
      packages: z.array(
        z.object({
          package: packageRecordSchema,
          inForce: z.boolean(),
          /** What it needs before it may be put into force here. */
          missing: z.array(z.string()),
        }),
      ),
      drift: z.array(driftSchema),
      history: z.array(deliverySchema),
    }),
  }),
  receivePackage: route({
    method: 'POST',
    repeatable: true,
    path: '/api/packages',
    group: 'delivery',
    summary: 'Bring a package; it is read from end to end and refused unless it is exactly as it was made',
    query: z.object({ actor: z.string().default('user') }),
    takes: 'bytes',
    bodyLimit: 256 << 20,
    response: z.object({ package: packageRecordSchema, isNew: z.boolean() }),
  }),
  packages: route({
    method: 'GET',
    path: '/api/packages',
    group: 'delivery',
    summary: 'Packages, newest first; snapshots of folders that were applied by hand only when asked for',
    query: z.object({
      snapshots: z.stringbool().default(false),
      limit: z.coerce.number().int().min(1).max(1000).default(50),
    }),
    response: z.object({ packages: z.array(packageRecordSchema), inForce: z.string().nullable() }),
  }),
  package: route({
    method: 'GET',
    path: '/api/packages/{package}',
    group: 'delivery',
    summary:
      'One package with its manifest, who agreed to it and when it was in force; by its hash or the first digits of it',
    params: byPackage,
    response: z.object({
      package: packageRecordSchema,
      manifest: manifestSchema,
      approvals: z.array(approvalSchema),
      history: z.array(deliverySchema),
    }),
  }),
  packageFile: route({
    method: 'GET',
    path: '/api/packages/{package}/file',
    group: 'delivery',
    summary: 'The package itself, as a download',
    params: byPackage,
    sends: 'bytes',
  }),
  packageEvidence: route({
    method: 'GET',
    path: '/api/packages/{package}/evidence',
    group: 'delivery',
    summary: 'What this environment knows of a package from having run it; a package that was never here has none',
    params: byPackage,
    response: evidenceSchema,
  }),
  approvePackage: route({
    method: 'POST',
    repeatable: true,
    role: 'approver',
    path: '/api/packages/{package}/approve',
    group: 'delivery',
    summary: 'Agree to the deployment of a package here',
    params: byPackage,
    body: z.object({ note: z.string().default('') }),
    response: approvalSchema,
  }),
  deployPackage: route({
    method: 'POST',
    repeatable: true,
    role: 'operator',
    path: '/api/packages/{package}/deploy',
    group: 'delivery',
    summary: 'Put a package into force by the rules in force',
    params: byPackage,
    body: z.object(deployBody),
    response: deployment,
  }),
  rollbackPackage: route({
    method: 'POST',
    role: 'operator',
    keyed: true,
    path: '/api/delivery/rollback',
    group: 'delivery',
    summary: 'Return to a package that was in force before',
    body: z.object({
      /** The one before the one in force where nothing is said. */
      package: z.string().optional(),
      ...deployBody,
    }),
    response: deployment,
  }),
  rollbackFeatureView: route({
    method: 'POST',
    role: 'operator',
    keyed: true,
    path: '/api/feature-views/{view}/rollback',
    group: 'delivery',
    summary: 'Put a feature view as an earlier definition had it into the definition in force',
    params: z.object({ view: z.string() }),
    body: z.object(deployBody),
    response: z.object({
      /** Hash of the definition that it is taken from. */
      to: z.string(),
      changes: z.array(changeSchema),
      depends: z.array(z.string()),
    }),
  }),
  ciRuns: route({
    method: 'GET',
    path: '/api/ci-runs',
    group: 'delivery',
    summary: 'Commits of the watched repository that were tested, newest first, and what became of them',
    query: z.object({ limit: z.coerce.number().int().min(1).max(1000).default(50) }),
    response: z.object({ runs: z.array(ciRunSchema) }),
  }),
  checkRepository: route({
    method: 'POST',
    role: 'service',
    repeatable: true,
    path: '/api/repository/check',
    group: 'delivery',
    summary: 'Look at the watched repository now; for the hooks of a git server',
    body: z.object({
      /** Answer when everything new was tested, not when the look has begun. */
      wait: z.boolean().default(false),
    }),
    response: z.object({ runs: z.array(ciRunSchema) }),
  }),
}
