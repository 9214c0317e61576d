import * as z from 'zod'
import { route } from '../route.ts'
import { webhookLimits, webhookSchema, webhookSetAsideSchema, webhookTestSchema } from '../webhook.ts'

const named = z.object({ webhook: z.string() })
const answer = z.object({ webhook: webhookSchema })
/** Where it goes and what it says is looked at by the rules of webhooks, which name the fault. */
const stated = {
  name: z.string().max(1000),
  url: z.string().max(10_000),
  events: z.array(z.string().max(200)).max(500),
  description: z.string().max(10_000),
  /** Signs what is sent; it is never shown again. Empty for none. */
  secret: z.string().max(webhookLimits.secret),
  active: z.boolean(),
}

export const webhookRoutes = {
  webhooks: route({
    method: 'GET',
    path: '/api/webhooks',
    group: 'webhooks',
    summary: 'Webhooks, with what became of what they sent and what waits',
    response: z.object({ webhooks: z.array(webhookSchema), kinds: z.array(z.string()) }),
  }),
  webhook: route({
    method: 'GET',
    path: '/api/webhooks/{webhook}',
    group: 'webhooks',
    summary: 'One webhook, by id or name, with the news that were set aside, newest first',
    params: named,
    response: z.object({ webhook: webhookSchema, setAside: z.array(webhookSetAsideSchema) }),
  }),
  addWebhook: route({
    role: 'operator',
    method: 'POST',
    keyed: true,
    path: '/api/webhooks',
    group: 'webhooks',
    summary: 'Have events sent to an address, from now on',
    body: z.object({
      ...stated,
      description: stated.description.default(''),
      secret: stated.secret.default(''),
      active: stated.active.default(true),
      actor: z.string().default('user'),
    }),
    response: answer,
  }),
  changeWebhook: route({
    role: 'operator',
    method: 'PATCH',
    repeatable: true,
    path: '/api/webhooks/{webhook}',
    group: 'webhooks',
    summary: 'Change what is stated of a webhook; what is left out stays',
    params: named,
    body: z.object({ ...z.object(stated).partial().shape, actor: z.string().default('user') }),
    response: answer,
  }),
  removeWebhook: route({
    role: 'operator',
    method: 'DELETE',
    repeatable: true,
    path: '/api/webhooks/{webhook}',
    group: 'webhooks',
    summary: 'Send nothing to a webhook any more; what waited for it is not sent',
    params: named,
    query: z.object({ actor: z.string().default('user') }),
    response: z.object({ removed: z.string() }),
  }),
  testWebhook: route({
    role: 'operator',
    method: 'POST',
    path: '/api/webhooks/{webhook}/test',
    group: 'webhooks',
    summary: 'Send an example to a webhook, now and once',
    params: named,
    body: z.object({ event: z.string().max(200).optional() }),
    response: webhookTestSchema,
  }),
  resendWebhook: route({
    role: 'operator',
    method: 'POST',
    repeatable: true,
    path: '/api/webhooks/{webhook}/resend',
    group: 'webhooks',
    summary:
      'Send what was set aside once more, all of it or some by the numbers of the events; what is on its way or was taken meanwhile is not sent anew',
    params: named,
    body: z.object({
      /** Places in the event log; all that was set aside without it. */
      events: z.array(z.number().int().positive()).min(1).max(webhookLimits.setAsideKept).optional(),
      actor: z.string().default('user'),
    }),
    response: z.object({
      webhook: webhookSchema,
      /** That are sent now because of this request. */
      resent: z.array(z.number()),
      /** Asked for, and not among what is set aside. */
      notSetAside: z.array(z.number()),
    }),
  }),
}
