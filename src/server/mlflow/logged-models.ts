import { MillwrightError } from '../../base/errors.ts'
import { keyText } from '../../contract/search/format-filter.ts'
import { parseFilter } from '../../contract/search/parse-filter.ts'
import { parseOrder } from '../../contract/search/parse-order.ts'
import { type Experiment, type LoggedModel, trackingLimits } from '../../contract/tracking.ts'
import { artifactFolder } from '../../domain/tracking/artifact-path.ts'
import type { MeasuredOn, ModelSearch } from '../../ports/tracking.ts'
import { unlessDeleted } from './lost-answers.ts'
import { type Message, pageAsked, pageToken } from './protocol.ts'
import type { ProtocolRoute } from './route.ts'
import type { TrackingServices } from './runs.ts'
import { modelMessage, modelStatusOf, some } from './shapes.ts'

const datasetOf = (message: Message): MeasuredOn => ({
  name: message.needed('dataset_name'),
  digest: message.text('dataset_digest') || null,
})

/** The protocol has the field and its direction apart, and the name of a metric as it is. */
function orderOf(message: Message): ModelSearch['order'] {
  const items = message.messages('order_by')
  const texts = items.map((item) => {
    const field = item.needed('field_name')
    const [, metric] = /^metrics\.(.+)$/s.exec(field) ?? []
    const name = metric === undefined ? field : `metrics.${keyText(metric)}`
    return `${name} ${item.has('ascending') && !item.flag('ascending') ? 'DESC' : 'ASC'}`
  })
  return parseOrder(texts, 'loggedModels').map((item, place) =>
    items[place]!.text('dataset_name') ? { ...item, dataset: datasetOf(items[place]!) } : item,
  )
}

export function loggedModelRoutes({ models, experiments, tracking, artifacts }: TrackingServices): ProtocolRoute[] {
  const messagesOf = async (found: readonly LoggedModel[]): Promise<object[]> => {
    const facts = await tracking.models.factsOf(found.map(({ id }) => id))
    const places = new Map<string, Experiment>()
    for (const { experimentId } of found)
      if (!places.has(experimentId)) places.set(experimentId, await experiments.get(experimentId))
    return found.map((model) => modelMessage(model, places.get(model.experimentId)!, facts.get(model.id)!))
  }
  const whole = async (model: LoggedModel): Promise<object> => ({ model: (await messagesOf([model]))[0] })
  return [
    {
      method: 'POST',
      path: '/logged-models',
      reads: false,
      async answer({ message, caller, once }) {
        const asked = {
          experimentId: message.needed('experiment_id'),
          name: message.text('name') || null,
          modelType: message.text('model_type'),
          sourceRunId: message.text('source_run_id'),
          params: message.pairs('params'),
          tags: message.pairs('tags'),
        }
        const made = await once(
          (note) => models.create(asked, caller.actor(), note),
          async (id) => unlessDeleted(await tracking.models.get(id)),
        )
        return whole(made)
      },
    },
    {
      method: 'POST',
      path: '/logged-models/search',
      reads: true,
      async answer({ message }) {
        const ids = message.texts('experiment_ids')
        if (ids.length === 0)
          throw new MillwrightError('invalid-request', "Missing value for required parameter 'experiment_ids'.", {
            field: 'experiment_ids',
          })
        const found = await tracking.models.search({
          experiments: ids,
          filter: parseFilter(message.text('filter'), 'loggedModels'),
          datasets: message.messages('datasets').map(datasetOf),
          order: orderOf(message),
          ...pageAsked(message, { usual: 100, most: trackingLimits.modelsPerPage }),
        })
        return {
          ...some('models', await messagesOf(found.models)),
          ...(found.next ? { next_page_token: pageToken(found.next) } : {}),
        }
      },
    },
    {
      method: 'GET',
      path: '/logged-models/{model_id}',
      reads: true,
      answer: async ({ message }) => whole(await models.get(message.needed('model_id'), message.flag('allow_deleted'))),
    },
    {
      method: 'PATCH',
      path: '/logged-models/{model_id}',
      reads: false,
      async answer({ message, caller }) {
        const said = message.word('status')
        const status = modelStatusOf(said)
        if (!status)
          throw new MillwrightError('invalid-request', `Unknown model status: ${said.slice(0, 100)}`, {
            field: 'status',
          })
        return whole(await models.finish(message.needed('model_id'), status, caller.actor()))
      },
    },
    {
      method: 'DELETE',
      path: '/logged-models/{model_id}',
      reads: false,
      async answer({ message, caller }) {
        await models.delete(message.needed('model_id'), caller.actor())
        return {}
      },
    },
    {
      method: 'PATCH',
      path: '/logged-models/{model_id}/tags',
      reads: false,
      async answer({ message }) {
        await models.setTags(message.needed('model_id'), message.pairs('tags'))
        return {}
      },
    },
    {
      method: 'DELETE',
      path: '/logged-models/{model_id}/tags/{tag_key}',
      reads: false,
      async answer({ message }) {
        await models.removeTag(message.needed('model_id'), message.needed('tag_key'))
        return {}
      },
    },
    {
      method: 'POST',
      path: '/logged-models/{model_id}/params',
      reads: false,
      async answer({ message }) {
        await models.addParams(message.needed('model_id'), message.pairs('params'))
        return {}
      },
    },
    {
      method: 'GET',
      path: '/logged-models/{model_id}/artifacts/directories',
      reads: true,
      async answer({ message }) {
        const { id, experimentId } = await models.get(message.needed('model_id'))
        const folder = artifactFolder(message.text('artifact_directory_path'))
        const root = `${experimentId}/models/${id}/artifacts`
        const files = (await artifacts.listAll({ root, path: folder })).map(({ name, isFolder, size }) => ({
          path: folder === '' ? name : `${folder}/${name}`,
          is_dir: isFolder,
          ...(size === null ? {} : { file_size: size }),
        }))
        return { root_uri: `mlflow-artifacts:/${root}`, ...some('files', files) }
      },
    },
  ]
}
