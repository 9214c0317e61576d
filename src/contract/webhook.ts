import * as z from 'zod'
import { type EventType, eventTypes } from './events.ts'

/** What a webhook can listen to in MLflow's words, with the type of event that tells of it. */
export const registryNews = {
  'registered_model.created': 'model.created',
  'model_version.created': 'model.registered',
  'model_version_tag.set': 'model.tag-set',
  'model_version_tag.deleted': 'model.tag-removed',
  'model_version_alias.created': 'model.alias-moved',
  'model_version_alias.deleted': 'model.alias-removed',
  'prompt.created': 'model.created',
  'prompt_version.created': 'model.registered',
  'prompt_tag.set': 'model.tag-set',
  'prompt_tag.deleted': 'model.tag-removed',
  'prompt_version_tag.set': 'model.tag-set',
  'prompt_version_tag.deleted': 'model.tag-removed',
  'prompt_alias.created': 'model.alias-moved',
  'prompt_alias.deleted': 'model.alias-removed',
} as const satisfies Record<string, EventType>
export type RegistryNews = keyof typeof registryNews

export const isRegistryNews = (kind: string): kind is RegistryNews => Object.hasOwn(registryNews, kind)

/** Our own types of events that are sent. Those of webhooks themselves are not: two of them could tell each other of their failures for ever. */
const sentTypes = (Object.keys(eventTypes) as EventType[]).filter((type) => !type.startsWith('webhook.'))

/** Everything that a webhook can listen to by its own name. */
export const webhookKinds: readonly string[] = [...Object.keys(registryNews), ...sentTypes]

/** The types of events behind what a webhook listens to: one in MLflow's words, one of our own, or `alert.*` for all that begin so. Empty for what is none. */
export function typesOf(kind: string): readonly EventType[] {
  if (isRegistryNews(kind)) return [registryNews[kind]]
  if (kind.endsWith('.*')) return sentTypes.filter((type) => type.startsWith(kind.slice(0, -1)))
  return sentTypes.filter((type) => type === kind)
}

export const webhookLimits = {
  webhooks: 100,
  name: 63,
  url: 2000,
  description: 1000,
  secret: 1000,
  /** Of one webhook, those set aside last are kept. */
  setAsideKept: 100,
} as const

export interface WebhookRecord {
  id: string
  name: string
  /** Whole; what is told of it in events is its host. */
  url: string
  description: string | null
  /** What it listens to, each from a place in the event log on, exclusive. */
  listens: { kind: string; after: number }[]
  isActive: boolean
  /** Whether deliveries are signed: the secret itself is not among the records. */
  isSigned: boolean
  /** Wall-clock UTC milliseconds. */
  createdAt: number
  changedAt: number
  /** All up to this place in the event log was delivered, set aside, or not for it. */
  done: number
  /** Of what comes next: how often it was tried in vain, and when it is tried again (wall clock). */
  attempts: number
  retryAt: number | null
  delivered: number
  setAside: number
  /** Set aside one after the other, without a delivery between. */
  setAsideInRow: number
  last: WebhookAttempt | null
  /** Of what was set aside, what is to be sent once more, by the ids of the deliveries in their order. */
  again?: string[]
}

export const webhookAttemptSchema = z.object({
  /** Wall-clock UTC milliseconds. */
  at: z.number(),
  ms: z.number(),
  seq: z.number(),
  kind: z.string(),
  /** Of the answer; null where none came. */
  status: z.number().nullable(),
  /** Why it is no delivery; null for one. */
  reason: z.string().nullable(),
})
/** What came of the last request that was sent, or could not be. */
export type WebhookAttempt = z.infer<typeof webhookAttemptSchema>

export const webhookSetAsideSchema = z.object({
  /** That of the delivery. */
  id: z.string(),
  webhook: z.string(),
  seq: z.number(),
  kind: z.string(),
  attempts: z.number(),
  status: z.number().nullable(),
  reason: z.string(),
  at: z.number(),
})
/** News that its receiver did not take. */
export type WebhookSetAsideRecord = z.infer<typeof webhookSetAsideSchema>

export const webhookSchema = z.object({
  id: z.string(),
  name: z.string(),
  /** Up to the host for those who may not change it: paths and queries of such addresses are often secrets. */
  url: z.string(),
  description: z.string().nullable(),
  events: z.array(z.string()),
  isActive: z.boolean(),
  isSigned: z.boolean(),
  createdAt: z.number(),
  changedAt: z.number(),
  delivered: z.number(),
  setAside: z.number(),
  setAsideInRow: z.number(),
  /** Of what comes next. */
  attempts: z.number(),
  retryAt: z.number().nullable(),
  last: webhookAttemptSchema.nullable(),
  /** Events that are not sent yet; 1000 stands for that many and more. */
  waiting: z.number(),
  /** Of what was set aside, how many are being sent once more. */
  resending: z.number(),
})
/** As it is shown. */
export type Webhook = z.infer<typeof webhookSchema>

export const webhookTestSchema = z.object({
  success: z.boolean(),
  status: z.number().nullable(),
  /** Why it failed. What the receiver answered beside its status is not read. */
  reason: z.string().nullable(),
  ms: z.number(),
})
export type WebhookTest = z.infer<typeof webhookTestSchema>
