import { MillwrightError } from '../../base/errors.ts'
import { type RegisteredModel, registryLimits } from '../../contract/registry.ts'
import { parseFilter } from '../../contract/search/parse-filter.ts'
import { parseOrder } from '../../contract/search/parse-order.ts'
import { checkAliasName } from '../../domain/registry/model-names.ts'
import type { ModelVersions } from '../../domain/registry/model-versions.ts'
import { stageOf } from '../../domain/registry/registered-versions.ts'
import type { Metadata } from '../../ports/metadata.ts'
import type { Registered } from '../registered.ts'
import { unlessDeleted } from './lost-answers.ts'
import { type Message, pageAsked, pageToken } from './protocol.ts'
import { modelMessages, versionMessages } from './registry-shapes.ts'
import type { ProtocolRoute } from './route.ts'
import { some } from './shapes.ts'

export interface RegistryServices {
  metadata: Metadata
  registered: Registered
  /** Moves aliases. */
  registry: ModelVersions
  /** @throws `conflict` where the alias is moved by packages alone. */
  checkAliasMove(alias: string): void
}

const byClient = 'by a client'

export function registeredModelRoutes(services: RegistryServices): ProtocolRoute[] {
  const { metadata, registered, registry, checkAliasMove } = services
  const { models, versions } = registered
  const whole = async (model: RegisteredModel): Promise<object> => ({
    registered_model: (await modelMessages(metadata, [model]))[0],
  })
  const tagOf = (message: Message) => ({ key: message.needed('key'), value: message.text('value') })
  return [
    {
      method: 'POST',
      path: '/registered-models/create',
      reads: false,
      async answer({ message, caller, once }) {
        const asked = {
          name: message.needed('name'),
          description: message.has('description') ? message.text('description') : null,
          tags: message.pairs('tags'),
        }
        const made = await once(
          (note) => models.create(asked, caller.actor(), note),
          async (key) => unlessDeleted(await metadata.registry.model(key)),
        )
        return whole(made)
      },
    },
    {
      method: 'POST',
      path: '/registered-models/rename',
      reads: false,
      answer: async ({ message, caller }) =>
        whole(await models.rename(message.needed('name'), message.needed('new_name'), caller.actor())),
    },
    {
      method: 'PATCH',
      path: '/registered-models/update',
      reads: false,
      answer: async ({ message }) => whole(await models.describe(message.needed('name'), message.text('description'))),
    },
    {
      method: 'DELETE',
      path: '/registered-models/delete',
      reads: false,
      async answer({ message, caller }) {
        await models.delete(message.needed('name'), caller.actor())
        return {}
      },
    },
    {
      method: 'GET',
      path: '/registered-models/get',
      reads: true,
      answer: async ({ message }) => whole(await models.get(message.needed('name'))),
    },
    {
      method: 'GET',
      path: '/registered-models/search',
      reads: true,
      async answer({ message }) {
        const found = await metadata.registry.searchModels({
          filter: parseFilter(message.text('filter'), 'registeredModels'),
          order: parseOrder(message.texts('order_by'), 'registeredModels'),
          ...pageAsked(message, { usual: 100, most: registryLimits.modelsPerPage }),
        })
        return {
          ...some('registered_models', await modelMessages(metadata, found.models)),
          ...(found.next ? { next_page_token: pageToken(found.next) } : {}),
        }
      },
    },
    ...(['GET', 'POST'] as const).map(
      (method): ProtocolRoute => ({
        method,
        path: '/registered-models/get-latest-versions',
        reads: true,
        async answer({ message }) {
          const { key } = await models.get(message.needed('name'))
          const stages = message.texts('stages').map(stageOf)
          const latest = await metadata.registry.latest([key])
          const asked = latest.filter(({ note }) => stages.length === 0 || stages.includes(note.stage))
          return some('model_versions', await versionMessages(metadata, asked))
        },
      }),
    ),
    {
      method: 'POST',
      path: '/registered-models/set-tag',
      reads: false,
      async answer({ message, caller }) {
        await models.setTag(message.needed('name'), tagOf(message), caller.actor())
        return {}
      },
    },
    {
      method: 'DELETE',
      path: '/registered-models/delete-tag',
      reads: false,
      async answer({ message, caller }) {
        await models.removeTag(message.needed('name'), message.needed('key'), caller.actor())
        return {}
      },
    },
    {
      method: 'POST',
      path: '/registered-models/alias',
      reads: false,
      role: 'operator',
      async answer({ message, caller }) {
        const alias = message.needed('alias')
        checkAliasName(alias)
        checkAliasMove(alias)
        const { note } = await versions.get(message.needed('name'), message.word('version'))
        await registry.setAlias(note.model, alias, String(note.number), caller.actor(), byClient)
        return {}
      },
    },
    {
      method: 'DELETE',
      path: '/registered-models/alias',
      reads: false,
      role: 'operator',
      async answer({ message, caller }) {
        const { key } = await models.get(message.needed('name'))
        const alias = message.needed('alias')
        checkAliasMove(alias)
        await registry.removeAlias(key, alias, caller.actor(), byClient)
        return {}
      },
    },
    {
      method: 'GET',
      path: '/registered-models/alias',
      reads: true,
      async answer({ message }) {
        const alias = message.needed('alias')
        if (!/^[\p{L}\p{N}_-]+$/u.test(alias))
          throw new MillwrightError('invalid-request', `Invalid alias name: '${alias.slice(0, 300)}'`, {
            field: 'alias',
          })
        const found = await versions.byAlias(message.needed('name'), alias)
        return { model_version: (await versionMessages(metadata, [found]))[0] }
      },
    },
  ]
}
