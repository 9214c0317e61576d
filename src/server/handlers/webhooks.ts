import { mayActAs } from '../../contract/principal.ts'
import { webhookKinds } from '../../contract/webhook.ts'
import type { ControlPlane } from '../control-plane.ts'
import type { Caller } from '../http/access.ts'
import type { Handlers } from '../http/handlers.ts'

type Names = 'webhooks' | 'webhook' | 'addWebhook' | 'changeWebhook' | 'removeWebhook' | 'testWebhook' | 'resendWebhook'

/** Who may change a webhook sees its whole address. Where nobody has a token, that is everybody. */
export const seesAddresses = ({ principal, step }: Caller, isAsked: boolean): boolean =>
  step === null && (principal === null ? !isAsked : mayActAs(principal.role, 'operator'))

export function webhookHandlers({ outgoing, principals, requests }: ControlPlane): Handlers<Names> {
  const { webhooks, shown } = outgoing
  const sees = (caller: Caller): boolean => seesAddresses(caller, principals.isAsked)
  return {
    webhooks: async ({ caller }) => {
      const all = await webhooks.list()
      return { webhooks: await Promise.all(all.map((each) => shown(each, sees(caller)))), kinds: [...webhookKinds] }
    },
    webhook: async ({ params, caller }) => {
      const webhook = await webhooks.get(params.webhook)
      return { webhook: await shown(webhook, sees(caller)), setAside: await webhooks.setAside(webhook.id) }
    },
    addWebhook: async ({ body: { actor, ...stated }, caller, asked: { key } }) => {
      // What is kept of a request is no place for a secret, nor for its hash.
      const { secret: _, ...rest } = stated
      const by = caller.actor(actor)
      const { webhook = '' } = await requests.once({ key, what: ['addWebhook', rest, by] }, async (keep) => ({
        webhook: (await webhooks.add(stated, by, (writer, id) => keep(writer, { webhook: id }))).id,
      }))
      return { webhook: await shown(await webhooks.get(webhook), true) }
    },
    changeWebhook: async ({ params, body: { actor, ...stated }, caller }) => ({
      webhook: await shown(await webhooks.change(params.webhook, stated, caller.actor(actor)), true),
    }),
    removeWebhook: async ({ params, query, caller }) => ({
      removed: (await webhooks.remove(params.webhook, caller.actor(query.actor))).name,
    }),
    testWebhook: async ({ params, body }) => outgoing.test(params.webhook, body.event),
    resendWebhook: async ({ params, body, caller }) => {
      const { webhook, ...told } = await webhooks.resend(params.webhook, body.events, caller.actor(body.actor))
      return { webhook: await shown(webhook, true), ...told }
    },
  }
}
