import { MillwrightError } from '../../base/errors.ts'
import { parseFilter } from '../../contract/search/parse-filter.ts'
import { parseOrder } from '../../contract/search/parse-order.ts'
import { trackingLimits } from '../../contract/tracking.ts'
import { unlessDeleted } from './lost-answers.ts'
import { lifecycleOf, pageAsked, pageToken } from './protocol.ts'
import type { ProtocolRoute } from './route.ts'
import type { TrackingServices } from './runs.ts'
import { experimentMessage, some } from './shapes.ts'

const mostExperiments = 20
const mostDatasets = 1000

export const experimentRoutes = ({ experiments, tracking }: TrackingServices): ProtocolRoute[] => [
  ...(['GET', 'POST'] as const).map(
    (method): ProtocolRoute => ({
      method,
      path: '/experiments/search',
      reads: true,
      async answer({ message }) {
        message.neededInteger('max_results')
        const found = await tracking.experiments({
          lifecycle: lifecycleOf(message, 'view_type'),
          filter: parseFilter(message.text('filter'), 'experiments'),
          order: parseOrder(defaultOrder(message.texts('order_by')), 'experiments'),
          ...pageAsked(message, { usual: 1000, most: trackingLimits.experimentsPerPage }),
        })
        return {
          ...some('experiments', found.experiments.map(experimentMessage)),
          ...(found.next ? { next_page_token: pageToken(found.next) } : {}),
        }
      },
    }),
  ),
  {
    method: 'POST',
    path: '/experiments/search-datasets',
    reads: true,
    async answer({ message }) {
      const ids = message.texts('experiment_ids')
      if (ids.length === 0 || ids.length > mostExperiments)
        throw new MillwrightError(
          'invalid-request',
          `experiment_ids: from 1 to ${mostExperiments} experiments are named`,
          {
            field: 'experiment_ids',
          },
        )
      const found = await tracking.datasets(ids, mostDatasets)
      const summaries = found.map(({ experimentId, name, digest, context }) => ({
        experiment_id: experimentId,
        name,
        digest,
        ...(context === null ? {} : { context }),
      }))
      return some('dataset_summaries', summaries)
    },
  },
  {
    method: 'POST',
    path: '/experiments/create',
    reads: false,
    async answer({ message, caller, once }) {
      const asked = {
        name: message.needed('name'),
        artifactLocation: message.text('artifact_location') || null,
        tags: message.pairs('tags'),
      }
      const made = await once(
        (note) => experiments.create(asked, caller.actor(), note),
        async (id) => unlessDeleted(await tracking.experiment(id)),
      )
      return { experiment_id: made.id }
    },
  },
  {
    method: 'GET',
    path: '/experiments/get',
    reads: true,
    answer: async ({ message }) => ({
      experiment: experimentMessage(await experiments.get(message.needed('experiment_id'))),
    }),
  },
  {
    method: 'GET',
    path: '/experiments/get-by-name',
    reads: true,
    answer: async ({ message }) => ({
      experiment: experimentMessage(await experiments.named(message.needed('experiment_name'))),
    }),
  },
  {
    method: 'POST',
    path: '/experiments/delete',
    reads: false,
    async answer({ message, caller }) {
      await experiments.delete(message.needed('experiment_id'), caller.actor())
      return {}
    },
  },
  {
    method: 'POST',
    path: '/experiments/restore',
    reads: false,
    async answer({ message, caller }) {
      await experiments.restore(message.needed('experiment_id'), caller.actor())
      return {}
    },
  },
  {
    method: 'POST',
    path: '/experiments/update',
    reads: false,
    async answer({ message, caller }) {
      await experiments.rename(message.needed('experiment_id'), message.needed('new_name'), caller.actor())
      return {}
    },
  },
  {
    method: 'POST',
    path: '/experiments/set-experiment-tag',
    reads: false,
    async answer({ message }) {
      await experiments.setTag(message.needed('experiment_id'), message.needed('key'), message.text('value'))
      return {}
    },
  },
  {
    method: 'POST',
    path: '/experiments/delete-experiment-tag',
    reads: false,
    async answer({ message }) {
      await experiments.removeTag(message.needed('experiment_id'), message.needed('key'))
      return {}
    },
  },
]

const defaultOrder = (stated: readonly string[]): readonly string[] =>
  stated.length > 0 ? stated : ['creation_time DESC', 'experiment_id ASC']
