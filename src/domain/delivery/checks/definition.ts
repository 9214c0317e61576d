import { MillwrightError } from '../../../base/errors.ts'
import { canonicalJson } from '../../../base/hash.ts'
import type { Finding } from '../../../contract/ci.ts'
import type { Definition } from '../../../contract/definition.ts'
import { resolveEnvironment } from '../../../contract/environment.ts'
import { notebookMend, notebookSteps } from '../../../contract/notebook.ts'
import { entitiesOf } from '../../data/expression-columns.ts'
import { checkDefinition } from '../../lifecycle/definition-check.ts'
import { type CheckVerdict, fault, note, verdictOf } from './verdict.ts'

/**
 * Names and invariants, what nothing uses, and what is stated twice.
 *
 * @param strict makes an error of what is otherwise told: something unused.
 */
export function checkDefinitionRules(definition: Definition, { strict }: { strict: boolean }): CheckVerdict {
  const findings: Finding[] = []
  try {
    checkDefinition(definition)
  } catch (error) {
    if (!(error instanceof MillwrightError)) throw error
    findings.push(
      fault(named(definition, error.field), error.message, error.hint ?? 'Mend the place in millwright.config.ts.'),
    )
  }
  const tell = strict ? fault : note
  if (findings.length === 0)
    findings.push(
      ...doubled(definition),
      ...unused(definition, tell),
      ...idleSettings(definition, tell),
      ...refusedNotebooks(definition),
    )
  const { datasets, featureViews, models, endpoints } = definition
  const counts = `${datasets.length} datasets, ${featureViews.length} feature views, ${models.length} models, ${endpoints.length} endpoints hold together`
  return verdictOf('definition', counts, findings)
}

/** The dotted path with names in place of the numbers: `datasets.0.columns.2` is `datasets.flights.columns.delay`. */
function named(definition: Definition, field: string | undefined): string {
  if (field === undefined) return 'millwright.config.ts'
  let node: unknown = definition
  return field
    .split('.')
    .map((part) => {
      node = (node as Record<string, unknown> | null | undefined)?.[part]
      const { name } = (node ?? {}) as { name?: unknown }
      return /^\d+$/.test(part) && typeof name === 'string' ? name : part
    })
    .join('.')
}

/** Two of the same: the second says nothing, or somebody meant another. */
function doubled({ datasets, models, triggers, monitors }: Definition): Finding[] {
  const twice = (items: readonly unknown[], place: string, what: (item: never) => string): Finding[] => {
    const seen = new Set<string>()
    return items.flatMap((item, index) => {
      const text = canonicalJson(item)
      if (!seen.has(text)) {
        seen.add(text)
        return []
      }
      return [fault(`${place}.${index}`, `${what(item as never)} is stated twice`, 'Leave one of them out.')]
    })
  }
  const kindOf = ({ kind, column, metric }: { kind: string; column?: string; metric?: string }): string =>
    `"${kind}"${column ? ` of "${column}"` : metric ? ` on ${metric}` : ''}`
  return [
    ...datasets.flatMap(({ name, expectations }) =>
      twice(expectations, `datasets.${name}.expectations`, (each) => `the expectation ${kindOf(each)}`),
    ),
    ...models.flatMap(({ name, gates }) => twice(gates, `models.${name}.gates`, (each) => `the gate ${kindOf(each)}`)),
    ...models.flatMap((model) =>
      twice(
        model.inputs.map(({ from }) => from),
        `models.${model.name}.inputs`,
        () => 'an input under two names',
      ),
    ),
    ...twice(
      triggers.map(({ name: _, ...rest }) => rest),
      'triggers',
      ({ pipeline }: { pipeline: string }) => `a trigger of ${pipeline}`,
    ),
    ...twice(
      monitors.map(({ name: _, ...rest }) => rest),
      'monitors',
      ({ kind, endpoint }: { kind: string; endpoint: string }) => `the ${kind} monitor of ${endpoint}`,
    ),
  ]
}

/** Settings that no step can read, and those that an environment states as it has them anyway. */
function idleSettings(definition: Definition, tell: typeof note): Finding[] {
  const { environments, settings, pipelines } = definition
  const hasReaders = pipelines.some(({ steps }) => steps.some(({ run }) => run.kind !== 'stage'))
  const unread = hasReaders ? [] : Object.keys(settings)
  return [
    ...unread.map((name) =>
      tell(`settings.${name}`, `nothing reads the setting "${name}"`, 'Read it in a step, or leave it out.'),
    ),
    ...environments.flatMap((environment) => {
      const { extends: base } = environment
      const inherited = base ? resolveEnvironment(definition, base).settings : settings
      return Object.entries(environment.settings ?? {}).flatMap(([name, value]) =>
        name in inherited && canonicalJson(inherited[name]) === canonicalJson(value)
          ? [
              tell(
                `environments.${environment.name}.settings.${name}`,
                `"${environment.name}" states the setting "${name}" as it inherits it`,
                'Leave it out: what is stated once cannot differ.',
              ),
            ]
          : [],
      )
    }),
  ]
}

/** Notebooks that would stop a package on its way: told, because a project may be meant for other environments. */
function refusedNotebooks(definition: Definition): Finding[] {
  const strict = definition.environments
    .map(({ name }) => resolveEnvironment(definition, name))
    .filter(({ notebooks }) => notebooks === 'refused')
    .map(({ name }) => name)
  if (strict.length === 0) return []
  return notebookSteps(definition.pipelines).map(({ pipeline, step, notebook }) =>
    note(
      `pipelines.${pipeline}.steps.${step}`,
      `the notebook ${notebook} is refused in ${strict.join(', ')}`,
      notebookMend(notebook, strict[0]!),
    ),
  )
}

/** What was written down and does nothing. */
function unused(definition: Definition, tell: typeof note): Finding[] {
  const { datasets, entities, featureViews, models, endpoints, triggers } = definition
  const read = {
    views: new Set<string>(),
    features: new Set<string>(),
    datasets: new Set<string>(),
    entities: new Set<string>(),
  }
  for (const model of models) {
    read.datasets.add(model.dataset)
    for (const { from } of model.inputs) {
      if (from.kind !== 'feature') continue
      read.views.add(from.view)
      read.features.add(`${from.view}.${from.feature}`)
    }
  }
  for (const view of featureViews) {
    read.entities.add(view.entity)
    if (read.views.has(view.name)) read.datasets.add(view.dataset)
  }
  for (const dataset of datasets) {
    for (const column of dataset.columns) {
      if (column.entity) read.entities.add(column.entity)
      if (column.derived) for (const entity of entitiesOf(column.derived)) read.entities.add(entity)
    }
  }
  for (const entity of entities) if (entity.dataset && read.entities.has(entity.name)) read.datasets.add(entity.dataset)
  for (const { on } of triggers) if ('dataset' in on) read.datasets.add(on.dataset)

  const findings: Finding[] = []
  const nothingUses = (place: string, what: string): void => {
    findings.push(tell(place, `nothing uses ${what}`, 'Use it, or leave it out.'))
  }
  // A project of pipelines alone keeps datasets for its steps, which nobody can look into.
  const hasOwnPipelines = definition.pipelines.some((each) => each.steps.some(({ run }) => run.kind !== 'stage'))
  for (const { name } of hasOwnPipelines ? [] : datasets)
    if (!read.datasets.has(name)) nothingUses(`datasets.${name}`, `the dataset "${name}"`)
  for (const { name } of entities) if (!read.entities.has(name)) nothingUses(`entities.${name}`, `the entity "${name}"`)
  for (const view of featureViews) {
    if (!read.views.has(view.name)) nothingUses(`featureViews.${view.name}`, `the feature view "${view.name}"`)
    else
      for (const { name } of view.features)
        if (!read.features.has(`${view.name}.${name}`))
          nothingUses(`featureViews.${view.name}.features.${name}`, `the feature "${name}" of "${view.name}"`)
  }
  for (const model of models) {
    if (!endpoints.some(({ model: served }) => served === model.name))
      nothingUses(`models.${model.name}`, `the model "${model.name}": no endpoint answers with it`)
    if (model.gates.length === 0)
      findings.push(
        tell(
          `models.${model.name}.gates`,
          `the model "${model.name}" has no gate`,
          'Say what it must reach to be used.',
        ),
      )
  }
  for (const { name } of endpoints)
    if (!definition.monitors.some((monitor) => monitor.endpoint === name))
      findings.push(
        tell(`endpoints.${name}`, `nobody watches the endpoint "${name}"`, 'Add a monitor such as `drift(…)`.'),
      )
  return findings
}
