import type { TriggerDefinition } from '../contract/definition.ts'
import { triggerSchema } from '../contract/definition.ts'
import type { Dataset, DatasetShape } from './dataset.ts'
import type { Duration } from './durations.ts'
import type { Model } from './model.ts'
import type { Monitor } from './monitor.ts'
import { trainingPipelineName } from './pipeline-default.ts'
import { onlyKeys, parsed } from './stated.ts'

export interface Trigger {
  readonly definition: TriggerDefinition
}
interface Condition {
  readonly name: string
  readonly on: TriggerDefinition['on']
}

/** That much new data, in event time, since the pipeline last ran. */
export const newData = (dataset: Dataset<DatasetShape>, every: Duration): Condition => ({
  name: 'new-data',
  on: { kind: 'new-data', dataset: dataset.name, everyMs: every.ms },
})
/** The statistics of an accepted batch moved beyond what `shiftAtMost` allows. */
export const valueSkew = (dataset: Dataset<DatasetShape>): Condition => ({
  name: 'value-skew',
  on: { kind: 'value-skew', dataset: dataset.name },
})
/** Times in UTC, as in crontab: `schedule('0 3 * * 1')`. */
export const schedule = (cron: string): Condition => ({ name: 'schedule', on: { kind: 'schedule', cron } })

/** Starts the training pipeline of a model: `retrain(late).on(newData(flights, days(28)), lateDrift)`. */
export function retrain(model: Model, options: { cooldown?: Duration; atMost?: number } = {}) {
  const pipeline = trainingPipelineName(model.definition.name)
  onlyKeys(options, ['cooldown', 'atMost'], `triggers.${pipeline}`)
  return {
    on: (...conditions: (Condition | Monitor)[]): Trigger[] =>
      conditions.map((condition) => {
        const isMonitor = 'definition' in condition
        const cause = isMonitor ? condition.definition.name : condition.name
        return {
          definition: parsed(
            triggerSchema,
            {
              name: `${pipeline}-on-${cause}`,
              pipeline,
              on: isMonitor ? { kind: 'alert', monitor: condition.definition.name } : condition.on,
              cooldownMs: options.cooldown?.ms,
              atMost: options.atMost,
            },
            `triggers.${pipeline}-on-${cause}`,
          ),
        }
      }),
  }
}
