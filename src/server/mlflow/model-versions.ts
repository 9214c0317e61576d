import { MillwrightError } from '../../base/errors.ts'
import { registryLimits } from '../../contract/registry.ts'
import { parseFilter } from '../../contract/search/parse-filter.ts'
import { parseOrder } from '../../contract/search/parse-order.ts'
import { locationOf } from '../../domain/registry/registered-versions.ts'
import type { NotedVersion } from '../../ports/registry.ts'
import { type Message, pageAsked, pageToken } from './protocol.ts'
import type { RegistryServices } from './registered-models.ts'
import { versionMessages } from './registry-shapes.ts'
import type { ProtocolRoute } from './route.ts'
import { some } from './shapes.ts'

/** What changed last, first. */
const usualOrder = ['last_updated_timestamp DESC', 'name', 'version_number DESC']

const meant = (message: Message): [name: string, version: string] => {
  const name = message.needed('name')
  const version = message.word('version')
  return [name, version === '' ? message.needed('version') : version]
}

export function modelVersionRoutes({ metadata, registered: { versions } }: RegistryServices): ProtocolRoute[] {
  const whole = async (found: NotedVersion): Promise<object> => ({
    model_version: (await versionMessages(metadata, [found]))[0],
  })
  return [
    {
      method: 'POST',
      path: '/model-versions/create',
      reads: false,
      async answer({ message, caller, once }) {
        const asked = {
          name: message.needed('name'),
          uri: message.needed('source'),
          runId: message.text('run_id') || null,
          modelId: message.text('model_id') || null,
          runLink: message.text('run_link') || null,
          description: message.text('description'),
          tags: message.pairs('tags'),
        }
        const made = await once(
          (note) => versions.register(asked, caller.actor(), note),
          async (id) => {
            const record = await metadata.get('model_version', id)
            return (record && (await metadata.registry.version(record.model, record.number))) ?? null
          },
        )
        return whole(made)
      },
    },
    {
      method: 'POST',
      path: '/model-versions/transition-stage',
      reads: false,
      // Somebody may load by the stage, as by an alias.
      role: 'operator',
      async answer({ message, caller }) {
        const [name, version] = meant(message)
        const archive = message.flag('archive_existing_versions')
        return whole(await versions.moveTo(name, version, message.needed('stage'), archive, caller.actor()))
      },
    },
    {
      method: 'PATCH',
      path: '/model-versions/update',
      reads: false,
      async answer({ message }) {
        const description = message.has('description') ? message.text('description') : null
        return whole(await versions.describe(...meant(message), description))
      },
    },
    {
      method: 'DELETE',
      path: '/model-versions/delete',
      reads: false,
      async answer({ message, caller }) {
        await versions.delete(...meant(message), caller.actor())
        return {}
      },
    },
    {
      method: 'GET',
      path: '/model-versions/get',
      reads: true,
      answer: async ({ message }) => whole(await versions.get(...meant(message))),
    },
    {
      method: 'GET',
      path: '/model-versions/search',
      reads: true,
      async answer({ message }) {
        const asked = message.texts('order_by')
        const found = await metadata.registry.searchVersions({
          filter: parseFilter(message.text('filter'), 'modelVersions'),
          order: parseOrder(asked.length > 0 ? asked : usualOrder, 'modelVersions'),
          ...pageAsked(message, { usual: 10_000, most: registryLimits.versionsPerPage }),
        })
        return {
          ...some('model_versions', await versionMessages(metadata, found.versions)),
          ...(found.next ? { next_page_token: pageToken(found.next) } : {}),
        }
      },
    },
    {
      method: 'GET',
      path: '/model-versions/get-download-uri',
      reads: true,
      async answer({ message }) {
        const { record } = await versions.get(...meant(message))
        const uri = locationOf(record)
        if (uri !== null) return { artifact_uri: uri }
        throw new MillwrightError('not-found', `${record.id} has no files that clients of MLflow load`, {
          field: 'version',
          hint: 'It has no ONNX file: ask an endpoint that serves it.',
        })
      },
    },
    {
      method: 'POST',
      path: '/model-versions/set-tag',
      reads: false,
      async answer({ message, caller }) {
        const tag = { key: message.needed('key'), value: message.text('value') }
        await versions.setTag(...meant(message), tag, caller.actor())
        return {}
      },
    },
    {
      method: 'DELETE',
      path: '/model-versions/delete-tag',
      reads: false,
      async answer({ message, caller }) {
        await versions.removeTag(...meant(message), message.needed('key'), caller.actor())
        return {}
      },
    },
  ]
}
