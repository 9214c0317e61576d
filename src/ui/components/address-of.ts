import { fieldText, valueText } from '../../contract/search/format-filter.ts'

export interface Address {
  path: string
  search: Record<string, string>
}

const at = (path: string, search: Record<string, string> = {}): Address => ({ path, search })

/** A model, or a version of it by its number. The name may be anything: clients register under names of their own. */
function modelAt(id: string): Address {
  const [, model = id, number] = /^(.+)@(\d+)$/s.exec(id) ?? []
  return at(`/models/${encodeURIComponent(model)}${number === undefined ? '' : `/${number}`}`)
}

/** Runs of an experiment that read a dataset, by `<experiment>/<name>/<digest>`, each of them encoded; deleted ones too. */
function readersAt(id: string): Address {
  const [experiment = '', name = '', digest = ''] = id.split('/').map(decodeURIComponent)
  const is = (key: string, value: string): string => `${fieldText({ entity: 'dataset', key })} = ${valueText(value)}`
  return at(`/experiments/${experiment}`, { q: `${is('name', name)} AND ${is('digest', digest)}`, lifecycle: 'all' })
}

/** Among the files of the run that made it, by `<run>/<model>`; news of it say no run. */
function loggedModelAt(id: string): Address | null {
  const [run = '', model] = id.split('/')
  return model === undefined ? null : at(`/experiments/run/${run}`, { tab: 'files', model })
}

/** Where each kind of thing is shown, by the rest of its subject. */
const places: Record<string, (id: string) => Address | null> = {
  run: (id) => (id.startsWith('run_') ? at(`/runs/${id}`) : null),
  step: (id) => {
    const [run = '', step = ''] = id.split('/')
    return at(`/runs/${run}`, { step })
  },
  experiment: (id) => at(`/experiments/${id}`),
  'tracked-run': (id) => at(`/experiments/run/${id}`),
  'logged-model': loggedModelAt,
  'logged-dataset': readersAt,
  pipeline: (id) => at(`/pipelines/${id}`),
  trigger: () => at('/pipelines'),
  dataset: (id) => at(`/data/${id.replace(/@.*/, '')}`),
  'feature-view': (id) => at(`/features/${id}`),
  model: modelAt,
  'model-version': modelAt,
  endpoint: (id) => at(`/endpoints/${id}`),
  prediction: (id) => at(`/predictions/${id}`),
  monitor: (id) => at(`/monitors/${id}`),
  package: (id) => at('/delivery', { package: id }),
  ci: () => at('/delivery'),
  definition: (id) => at('/project', { definition: id }),
  project: () => at('/project'),
  predictor: () => at('/endpoints'),
  event: (id) => at('/events', { event: id }),
}

/**
 * The screen that shows a thing; null for what has none, such as a person.
 *
 * @param subject as events name it: the kind, a colon and the id.
 */
export function addressOf(subject: string): Address | null {
  const colon = subject.indexOf(':')
  return places[subject.slice(0, colon)]?.(subject.slice(colon + 1)) ?? null
}
