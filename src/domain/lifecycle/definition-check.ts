import { Cron } from 'croner'
import { MillwrightError } from '../../base/errors.ts'
import type { Definition, ModelDefinition } from '../../contract/definition.ts'
import { metricNamed, metricsFor } from '../../stats/metrics.ts'
import { requestColumns } from '../registry/request-columns.ts'
import { checkEnvironmentNames } from './environment-check.ts'

const listed = (names: Iterable<string>): string => [...names].join(', ') || 'none'

/**
 * Checks every name of a definition: what the compiler checked for a project in TypeScript, once more at run time.
 *
 * @throws `invalid-definition` with the dotted path of the place and the mend.
 */
export function checkDefinition(definition: Definition): void {
  const fail = (field: string, message: string, hint: string): never => {
    throw new MillwrightError('invalid-definition', message, { field, hint })
  }
  const names = <T extends { name: string }>(items: T[], field: string): Map<string, T> => {
    const found = new Map<string, T>()
    items.forEach((item, index) => {
      if (found.has(item.name))
        fail(`${field}.${index}.name`, `there are two ${field} named "${item.name}"`, 'Give one of them another name.')
      found.set(item.name, item)
    })
    return found
  }
  const known = <T>(from: Map<string, T>, name: string, field: string, kind: string): T =>
    from.get(name) ??
    fail(
      field,
      `there is no ${kind} "${name}"`,
      `There are: ${listed(from.keys())}. Add it to defineProject or mend the name.`,
    )

  const metric = (model: ModelDefinition, name: string, field: string): void => {
    const metrics = metricsFor(model.task).map((each) => each.name)
    if (!metrics.includes(name))
      fail(field, `a ${model.task} model is not measured by "${name}"`, `There are: ${listed(metrics)}.`)
  }

  const briefs = [
    { brief: definition.brief, field: 'brief', models: definition.models.filter((model) => !model.brief) },
    ...definition.models.map((model, index) => ({
      brief: model.brief,
      field: `models.${index}.brief`,
      models: [model],
    })),
  ]
  for (const { brief, field, models } of briefs) {
    brief?.targets?.forEach(({ metric, atLeast, atMost }, place) => {
      const at = `${field}.targets.${place}`
      if (!models.some((model) => metricNamed(model.task, metric)))
        fail(`${at}.metric`, `no model is measured by "${metric}"`, 'Name a metric of its task, such as auc.')
      if (atLeast === undefined && atMost === undefined)
        fail(at, `the target of "${metric}" says no figure`, 'Say `atLeast` or `atMost`.')
    })
  }

  const datasets = names(definition.datasets, 'datasets')
  const entities = names(definition.entities, 'entities')
  const views = names(definition.featureViews, 'featureViews')
  const models = names(definition.models, 'models')
  const pipelines = names(definition.pipelines, 'pipelines')
  const endpoints = names(definition.endpoints, 'endpoints')
  const monitors = names(definition.monitors, 'monitors')
  names(definition.triggers, 'triggers')

  checkEnvironmentNames(definition)
  definition.entities.forEach((entity, index) => {
    if (!entity.dataset) return
    const dataset = known(datasets, entity.dataset, `entities.${index}.dataset`, 'dataset')
    if (!dataset.columns.some((column) => column.name === entity.key)) {
      fail(
        `entities.${index}.key`,
        `dataset "${dataset.name}" has no column "${entity.key}"`,
        `It has: ${listed(dataset.columns.map((column) => column.name))}.`,
      )
    }
  })
  definition.datasets.forEach((dataset, index) => {
    const columns = names(dataset.columns, `datasets.${index}.columns`)
    const at = `datasets.${index}`
    if (dataset.time) known(columns, dataset.time, `${at}.time`, `column of "${dataset.name}"`)
    dataset.columns.forEach((column, place) => {
      if (column.entity) known(entities, column.entity, `${at}.columns.${place}.entity`, 'entity')
      if (column.knownAt)
        known(columns, column.knownAt, `${at}.columns.${place}.knownAt`, `column of "${dataset.name}"`)
    })
    dataset.expectations.forEach((expectation, place) => {
      const field = `${at}.expectations.${place}`
      if ('column' in expectation) known(columns, expectation.column, `${field}.column`, `column of "${dataset.name}"`)
      if ('columns' in expectation)
        for (const column of expectation.columns)
          known(columns, column, `${field}.columns`, `column of "${dataset.name}"`)
      if (expectation.kind === 'in-entity') known(entities, expectation.entity, `${field}.entity`, 'entity')
    })
  })
  definition.featureViews.forEach((view, index) => {
    const at = `featureViews.${index}`
    known(entities, view.entity, `${at}.entity`, 'entity')
    const dataset = known(datasets, view.dataset, `${at}.dataset`, 'dataset')
    const columns = new Map(dataset.columns.map((column) => [column.name, column]))
    for (const name of [view.by, view.knownAt]) known(columns, name, at, `column of "${dataset.name}"`)
    names(view.features, `${at}.features`)
    view.features.forEach((feature, place) => {
      if (feature.windowMs === null && feature.aggregate !== 'last') {
        fail(
          `${at}.features.${place}.windowMs`,
          `feature "${feature.name}" has no window`,
          'Say `.over(hours(3))`, or use `.last()`.',
        )
      }
    })
  })
  definition.models.forEach((model, index) => {
    const at = `models.${index}`
    const dataset = known(datasets, model.dataset, `${at}.dataset`, 'dataset')
    const inputs = names(model.inputs, `${at}.inputs`)
    if (model.baseline !== null) known(inputs, model.baseline, `${at}.baseline`, 'input')
    for (const [place, input] of model.inputs.entries()) {
      if (input.from.kind !== 'feature') continue
      const view = known(views, input.from.view, `${at}.inputs.${place}.from.view`, 'feature view')
      known(
        new Map(view.features.map((feature) => [feature.name, feature])),
        input.from.feature,
        `${at}.inputs.${place}.from.feature`,
        `feature of "${view.name}"`,
      )
    }
    if (!dataset.time)
      fail(
        `${at}.dataset`,
        `dataset "${dataset.name}" does not say when a row happened`,
        'Add `.happensAt(…)`: a model is trained and tested in the order of time.',
      )
    requestColumns(model, dataset)
    model.gates.forEach((gate, place) => {
      if ('metric' in gate) metric(model, gate.metric, `${at}.gates.${place}.metric`)
      if (gate.kind === 'segment')
        known(new Map(Object.entries(model.segments)), gate.segment, `${at}.gates.${place}.segment`, 'segment')
      if (gate.kind === 'beats-baseline' && model.baseline === null && model.task !== 'regression') {
        fail(`${at}.gates.${place}`, `model "${model.name}" has no baseline to beat`, 'Say which with `baseline:`.')
      }
    })
  })
  definition.endpoints.forEach((endpoint, index) => {
    known(models, endpoint.model, `endpoints.${index}.model`, 'model')
    const { steps } = endpoint.rollout
    if (steps.some((share, place) => place > 0 && share <= steps[place - 1]!) || steps.at(-1) !== 1) {
      fail(
        `endpoints.${index}.rollout.steps`,
        `the steps [${steps.join(', ')}] do not rise to 1`,
        'Such as [0.1, 0.5, 1].',
      )
    }
  })
  definition.monitors.forEach((monitor, index) => {
    const endpoint = known(endpoints, monitor.endpoint, `monitors.${index}.endpoint`, 'endpoint')
    if (monitor.metric !== undefined) metric(models.get(endpoint.model)!, monitor.metric, `monitors.${index}.metric`)
  })
  definition.triggers.forEach((trigger, index) => {
    known(pipelines, trigger.pipeline, `triggers.${index}.pipeline`, 'pipeline')
    if (trigger.on.kind === 'schedule') {
      try {
        new Cron(trigger.on.cron)
      } catch {
        fail(
          `triggers.${index}.on.cron`,
          `"${trigger.on.cron}" is no schedule`,
          "Five fields as in crontab: '0 3 * * 1' is every Monday at 3.",
        )
      }
    }
    if (trigger.on.kind === 'alert') known(monitors, trigger.on.monitor, `triggers.${index}.on.monitor`, 'monitor')
    if (trigger.on.kind === 'new-data' || trigger.on.kind === 'value-skew')
      known(datasets, trigger.on.dataset, `triggers.${index}.on.dataset`, 'dataset')
  })
}
