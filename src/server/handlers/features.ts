import { numbersOf } from '../../base/columns.ts'
import type { FeatureView } from '../../contract/definition.ts'
import { referenceSchema } from '../../contract/training.ts'
import { entityValues } from '../../domain/features/entity-values.ts'
import { consumersOfView } from '../../domain/features/view-consumers.ts'
import { latelyAnswered, spreadsOfView } from '../../domain/monitoring/feature-spread.ts'
import { monitorsInForce } from '../../domain/monitoring/own-monitors.ts'
import type { ControlPlane } from '../control-plane.ts'
import type { Handlers } from '../http/handlers.ts'

/** So many entities are proposed. */
const proposed = 50

export function featureHandlers(plane: ControlPlane): Handlers<'featureViews' | 'featureValues' | 'featureSpreads'> {
  const { projects, dataStage, clock, predictions, data } = plane
  const { metadata, blobs } = data

  /** Of what is in a version, and of what waits to become one. */
  const knownUntil = async ({ dataset, knownAt }: FeatureView): Promise<number | null> => {
    const [newest] = await metadata.find('batch', {
      where: { dataset, state: 'accepted', removedIn: null },
      orderBy: { field: 'to', direction: 'desc' },
      limit: 1,
    })
    let until = newest?.summaries.find(({ name }) => name === knownAt)?.max ?? Number.NEGATIVE_INFINITY
    for (const rows of await dataStage.waiting(dataset))
      for (const time of numbersOf(rows, knownAt)) if (time > until) until = time
    return Number.isFinite(until) ? until : null
  }

  return {
    featureViews: async () => ({
      views: await Promise.all(
        (projects.current?.definition.featureViews ?? []).map(async (definition) => {
          const inferred = (await metadata.get('dataset', definition.dataset))?.inferred ?? []
          return {
            definition,
            until: await knownUntil(definition),
            consumers: consumersOfView(projects.definition, definition.name),
            entities: (inferred.find(({ name }) => name === definition.by)?.top ?? [])
              .slice(0, proposed)
              .map(({ value }) => value),
          }
        }),
      ),
    }),
    featureValues: async ({ params: { view }, query: { entity, at = clock.now(), over, steps } }) => {
      const { dataset } = projects.part('featureViews', view)
      const waiting = await dataStage.waiting(dataset)
      return entityValues(data, projects.definition, view, { entity, at, over, steps }, waiting)
    },
    featureSpreads: async ({ params: { view } }) => {
      projects.part('featureViews', view)
      const { definition } = projects
      const endpoints = await metadata.find('endpoint')
      const monitors = monitorsInForce(definition, endpoints)
      const found = await Promise.all(
        endpoints.map(async ({ id: endpoint, serving }) => {
          const version = serving === null ? undefined : await metadata.get('model_version', serving)
          if (!version?.referenceHash || !version.definitionHash) return []
          const made = await metadata.get('definition', version.definitionHash)
          const model = made?.definition.models.find(({ name }) => name === version.model)
          if (!model?.inputs.some(({ from }) => from.kind === 'feature' && from.view === view)) return []
          const reference = referenceSchema.parse(
            JSON.parse(new TextDecoder().decode(await blobs.get(version.referenceHash))),
          )
          const monitor = monitors.find((each) => each.endpoint === endpoint && each.kind === 'drift')
          const { records, since } = await latelyAnswered(predictions, { endpoint, version: version.id }, clock.now())
          return spreadsOfView(view, model, reference, records, monitor).map((spread) => ({
            endpoint,
            version: version.id,
            since,
            monitor: monitor?.name ?? null,
            ...spread,
          }))
        }),
      )
      return { spreads: found.flat() }
    },
  }
}
