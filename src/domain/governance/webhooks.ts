import { randomUUID } from 'node:crypto'
import { MillwrightError } from '../../base/errors.ts'
import type { EventType } from '../../contract/events.ts'
import {
  typesOf,
  type WebhookRecord,
  type WebhookSetAsideRecord,
  webhookKinds,
  webhookLimits,
} from '../../contract/webhook.ts'
import {
  type EventPlaces,
  type Metadata,
  type NoteMade,
  noNote,
  type RecordReader,
  type RecordWriter,
} from '../../ports/metadata.ts'

/** What people state of a webhook. */
export interface StatedWebhook {
  name: string
  url: string
  events: readonly string[]
  description: string
  /** Empty for none. */
  secret: string
  active: boolean
}

/** Where secrets are kept: not among the records, which are shown. */
export interface WebhookSecrets {
  of(id: string): string | null
  /** Null forgets it. */
  set(id: string, secret: string | null): Promise<void>
}

const invalid = (field: string, message: string, hint?: string): MillwrightError =>
  new MillwrightError('invalid-request', message, { field, ...(hint === undefined ? {} : { hint }) })

/** The address of a webhook as far as anybody may see it: paths and queries of such addresses are often secrets. */
export const shownUrl = (url: string): string => new URL(url).origin

/** Where in the log a webhook looks on: of each type of event it listens to. */
export function placesOf({ listens, done }: WebhookRecord): EventPlaces {
  const places = new Map<EventType, number>()
  for (const { kind, after } of listens)
    for (const type of typesOf(kind))
      places.set(type, Math.min(places.get(type) ?? Number.POSITIVE_INFINITY, Math.max(done, after)))
  return places
}

/** @throws `invalid-request` */
function checkEvents(events: readonly string[]): void {
  if (events.length === 0) throw invalid('events', 'a webhook listens to something')
  for (const kind of events) {
    if (typesOf(kind).length > 0) continue
    if (kind.startsWith('budget_policy'))
      throw invalid('events', 'there are no budgets here: nothing would ever be sent of them')
    throw invalid(
      'events',
      `${JSON.stringify(kind.slice(0, 100))} is nothing to listen to`,
      kind.startsWith('webhook.')
        ? 'Of webhooks nothing is sent: two of them could tell each other of their failures for ever.'
        : `There are ${webhookKinds.slice(0, 6).join(', ')} and more, and alert.*, which is all that begins so; GET /api/webhooks lists them.`,
    )
  }
}

/** Who is told of what happens: addresses that events are sent to. */
export class Webhooks {
  constructor(
    private readonly services: {
      metadata: Metadata
      secrets: WebhookSecrets
      /** @throws `invalid-request` for an address that nothing is sent to. */
      checkUrl(url: string): Promise<void>
      /** It is new, or another one now. */
      changed(id: string): void
      removed(id: string): void
    },
  ) {}

  /** By id, or by a name that one alone has. @throws `not-found`, `conflict` */
  async get(wanted: string, reader: RecordReader = this.services.metadata): Promise<WebhookRecord> {
    const known = await reader.get('webhook', wanted)
    if (known) return known
    const [found, ...others] = await reader.find('webhook', { where: { name: wanted } })
    if (found && others.length > 0)
      throw new MillwrightError('conflict', `${others.length + 1} webhooks are called ${wanted}`, {
        hint: `Name it by its id: ${[found, ...others].map(({ id }) => id).join(', ')}.`,
      })
    if (found) return found
    throw new MillwrightError('not-found', `there is no webhook "${wanted.slice(0, 100)}"`, {
      hint: 'See `millwright webhook list`.',
    })
  }

  /** By id. */
  find(id: string): Promise<WebhookRecord | undefined> {
    return this.services.metadata.get('webhook', id)
  }

  /** Newest first. */
  list(): Promise<WebhookRecord[]> {
    return this.services.metadata.find('webhook', { orderBy: { field: 'createdAt', direction: 'desc' } })
  }

  /** Newest first. */
  setAside(id: string): Promise<WebhookSetAsideRecord[]> {
    const query = { where: { webhook: id }, orderBy: { field: 'at', direction: 'desc' } } as const
    return this.services.metadata.find('webhook_set_aside', query)
  }

  /**
   * It is sent what happens from now on.
   *
   * @throws `invalid-request`, `conflict` where there are too many
   */
  async add(stated: StatedWebhook, actor: string, note: NoteMade = noNote): Promise<WebhookRecord> {
    const { metadata, secrets } = this.services
    await this.check(stated)
    const { name, url, description, secret, active } = stated
    const { seq } = await metadata.eventHead()
    const now = Date.now()
    const record: WebhookRecord = {
      id: randomUUID(),
      name,
      url,
      description: description || null,
      listens: unique(stated.events).map((kind) => ({ kind, after: seq })),
      isActive: active,
      isSigned: secret !== '',
      createdAt: now,
      changedAt: now,
      done: seq,
      attempts: 0,
      retryAt: null,
      delivered: 0,
      setAside: 0,
      setAsideInRow: 0,
      last: null,
    }
    // First: what listens unsigned, even for a moment, could have been told by anybody.
    if (secret !== '') await secrets.set(record.id, secret)
    try {
      await metadata.transaction(async (writer) => {
        if ((await writer.count('webhook')) >= webhookLimits.webhooks)
          throw new MillwrightError('conflict', `there are ${webhookLimits.webhooks} webhooks already`, {
            hint: 'Remove one that nobody reads.',
          })
        await writer.insert('webhook', record)
        await tell(writer, 'webhook.created', record, actor, `was created: it is sent to ${shownUrl(url)}`)
        await note(writer, record.id)
      })
    } catch (error) {
      await secrets.set(record.id, null)
      throw error
    }
    this.services.changed(record.id)
    return record
  }

  /**
   * What it did not listen to before is sent from now on. One that was not active is not sent what happened meanwhile.
   *
   * @throws `not-found`, `invalid-request`
   */
  async change(wanted: string, change: Partial<StatedWebhook>, actor: string): Promise<WebhookRecord> {
    const { metadata, secrets } = this.services
    const { id } = await this.get(wanted)
    await this.check(change)
    const { seq } = await metadata.eventHead()
    const { name, url, events, description, secret, active } = change
    if (secret !== undefined && secret !== '') await secrets.set(id, secret)
    const changed = await metadata.transaction(async (writer) => {
      const before = await this.get(id, writer)
      const wakes = active === true && !before.isActive
      const listens = events
        ? unique(events).map(
            (kind) => before.listens.find((each) => each.kind === kind) ?? { kind, after: Math.max(seq, before.done) },
          )
        : before.listens
      const stated = {
        ...(name === undefined ? {} : { name }),
        ...(url === undefined ? {} : { url }),
        ...(description === undefined ? {} : { description: description || null }),
        ...(secret === undefined ? {} : { isSigned: secret !== '' }),
        ...(active === undefined ? {} : { isActive: active }),
        listens,
      }
      const isSame = (Object.keys(stated) as (keyof typeof stated)[]).every(
        (key) => JSON.stringify(stated[key]) === JSON.stringify(before[key]),
      )
      if (isSame && !secret) return before
      const record = await writer.update('webhook', id, {
        ...stated,
        ...(wakes ? { done: Math.max(seq, before.done) } : {}),
        // Whoever mends it does not wait for the next attempt.
        attempts: 0,
        retryAt: null,
        changedAt: Date.now(),
      })
      await tell(writer, 'webhook.changed', record, actor, `was changed: ${saidOf(change)}`, {
        changed: Object.keys(change).filter((key) => change[key as keyof StatedWebhook] !== undefined),
      })
      return record
    })
    if (secret === '') await secrets.set(id, null)
    this.services.changed(id)
    return changed
  }

  /**
   * Has what was set aside sent once more, in the order of the log. What is to be sent already, and what is not among it, is not told anew.
   *
   * @param events their places in the log; all of them without it. @throws `not-found`; `conflict` for one that is switched off
   */
  async resend(
    wanted: string,
    events: readonly number[] | undefined,
    actor: string,
  ): Promise<{ webhook: WebhookRecord; resent: number[]; notSetAside: number[] }> {
    const answer = await this.services.metadata.transaction(async (writer) => {
      const webhook = await this.get(wanted, writer)
      if (!webhook.isActive)
        throw new MillwrightError('conflict', `the webhook ${webhook.name} is switched off`, {
          hint: `Switch it on first: \`millwright webhook change ${webhook.name} --on\`.`,
        })
      const ahead = events?.find((seq) => seq > webhook.done)
      if (ahead !== undefined)
        throw new MillwrightError('not-found', `event ${ahead} was not set aside: it was not sent yet`, {
          field: 'events',
          hint: `\`millwright webhook list ${webhook.name}\` says what was.`,
        })
      const kept = await writer.find('webhook_set_aside', { where: { webhook: webhook.id } })
      const again = new Set(webhook.again ?? [])
      const resent = kept.filter(({ id, seq }) => !again.has(id) && (events?.includes(seq) ?? true))
      const notSetAside = (events ?? []).filter((asked) => !kept.some(({ seq }) => seq === asked))
      if (resent.length === 0) return { webhook, resent: [], notSetAside }
      for (const { id } of resent) again.add(id)
      const ordered = kept.filter(({ id }) => again.has(id)).sort((a, b) => a.seq - b.seq)
      const record = await writer.update('webhook', webhook.id, { again: ordered.map(({ id }) => id) })
      const seqs = resent.map(({ seq }) => seq).sort((a, b) => a - b)
      const what = seqs.length === 1 ? `event ${seqs[0]}` : `${seqs.length} events`
      await tell(writer, 'webhook.resent', record, actor, `is sent ${what} again, set aside before`, { resent: seqs })
      return { webhook: record, resent: seqs, notSetAside }
    })
    this.services.changed(answer.webhook.id)
    return answer
  }

  /** What waits for it is not sent. @throws `not-found` @returns what it was */
  async remove(wanted: string, actor: string): Promise<WebhookRecord> {
    const { metadata, secrets } = this.services
    const record = await metadata.transaction(async (writer) => {
      const found = await this.get(wanted, writer)
      await writer.remove('webhook', found.id)
      for (const { id } of await writer.find('webhook_set_aside', { where: { webhook: found.id } }))
        await writer.remove('webhook_set_aside', id)
      await tell(writer, 'webhook.removed', found, actor, 'was removed')
      return found
    })
    await secrets.set(record.id, null)
    this.services.removed(record.id)
    return record
  }

  private async check({ name, url, events, description, secret }: Partial<StatedWebhook>): Promise<void> {
    if (name !== undefined && !/^(?=.{1,63}$)[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i.test(name))
      throw invalid(
        'name',
        `${JSON.stringify(name.slice(0, 100))} is no name of a webhook: at most ${webhookLimits.name} letters, digits, '.', '_' and '-', of which it begins and ends with a letter or digit`,
      )
    for (const [field, text, most] of [
      ['url', url, webhookLimits.url],
      ['description', description, webhookLimits.description],
      ['secret', secret, webhookLimits.secret],
    ] as const)
      if (text !== undefined && text.length > most) throw invalid(field, `it is longer than ${most} characters`)
    if (events !== undefined) checkEvents(events)
    if (url !== undefined) await this.services.checkUrl(url)
  }
}

const unique = (kinds: readonly string[]): string[] => [...new Set(kinds)]

/** What somebody changed; secrets, and what of an address may be one, are not said. */
function saidOf({ name, url, events, description, secret, active }: Partial<StatedWebhook>): string {
  const parts = [
    name !== undefined && `called ${name}`,
    url !== undefined && `sent to ${shownUrl(url)}`,
    events !== undefined && `listens to ${events.join(', ')}`,
    description !== undefined && 'its description',
    secret !== undefined && (secret === '' ? 'not signed' : 'its secret'),
    active !== undefined && (active ? 'active' : 'not active'),
  ].filter((part) => part !== false)
  return parts.join(', ') || 'nothing'
}

function tell(
  writer: RecordWriter,
  type: EventType,
  { id, name, url, listens, isActive, isSigned }: WebhookRecord,
  actor: string,
  message: string,
  data: Record<string, unknown> = {},
): Promise<void> {
  return writer.emit({
    type,
    subject: `webhook:${id}`,
    actor,
    message: `The webhook ${name} ${message}`.slice(0, 1000),
    data: { name, host: shownUrl(url), events: listens.map(({ kind }) => kind), isActive, isSigned, ...data },
  })
}
