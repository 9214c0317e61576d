import type { Event } from '../../contract/events.ts'
import { type WebhookRecord, webhookLimits } from '../../contract/webhook.ts'
import { newsOf } from '../../domain/governance/webhook-news.ts'
import { placesOf, shownUrl } from '../../domain/governance/webhooks.ts'
import type { Metadata, RecordWriter } from '../../ports/metadata.ts'
import { recordAgain, sendAgain } from './send-again.ts'
import { deliveryId, type RequestServices, sendNews, type WebhookOutcome } from './webhook-request.ts'

/** How often, and after which waits, news are offered again. */
export interface WebhookPace {
  /** Waits double from the first to the longest, each between half of it and the whole. */
  firstRetryMs: number
  longestRetryMs: number
  /** After so many requests for the same news they are set aside. */
  mostAttempts: number
}

/** Fifteen attempts go on for four to five hours. */
export const usualPace: WebhookPace = { firstRetryMs: 5000, longestRetryMs: 3_600_000, mostAttempts: 15 }

export interface CourierServices extends RequestServices {
  metadata: Metadata
  pace: WebhookPace
  /** What went wrong with ourselves. */
  onFault(error: unknown): void
}

/** Events that are looked at at a time: most of them are for the webhook, and each is a request. */
const pageSize = 10
/** Of a fault of our own: the disk is full, say. */
const faultPauseMs = 5000

interface Delivery {
  event: Event
  id: string
  kind: string
  outcome: WebhookOutcome
}

/** It was taken: what waits is sent at once. */
async function taken(writer: RecordWriter, webhook: WebhookRecord, change: Partial<WebhookRecord>): Promise<void> {
  const { setAsideInRow, delivered } = webhook
  await writer.put('webhook', { ...webhook, ...change, retryAt: null, delivered: delivered + 1, setAsideInRow: 0 })
  if (setAsideInRow === 0) return
  await writer.emit({
    type: 'webhook.recovered',
    subject: `webhook:${webhook.id}`,
    actor: 'system',
    level: 'good',
    message: `The webhook ${webhook.name} takes news again; ${setAsideInRow} before ${setAsideInRow === 1 ? 'was' : 'were'} set aside`,
    data: { name: webhook.name, host: shownUrl(webhook.url), setAside: setAsideInRow },
  })
}

/**
 * Brings one webhook its news, one after the other in the order of the event log. Where it stands is in its record: what was not recorded as done is
 * sent (again) by the next process, with the same id.
 */
export class Courier {
  private readonly stop = new AbortController()
  private timer: NodeJS.Timeout | undefined
  private running: Promise<void> | null = null
  private again = false

  constructor(
    private readonly id: string,
    private readonly services: CourierServices,
  ) {}

  /** There may be news, or the webhook is another now. */
  wake(): void {
    if (this.stop.signal.aborted) return
    this.again = true
    this.running ??= this.run().finally(() => {
      this.running = null
      if (this.again) this.wake()
    })
  }

  /** What is under way is broken off, and comes again with the next process. */
  async close(): Promise<void> {
    this.stop.abort()
    clearTimeout(this.timer)
    await this.running
  }

  private async run(): Promise<void> {
    clearTimeout(this.timer)
    try {
      while (this.again && !this.stop.signal.aborted) {
        this.again = false
        while (!this.stop.signal.aborted && (await this.step()));
      }
    } catch (error) {
      if (this.stop.signal.aborted) return
      this.services.onFault(error)
      this.again = false
      this.wakeIn(faultPauseMs)
    }
  }

  private wakeIn(ms: number): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.wake(), ms)
    this.timer.unref()
  }

  /** @returns whether there may be more to do now. */
  private async step(): Promise<boolean> {
    const { metadata, pace } = this.services
    const webhook = await metadata.get('webhook', this.id)
    if (!webhook?.isActive) return false
    const [again] = webhook.again ?? []
    if (again !== undefined) {
      const outcome = await sendAgain(webhook, again, this.services, this.stop.signal)
      if (this.stop.signal.aborted) return false
      await recordAgain(metadata, this.id, again, outcome, taken)
      return true
    }
    if (webhook.retryAt !== null) {
      // A clock that was set back holds nothing up for longer than it would have been anyhow.
      const wait = Math.min(webhook.retryAt - Date.now(), pace.longestRetryMs)
      if (wait > 0) {
        this.wakeIn(wait)
        return false
      }
    }
    const page = await metadata.eventsOfTypes(placesOf(webhook), pageSize)
    for (const event of page) {
      const news = await newsOf(event, webhook.listens, metadata)
      if (!news) continue
      const id = deliveryId(webhook.id, event.id)
      const outcome = await sendNews(webhook, { id, news, at: event.recordedAt }, this.services, this.stop.signal)
      if (this.stop.signal.aborted) return false
      await this.record(webhook, { event, id, kind: news.kind, outcome })
      return true
    }
    const last = page.at(-1)
    if (!last) return false
    await metadata.transaction(async (writer) => {
      const now = await writer.get('webhook', this.id)
      if (now && now.done < last.seq) await writer.put('webhook', { ...now, done: last.seq })
    })
    return true
  }

  private record(asked: WebhookRecord, delivery: Delivery): Promise<void> {
    const { metadata } = this.services
    return metadata.transaction(async (writer) => {
      const webhook = await writer.get('webhook', this.id)
      // Of one that was removed nothing is left; one that was woken anew stands beyond it.
      if (!webhook || webhook.done >= delivery.event.seq) return
      const { event, kind, outcome } = delivery
      const { status, reason, ms } = outcome
      const now: WebhookRecord = { ...webhook, last: { at: Date.now(), ms, seq: event.seq, kind, status, reason } }
      if (reason === null) return taken(writer, now, { done: event.seq, attempts: 0 })
      // Who changed it meanwhile wants the same tried as it is now.
      if (webhook.changedAt !== asked.changedAt) return writer.put('webhook', now)
      const attempts = webhook.attempts + 1
      if (outcome.mayRetry && attempts < this.services.pace.mostAttempts) {
        const retryAt = Date.now() + this.wait(attempts, outcome.retryAfterMs)
        return writer.put('webhook', { ...now, attempts, retryAt })
      }
      return this.setAside(writer, now, delivery, attempts)
    })
  }

  private wait(attempts: number, asked: number | null): number {
    const { firstRetryMs, longestRetryMs } = this.services.pace
    const longest = Math.min(firstRetryMs * 2 ** (attempts - 1), longestRetryMs)
    return Math.min(Math.max(longest * (0.5 + Math.random() / 2), asked ?? 0), longestRetryMs)
  }

  /** The first in a row is told by an event: a receiver that is gone for good must not fill the log. */
  private async setAside(
    writer: RecordWriter,
    webhook: WebhookRecord,
    { event: { seq, id: event, subject }, id, kind, outcome }: Delivery,
    attempts: number,
  ): Promise<void> {
    const now = Date.now()
    const { status } = outcome
    const reason = outcome.reason ?? ''
    const inRow = webhook.setAsideInRow + 1
    await writer.put('webhook', {
      ...webhook,
      done: seq,
      attempts: 0,
      // One that refuses everything is not asked for everything at once.
      retryAt: inRow === 1 ? null : now + this.wait(Math.min(inRow - 1, 5), null),
      setAside: webhook.setAside + 1,
      setAsideInRow: inRow,
    })
    await writer.put('webhook_set_aside', { id, webhook: webhook.id, seq, kind, attempts, status, reason, at: now })
    const query = { where: { webhook: webhook.id }, orderBy: { field: 'at', direction: 'desc' } } as const
    for (const old of await writer.find('webhook_set_aside', { ...query, offset: webhookLimits.setAsideKept }))
      await writer.remove('webhook_set_aside', old.id)
    if (inRow > 1) return
    await writer.emit({
      type: 'webhook.set-aside',
      subject: `webhook:${webhook.id}`,
      actor: 'system',
      level: 'warning',
      message: `The webhook ${webhook.name} did not take event ${seq}: ${reason}; set aside after ${attempts} request${attempts === 1 ? '' : 's'}`,
      data: { name: webhook.name, host: shownUrl(webhook.url), seq, event, about: subject, kind, status, attempts },
    })
  }
}
