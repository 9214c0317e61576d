import { MillwrightError } from '../../base/errors.ts'
import { typesOf, type Webhook, type WebhookRecord, type WebhookTest } from '../../contract/webhook.ts'
import { placesOf, shownUrl, Webhooks } from '../../domain/governance/webhooks.ts'
import { KeptConnections, type KeptLimits } from '../../http/kept-connections.ts'
import type { FindAddresses, OutsideRules, OutsideTarget } from '../../http/outside-address.ts'
import { findOutside, outsideRulesFrom } from '../../http/outside-address.ts'
import type { OutsidePatience } from '../../http/outside-request.ts'
import type { Metadata } from '../../ports/metadata.ts'
import { usualPace, type WebhookPace } from './courier.ts'
import { Deliveries } from './deliveries.ts'
import { testWebhook } from './webhook-request.ts'
import { WebhookSecretFile } from './webhook-secrets.ts'

/** Where they differ from what is usual, or from what the environment says. */
export interface WebhookOptions {
  rules?: OutsideRules
  find?: FindAddresses
  patience?: OutsidePatience
  pace?: WebhookPace
  kept?: KeptLimits
}

export interface WebhookServices {
  readonly webhooks: Webhooks
  /** As it is shown. @param whole with the path and the query of its address */
  shown(webhook: WebhookRecord, whole: boolean): Promise<Webhook>
  /** Sends an example. @param kind without it, the first that it listens to. @throws `not-found`, `invalid-request` */
  test(wanted: string, kind?: string): Promise<WebhookTest>
  /** Begins to deliver. @param address of this control plane, which nothing is sent to */
  start(address: string): Promise<void>
  close(): Promise<void>
}

const usualPatience: OutsidePatience = { connectMs: 5000, wholeMs: 15_000 }
const mostWaiting = 1000

/** Webhooks of a control plane, wired. */
export function openWebhooks(
  metadata: Metadata,
  home: string,
  { onFault, ...options }: WebhookOptions & { onFault(error: unknown): void },
): WebhookServices {
  const secrets = new WebhookSecretFile(home)
  const rules = options.rules ?? outsideRulesFrom(process.env)
  const stop = new AbortController()
  let ownPort: number | null = null
  const find = (url: string): Promise<OutsideTarget> =>
    findOutside(url, rules, { ownPort, ...(options.find ? { find: options.find } : {}) })
  const connections = new KeptConnections(options.kept)
  const requests = { secrets, find, patience: options.patience ?? usualPatience, connections }
  const deliveries = new Deliveries({ ...requests, metadata, pace: options.pace ?? usualPace, onFault })
  const webhooks = new Webhooks({
    metadata,
    secrets,
    checkUrl: async (url) => {
      await find(url)
    },
    changed: (id) => deliveries.changed(id),
    removed: (id) => void deliveries.removed(id),
  })
  return {
    webhooks,
    shown: async (webhook, whole) => {
      const { listens, done: _, url, again = [], ...rest } = webhook
      return {
        ...rest,
        url: whole ? url : shownUrl(url),
        events: listens.map(({ kind }) => kind),
        waiting: webhook.isActive ? await metadata.countOfTypes(placesOf(webhook), mostWaiting) : 0,
        resending: again.length,
      }
    },
    test: async (wanted, kind) => {
      const webhook = await webhooks.get(wanted)
      const tested = kind ?? webhook.listens[0]!.kind
      if (typesOf(tested).length === 0)
        throw new MillwrightError('invalid-request', `${JSON.stringify(tested)} is nothing to listen to`, {
          field: 'event',
        })
      return testWebhook(webhook, tested, requests, stop.signal)
    },
    start: async (address) => {
      ownPort = Number(new URL(address).port) || null
      await secrets.keepOnly((await webhooks.list()).map(({ id }) => id))
      await deliveries.start()
    },
    close: async () => {
      stop.abort()
      await deliveries.close()
      connections.close()
    },
  }
}
