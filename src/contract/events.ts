import * as z from 'zod'

/** Stages of the loop, in its order. Every event belongs to one. */
export const stages = [
  'project',
  'data',
  'features',
  'pipelines',
  'training',
  'registry',
  'serving',
  'monitoring',
  'lifecycle',
  'delivery',
] as const
export type Stage = (typeof stages)[number]

/**
 * Every kind of change, with the stage it belongs to and how it looks in a timeline. Events name things; they hold no personal
 * data, no metric points, no predictions.
 */
export const eventTypes = {
  'project.applied': 'project',
  'clock.started': 'project',
  'gc.finished': 'project',
  'backup.made': 'project',
  'backup.restored': 'project',
  'storage.damaged': 'project',
  'storage.repaired': 'project',
  'access.refused': 'project',
  'session.opened': 'project',
  'session.closed': 'project',
  'webhook.created': 'project',
  'webhook.changed': 'project',
  'webhook.removed': 'project',
  'webhook.set-aside': 'project',
  'webhook.recovered': 'project',
  'webhook.resent': 'project',
  'dataset.version-committed': 'data',
  'dataset.batch-refused': 'data',
  'dataset.batch-quarantined': 'data',
  'dataset.value-skew': 'data',
  'dataset.rolled-back': 'data',
  'run.queued': 'pipelines',
  'run.started': 'pipelines',
  'run.succeeded': 'pipelines',
  'run.failed': 'pipelines',
  'run.stopped': 'pipelines',
  'step.started': 'pipelines',
  'step.succeeded': 'pipelines',
  'step.reused': 'pipelines',
  'step.skipped': 'pipelines',
  'step.retried': 'pipelines',
  'step.failed': 'pipelines',
  'experiment.created': 'training',
  'experiment.renamed': 'training',
  'experiment.deleted': 'training',
  'experiment.restored': 'training',
  'tracked-run.started': 'training',
  'tracked-run.ended': 'training',
  'tracked-run.deleted': 'training',
  'tracked-run.restored': 'training',
  'tracking.reset': 'training',
  'logged-model.created': 'training',
  'logged-model.finished': 'training',
  'logged-model.deleted': 'training',
  'tracking.collected': 'training',
  'tracking.removed': 'training',
  'model.registered': 'registry',
  'model.refused': 'registry',
  'model.alias-moved': 'registry',
  'model.alias-removed': 'registry',
  'model.created': 'registry',
  'model.renamed': 'registry',
  'model.deleted': 'registry',
  'model.version-deleted': 'registry',
  'model.stage-moved': 'registry',
  'model.tag-set': 'registry',
  'model.tag-removed': 'registry',
  'deployment.started': 'serving',
  'deployment.refused': 'serving',
  'deployment.advanced': 'serving',
  'deployment.completed': 'serving',
  'deployment.rolled-back': 'serving',
  'endpoint.created': 'serving',
  'predictor.connected': 'serving',
  'predictions.dropped': 'serving',
  'alert.raised': 'monitoring',
  'alert.resolved': 'monitoring',
  'trigger.fired': 'lifecycle',
  'trigger.suppressed': 'lifecycle',
  'package.snapshot-made': 'delivery',
  'package.received': 'delivery',
  'package.approved': 'delivery',
  'package.deployed': 'delivery',
  'package.rolled-back': 'delivery',
  'package.refused': 'delivery',
  'feature-view.rolled-back': 'delivery',
  'ci.started': 'delivery',
  'ci.passed': 'delivery',
  'ci.failed': 'delivery',
  'run.reproduced': 'delivery',
  'upgrade.tried': 'delivery',
} as const satisfies Record<string, Stage>
export type EventType = keyof typeof eventTypes

export const severityLevels = ['info', 'good', 'warning', 'bad'] as const

/** What is written in the transaction of the change. */
export interface NewEvent {
  type: EventType
  /** What it is about, `kind:id` or `kind:name`: `run:run_01…`, `dataset:flights`. */
  subject: string
  /** Who did it: `user:ada`, `trigger:weekly`, `system`. */
  actor: string
  /** One sentence for a timeline, without markup. */
  message: string
  level?: (typeof severityLevels)[number]
  /** Names, ids, counts and figures that explain it. */
  data?: Record<string, unknown>
}

export const eventSchema = z.object({
  /** Its place in the log from 1 on, without gaps. */
  seq: z.number().int(),
  id: z.string(),
  type: z.string(),
  stage: z.string(),
  subject: z.string(),
  actor: z.string(),
  message: z.string(),
  level: z.enum(severityLevels),
  /** Project time, UTC milliseconds. */
  time: z.number(),
  /** Wall-clock time of the writing, UTC milliseconds; differs from `time` in a replay. */
  recordedAt: z.number(),
  data: z.record(z.string(), z.unknown()),
  /** Hex SHA-256 of the event before it, and of this one with that. */
  previousHash: z.string(),
  hash: z.string(),
})
/** A sealed event. */
export type Event = z.infer<typeof eventSchema>
