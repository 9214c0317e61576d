import * as z from 'zod'
import { checkOutcomes, upgradedSchema } from './package.ts'

/** How far packages are upgraded: within what a caret allows (the same major version), or to the newest. */
export const upgradeReaches = ['minor', 'latest'] as const
export type UpgradeReach = (typeof upgradeReaches)[number]

const reasonKinds = ['install', 'check', 'metric', 'outcome', 'answers', 'load'] as const
const reasonSchema = z.object({
  kind: z.enum(reasonKinds),
  /** What it is about: a package, a check, `late auc`, an endpoint. */
  what: z.string(),
  /** One sentence for people, with the figures. */
  message: z.string(),
})
/** Why an upgrade is not ready. */
export type UpgradeReason = z.infer<typeof reasonSchema>

const segmentSchema = z.object({
  /** '' is all rows. */
  segment: z.string(),
  part: z.string(),
  rows: z.number().int(),
  /** Mean scores. */
  before: z.number(),
  after: z.number(),
  /** Share of the rows with another score, and by how much at most. */
  differs: z.number(),
  largest: z.number(),
})

const modelSchema = z.object({
  model: z.string(),
  /** The same bytes. */
  isSame: z.boolean(),
  metrics: z.array(
    z.object({
      metric: z.string(),
      before: z.number(),
      after: z.number(),
      /** After minus before on the same rows; all intervals of a model hold together in 95 % of cases. */
      difference: z.number().nullable(),
      low: z.number().nullable(),
      high: z.number().nullable(),
      isWorse: z.boolean(),
    }),
  ),
  predictions: z.array(segmentSchema),
})

const speedSchema = z.object({ p50Ms: z.number(), p99Ms: z.number(), requestsPerSecond: z.number() })
const loadSchema = z.object({
  endpoint: z.string(),
  before: speedSchema,
  after: speedSchema,
  /** Median latency after over before, of rounds that alternated: the median of the rounds. */
  ratio: z.number(),
})

const answersSchema = z.object({
  endpoint: z.string(),
  /** Requests recorded before the upgrade, asked of both. */
  asked: z.number().int(),
  refused: z.number().int(),
  differs: z.number().int(),
  /** Greatest difference of a probability or value. */
  largest: z.number(),
})

/** What came of trying some upgrades together. */
const attemptSchema = z.object({
  upgraded: z.array(upgradedSchema),
  reasons: z.array(reasonSchema),
})

export const upgradeReportSchema = z.object({
  project: z.string(),
  verdict: z.enum(['ready', 'not-ready', 'nothing-to-do']),
  /** One sentence for people. */
  message: z.string(),
  reach: z.enum(upgradeReaches),
  commit: z.string().nullable(),
  upgraded: z.array(upgradedSchema),
  /** Packages that nobody asked for and that moved with them. */
  movedAlong: z.array(z.object({ name: z.string(), from: z.string().nullable(), to: z.string().nullable() })),
  reasons: z.array(reasonSchema),
  /** What is worth knowing and no reason. */
  notes: z.array(z.string()),
  checks: z.array(
    z.object({
      check: z.string(),
      before: z.enum(checkOutcomes).nullable(),
      after: z.enum(checkOutcomes).nullable(),
    }),
  ),
  models: z.array(modelSchema),
  answers: z.array(answersSchema),
  load: z.array(loadSchema),
  /** Resident memory of the prediction service after the load, in MiB. */
  memoryMb: z.object({ before: z.number(), after: z.number() }).nullable(),
  /** Fewest upgrades that are not ready by themselves: one each, or several that only fail together. */
  culprits: z.array(attemptSchema),
  /** Upgrades that were tried without the culprits and are ready. */
  readyWithout: z.array(upgradedSchema),
  /** Upgrades that nothing is known of, because time or tries were up. */
  undecided: z.array(upgradedSchema),
  /** Identity of the package that came of it. */
  package: z.string().nullable(),
  /** Versions of Millwright that were at work. */
  millwright: z.object({ before: z.string().nullable(), after: z.string().nullable() }),
  node: z.string(),
  seconds: z.number(),
})
export type UpgradeReport = z.infer<typeof upgradeReportSchema>

export const upgradeSchema = z.object({
  id: z.string(),
  verdict: upgradeReportSchema.shape.verdict,
  report: upgradeReportSchema,
  by: z.string(),
  /** Wall-clock UTC milliseconds. */
  at: z.number(),
})
/** Upgrades that somebody tried, with what came of it. */
export type UpgradeRecord = z.infer<typeof upgradeSchema>
