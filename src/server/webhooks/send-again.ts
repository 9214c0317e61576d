import { typesOf, type WebhookRecord } from '../../contract/webhook.ts'
import { newsOf } from '../../domain/governance/webhook-news.ts'
import type { Metadata, RecordWriter } from '../../ports/metadata.ts'
import { type RequestServices, sendNews, type WebhookOutcome } from './webhook-request.ts'

/** What is no news any more, such as of a model that is gone. */
const nothing: WebhookOutcome = {
  status: null,
  reason: 'there is nothing left to tell of it',
  mayRetry: false,
  retryAfterMs: null,
  ms: 0,
}

/** Sends what was set aside once more, with the id that it had. @returns undefined for what is not among it any more */
export async function sendAgain(
  webhook: WebhookRecord,
  id: string,
  services: RequestServices & { metadata: Metadata },
  signal: AbortSignal,
): Promise<WebhookOutcome | undefined> {
  const { metadata } = services
  const kept = await metadata.get('webhook_set_aside', id)
  if (!kept) return undefined
  const { seq, kind } = kept
  const [event] = await metadata.eventsOfTypes(new Map(typesOf(kind).map((type) => [type, seq - 1])), 1)
  const news = event?.seq === seq ? await newsOf(event, [{ kind, after: seq - 1 }], metadata) : null
  return event && news ? sendNews(webhook, { id, news, at: event.recordedAt }, services, signal) : nothing
}

/**
 * What became of it is on record; of a receiver that may be well again later, the rest of what was asked for goes back to what is set aside, so that what
 * happens now does not wait behind it.
 */
export function recordAgain(
  metadata: Metadata,
  webhookId: string,
  id: string,
  outcome: WebhookOutcome | undefined,
  taken: (writer: RecordWriter, webhook: WebhookRecord, change: Partial<WebhookRecord>) => Promise<void>,
): Promise<void> {
  return metadata.transaction(async (writer) => {
    const webhook = await writer.get('webhook', webhookId)
    if (!webhook?.again?.includes(id)) return
    const again = webhook.again.filter((each) => each !== id)
    const kept = await writer.get('webhook_set_aside', id)
    if (!kept || !outcome) {
      await writer.put('webhook', { ...webhook, again })
      return
    }
    const { seq, kind } = kept
    const { status, reason, ms, mayRetry } = outcome
    const last = { at: Date.now(), ms, seq, kind, status, reason }
    if (reason === null) {
      await writer.remove('webhook_set_aside', id)
      const change = { again, last, setAside: Math.max(0, webhook.setAside - 1) }
      return taken(writer, webhook, change)
    }
    const attempts = kept.attempts + 1
    await writer.put('webhook_set_aside', { ...kept, attempts, status, reason, at: last.at })
    await writer.put('webhook', { ...webhook, last, again: mayRetry ? [] : again })
  })
}
