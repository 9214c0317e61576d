import { type Brief, type Definition, definitionSchema } from '../contract/definition.ts'
import type { Settings } from '../contract/environment.ts'
import type { Dataset, DatasetShape } from './dataset.ts'
import type { Duration } from './durations.ts'
import type { Endpoint } from './endpoint.ts'
import type { EntityHandle } from './entity.ts'
import { checkEnvironments, type Environment, type FittingAll, type Invariant } from './environment.ts'
import type { FeatureView } from './feature-view.ts'
import type { Model } from './model.ts'
import type { Monitor } from './monitor.ts'
import { type Pipeline, pipelineDefinition, type StepFunction } from './pipeline.ts'
import { trainingPipeline } from './pipeline-default.ts'
import { onlyKeys, parsed } from './stated.ts'
import type { Trigger } from './trigger.ts'

/** A project as the author stated it: the definition, and the functions that its steps run. */
export interface Project {
  /** @param relative turns a file of the machine into one of the project's folder. */
  define(relative: (file: string) => string): Definition
  /** `<pipeline>/<step>` → what it does. */
  readonly functions: ReadonlyMap<string, StepFunction<never, unknown>>
}

const projectKeys = [
  'brief',
  'replayFrom',
  'entities',
  'datasets',
  'features',
  'models',
  'pipelines',
  'endpoints',
  'monitors',
  'triggers',
  'settings',
  'environments',
  'invariants',
  'keep',
]

/** The project: everything that `plan` compares and `apply` installs. */
export function defineProject<
  const S extends Settings = Record<never, never>,
  const E extends readonly Environment[] = readonly [],
>(
  name: string,
  stated: {
    brief?: Brief
    /** Replay the past from this moment on instead of living in the present. */
    replayFrom?: Date
    entities?: EntityHandle[]
    datasets?: Dataset<DatasetShape>[]
    features?: FeatureView<string>[]
    models?: Model[]
    pipelines?: Pipeline[]
    endpoints?: Endpoint[]
    monitors?: Monitor[]
    triggers?: (Trigger | Trigger[])[]
    /** What steps are told; environments may state other values of the same types. */
    settings?: S
    environments?: E & FittingAll<E, S>
    /** What must hold in every environment, by the sentence that says so: checked before anything runs. */
    invariants?: Record<string, Invariant<S>>
    keep?: { runs?: Duration; predictions?: Duration; models?: Duration }
  },
): Project {
  onlyKeys(stated, projectKeys, '')
  onlyKeys(stated.keep, ['runs', 'predictions', 'models'], 'keep')
  const models = unique([...(stated.models ?? []), ...(stated.endpoints ?? []).map((endpoint) => endpoint.model)])
  const own = stated.pipelines ?? []
  const functions = new Map<string, StepFunction<never, unknown>>()
  for (const pipeline of own) {
    for (const step of pipeline.steps) {
      if (step.run.kind === 'function') functions.set(`${pipeline.name}/${step.name}`, step.run.run)
    }
  }
  const dayCount = (duration: Duration | undefined) => (duration ? duration.ms / 86_400_000 : undefined)
  return {
    functions,
    define: (relative) => {
      const stages = models
        .map((model) => trainingPipeline(model.definition))
        .filter((pipeline) => !own.some((each) => each.name === pipeline.name))
      const definition = parsed(
        definitionSchema,
        {
          name,
          brief: stated.brief,
          clock: stated.replayFrom ? { mode: 'replay', start: stated.replayFrom.getTime() } : { mode: 'live' },
          entities: (stated.entities ?? []).map((entity) => entity.definition),
          datasets: (stated.datasets ?? []).map((dataset) => dataset.definition),
          featureViews: (stated.features ?? []).map((view) => view.definition),
          models: models.map((model) => model.definition),
          pipelines: [...own.map((pipeline) => pipelineDefinition(pipeline, relative)), ...stages],
          endpoints: (stated.endpoints ?? []).map((endpoint) => endpoint.definition),
          monitors: (stated.monitors ?? []).map((monitor) => monitor.definition),
          triggers: (stated.triggers ?? []).flat().map((trigger) => trigger.definition),
          retention: {
            runsDays: dayCount(stated.keep?.runs),
            predictionsDays: dayCount(stated.keep?.predictions),
            modelsDays: dayCount(stated.keep?.models),
          },
          settings: stated.settings,
          environments: (stated.environments ?? []).map((each) => each.definition),
        },
        '',
      )
      checkEnvironments(definition, (stated.invariants ?? {}) as Record<string, Invariant<Settings>>)
      return definition
    },
  }
}

function unique<T>(items: T[]): T[] {
  return [...new Set(items)]
}
