import { MillwrightError } from '../../base/errors.ts'
import { isRegistryNews, type RegistryNews, typesOf, type WebhookRecord } from '../../contract/webhook.ts'
import { shownUrl } from '../../domain/governance/webhooks.ts'
import type { Caller } from '../http/access.ts'
import type { WebhookServices } from '../webhooks/open-webhooks.ts'
import { type Message, pageAsked, pageToken } from './protocol.ts'
import type { ProtocolRoute } from './route.ts'
import { some } from './shapes.ts'

/** In the order of their numbers, from 1 on. */
const entities = [
  'registered_model',
  'model_version',
  'model_version_tag',
  'model_version_alias',
  'prompt',
  'prompt_version',
  'prompt_tag',
  'prompt_version_tag',
  'prompt_alias',
  'budget_policy',
]
const actions = ['created', 'updated', 'deleted', 'set', 'exceeded']
const statuses = ['active', 'disabled']

/** An enumeration by its name, in any case, or its number. */
function oneOf(words: readonly string[], said: string, field: string): string {
  const found = words.find((word) => word === said.toLowerCase()) ?? words[Number(said || 0) - 1]
  if (found !== undefined) return found
  throw new MillwrightError('invalid-request', `Invalid value ${JSON.stringify(said.slice(0, 100))} for '${field}'`, {
    field,
  })
}

function eventOf(message: Message): string {
  const kind = `${oneOf(entities, message.word('entity'), 'entity')}.${oneOf(actions, message.word('action'), 'action')}`
  if (isRegistryNews(kind) || kind.startsWith('budget_policy')) return kind
  throw new MillwrightError('invalid-request', `Nothing is ever told of ${kind}`, { field: 'events' })
}

const eventsOf = (message: Message): string[] => message.messages('events').map(eventOf)

/** What clients of MLflow know of: others listen to our own events alone. */
const knownOf = ({ listens }: WebhookRecord): RegistryNews[] => listens.map(({ kind }) => kind).filter(isRegistryNews)

export function webhookRoutes({
  outgoing: { webhooks, test },
  seesAddresses,
}: {
  outgoing: WebhookServices
  seesAddresses(caller: Caller): boolean
}): ProtocolRoute[] {
  const shown = (webhook: WebhookRecord, caller: Caller): object => ({
    webhook_id: webhook.id,
    name: webhook.name,
    ...(webhook.description === null ? {} : { description: webhook.description }),
    url: seesAddresses(caller) ? webhook.url : shownUrl(webhook.url),
    events: knownOf(webhook).map((kind) => {
      const [entity, action] = kind.toUpperCase().split('.')
      return { entity, action }
    }),
    status: webhook.isActive ? 'ACTIVE' : 'DISABLED',
    creation_timestamp: webhook.createdAt,
    last_updated_timestamp: webhook.changedAt,
  })
  const get = async (message: Message): Promise<WebhookRecord> => {
    const id = message.needed('webhook_id')
    const found = await webhooks.get(id)
    if (found.id === id && knownOf(found).length > 0) return found
    throw new MillwrightError('not-found', `Webhook with ID ${id.slice(0, 100)} not found.`)
  }
  const isActive = (message: Message): boolean => oneOf(statuses, message.word('status'), 'status') === 'active'
  return [
    {
      method: 'POST',
      path: '/webhooks',
      reads: false,
      role: 'operator',
      async answer({ message, caller, once }) {
        const stated = {
          name: message.needed('name'),
          url: message.needed('url'),
          events: eventsOf(message),
          description: message.text('description'),
          secret: message.text('secret'),
          active: message.has('status') ? isActive(message) : true,
        }
        const made = await once(
          (note) => webhooks.add(stated, caller.actor(), note),
          async (id) => (await webhooks.find(id)) ?? null,
        )
        return { webhook: shown(made, caller) }
      },
    },
    {
      method: 'GET',
      path: '/webhooks',
      reads: true,
      async answer({ message, caller }) {
        const { limit, after } = pageAsked(message, { usual: 100, most: 1000 })
        const all = (await webhooks.list()).filter((webhook) => knownOf(webhook).length > 0)
        const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after[0]) + 1
        const page = all.slice(from, from + limit)
        return {
          ...some(
            'webhooks',
            page.map((webhook) => shown(webhook, caller)),
          ),
          ...(from + limit < all.length ? { next_page_token: pageToken([page.at(-1)!.id]) } : {}),
        }
      },
    },
    {
      method: 'GET',
      path: '/webhooks/{webhook_id}',
      reads: true,
      answer: async ({ message, caller }) => ({ webhook: shown(await get(message), caller) }),
    },
    {
      method: 'PATCH',
      path: '/webhooks/{webhook_id}',
      reads: false,
      role: 'operator',
      async answer({ message, caller }) {
        const { id, listens } = await get(message)
        const [name, url, events] = [message.text('name'), message.text('url'), eventsOf(message)]
        // What its clients cannot say is not theirs to take away.
        const own = listens.map(({ kind }) => kind).filter((kind) => !isRegistryNews(kind))
        const change = {
          ...(name === '' ? {} : { name }),
          ...(url === '' ? {} : { url }),
          ...(events.length === 0 ? {} : { events: [...events, ...own] }),
          ...(message.has('description') ? { description: message.text('description') } : {}),
          ...(message.has('secret') ? { secret: message.text('secret') } : {}),
          ...(message.has('status') ? { active: isActive(message) } : {}),
        }
        return { webhook: shown(await webhooks.change(id, change, caller.actor()), caller) }
      },
    },
    {
      method: 'DELETE',
      path: '/webhooks/{webhook_id}',
      reads: false,
      role: 'operator',
      async answer({ message, caller }) {
        await webhooks.remove((await get(message)).id, caller.actor())
        return {}
      },
    },
    {
      method: 'POST',
      path: '/webhooks/{webhook_id}/test',
      reads: false,
      role: 'operator',
      async answer({ message }) {
        const webhook = await get(message)
        const kind = message.has('event') ? eventOf(message.message('event')) : knownOf(webhook)[0]!
        if (typesOf(kind).length === 0)
          throw new MillwrightError('invalid-request', `nothing is ever sent of ${kind}`, { field: 'event' })
        const { success, status, reason } = await test(webhook.id, kind)
        return {
          result: {
            success,
            ...(status === null ? {} : { response_status: status }),
            ...(reason === null ? {} : { error_message: reason }),
          },
        }
      },
    },
  ]
}
