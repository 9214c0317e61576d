import type { Definition } from '../../contract/definition.ts'
import type { Found } from '../../contract/routes/search.ts'
import { valueText } from '../../contract/search/format-filter.ts'
import { parseFilter } from '../../contract/search/parse-filter.ts'
import type { Metadata } from '../../ports/metadata.ts'

const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`

/** Everything of a definition that has a name. */
function namedIn(definition: Definition): Found[] {
  return [
    ...definition.models.map(({ name, brief }): Found => ({ kind: 'model', id: name, detail: brief?.objective ?? '' })),

    ...definition.endpoints.map(
      ({ name, model }): Found => ({ kind: 'endpoint', id: name, detail: `answers with ${model}` }),
    ),
    ...definition.pipelines.map(
      ({ name, steps }): Found => ({ kind: 'pipeline', id: name, detail: plural(steps.length, 'step') }),
    ),
    ...definition.datasets.map(
      ({ name, columns }): Found => ({
        kind: 'dataset',
        id: name,
        detail: plural(Object.keys(columns).length, 'column'),
      }),
    ),
    ...definition.featureViews.map(
      ({ name, features }): Found => ({
        kind: 'feature-view',
        id: name,
        detail: plural(Object.keys(features).length, 'feature'),
      }),
    ),
    ...definition.monitors.map(
      ({ name, kind, endpoint }): Found => ({ kind: 'monitor', id: name, detail: `${kind} of ${endpoint}` }),
    ),
    ...definition.triggers.map(
      ({ name, pipeline }): Found => ({ kind: 'trigger', id: name, detail: `starts ${pipeline}` }),
    ),
  ]
}

/** Names that begin with the text come first, then those that hold it; then experiments and runs of scripts, and records whose id begins with it, newest first. */
export async function searchProject(
  records: Pick<Metadata, 'find' | 'tracking'>,
  definition: Definition | null,
  text: string,
  limit: number,
): Promise<Found[]> {
  const wanted = text.trim().toLowerCase()
  if (wanted === '') return []
  const named = (definition ? namedIn(definition) : []).filter(({ id }) => id.toLowerCase().includes(wanted))
  named.sort((a, b) => Number(b.id.toLowerCase().startsWith(wanted)) - Number(a.id.toLowerCase().startsWith(wanted)))
  // Ids are ordered by their signs: those that begin with the text lie between it and the text with the last sign there is.
  const begins = {
    where: { id: { atLeast: text.trim(), below: `${text.trim()}\uffff` } },
    limit,
    orderBy: { field: 'id', direction: 'desc' },
  } as const
  const runs = await records.find('run', begins)
  const versions = await records.find('model_version', begins)
  const packages = await records.find('package', begins)
  const { experiments } = await records.tracking.experiments({
    lifecycle: 'active',
    filter: parseFilter(`name ILIKE ${valueText(`%${wanted}%`)}`, 'experiments'),
    order: [],
    limit,
    after: undefined,
  })
  const scripts = await records.tracking.views.runsCalled(text.trim(), limit)
  return [
    ...named,
    ...experiments.map(({ id, name }): Found => ({ kind: 'experiment', id, name, detail: `number ${id}` })),
    ...scripts.map(
      ({ id, name, status }): Found => ({ kind: 'tracked-run', id, name, detail: `${status.toLowerCase()}, ${id}` }),
    ),
    ...versions.map(({ id, state }): Found => ({ kind: 'model-version', id, detail: state })),
    ...runs.map(({ id, pipeline, state }): Found => ({ kind: 'run', id, detail: `${pipeline}, ${state}` })),
    ...packages.map(({ id, name }): Found => ({ kind: 'package', id, detail: name })),
  ].slice(0, limit)
}
