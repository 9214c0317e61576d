import { createHash, createHmac, randomUUID } from 'node:crypto'
import { MillwrightError } from '../../base/errors.ts'
import type { WebhookRecord, WebhookTest } from '../../contract/webhook.ts'
import { exampleOf, type WebhookNews } from '../../domain/governance/webhook-news.ts'
import type { WebhookSecrets } from '../../domain/governance/webhooks.ts'
import type { KeptConnections } from '../../http/kept-connections.ts'
import type { OutsideTarget } from '../../http/outside-address.ts'
import { NoAnswer, type OutsidePatience, postOutside } from '../../http/outside-request.ts'

/** What came of one request. */
export interface WebhookOutcome {
  status: number | null
  /** Why it is no delivery; null for one. */
  reason: string | null
  /** Whether the same may be taken another time. */
  mayRetry: boolean
  /** That the receiver asked for. */
  retryAfterMs: number | null
  ms: number
}

export interface RequestServices {
  secrets: WebhookSecrets
  /** @throws `invalid-request` for an address that nothing is sent to */
  find(url: string): Promise<OutsideTarget>
  patience: OutsidePatience
  connections: KeptConnections
}

/** Of the same event to the same webhook always the same, so that a receiver knows a repeat, also after a restart. In the form of a UUID. */
export function deliveryId(webhook: string, event: string): string {
  const hex = createHash('sha256').update(`${webhook}\n${event}`).digest('hex')
  const variant = '89ab'[Number.parseInt(hex[16]!, 16) & 3]
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** As MLflow signs: what a receiver holds against the header, by the same secret. */
const signatureOf = (secret: string, id: string, timestamp: string, body: Buffer): string =>
  `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.`).update(body).digest('base64')}`

/** Milliseconds as Python writes a time. */
const isoOf = (time: number): string => new Date(time).toISOString().replace('Z', '000+00:00')

function retryAfterMs(text: string | null): number | null {
  if (text === null) return null
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const time = Date.parse(text)
  return Number.isNaN(time) ? null : Math.max(0, time - Date.now())
}

const statusReason = (status: number): string =>
  status >= 300 && status < 400
    ? `it answered ${status}, which leads elsewhere, and is not followed`
    : `it answered ${status}`

/** Sends one piece of news, once. Does not throw. */
export async function sendNews(
  { id: webhook, url, isSigned }: Pick<WebhookRecord, 'id' | 'url' | 'isSigned'>,
  { id, news, at }: { id: string; news: WebhookNews; at: number },
  { secrets, find, patience, connections }: RequestServices,
  signal: AbortSignal,
): Promise<WebhookOutcome> {
  const began = performance.now()
  const ended = (outcome: Omit<WebhookOutcome, 'ms' | 'retryAfterMs'>, retryAfterMs: number | null = null) => ({
    ...outcome,
    retryAfterMs,
    ms: Math.round(performance.now() - began),
  })
  const failed = (reason: string): WebhookOutcome => ended({ status: null, reason, mayRetry: true })
  const { entity, action, data } = news
  const body = Buffer.from(JSON.stringify({ entity, action, timestamp: isoOf(at), data }))
  const timestamp = String(Math.floor(Date.now() / 1000))
  const headers: Record<string, string> = {
    'Content-Type': 'application/json',
    'User-Agent': 'Millwright',
    'X-MLflow-Delivery-Id': id,
    'X-MLflow-Timestamp': timestamp,
  }
  if (isSigned) {
    const secret = secrets.of(webhook)
    // A receiver that asks for signatures would refuse it; one that does not, would take what anybody could have sent.
    if (secret === null) return failed('its secret is not in this home: give it one')
    headers['X-MLflow-Signature'] = signatureOf(secret, id, timestamp, body)
  }
  try {
    const answer = await postOutside(await find(url), { headers, body }, { ...patience, signal }, connections)
    const { status } = answer
    if (status >= 200 && status < 300) return ended({ status, reason: null, mayRetry: false })
    const mayRetry = status === 408 || status === 429 || status >= 500
    return ended({ status, reason: statusReason(status), mayRetry }, retryAfterMs(answer.retryAfter))
  } catch (error) {
    if (error instanceof NoAnswer || error instanceof MillwrightError) return failed(error.message)
    return failed('the request failed')
  }
}

/** Sends an example, once, whether it is active or not. */
export async function testWebhook(
  webhook: WebhookRecord,
  kind: string,
  services: RequestServices,
  signal: AbortSignal,
): Promise<WebhookTest> {
  const now = Date.now()
  const example = { id: randomUUID(), news: exampleOf(kind, now), at: now }
  const { status, reason, ms } = await sendNews(webhook, example, services, signal)
  return { success: reason === null, status, reason, ms }
}
