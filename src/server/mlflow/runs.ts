import { MillwrightError } from '../../base/errors.ts'
import { parseFilter } from '../../contract/search/parse-filter.ts'
import { parseOrder } from '../../contract/search/parse-order.ts'
import {
  type Experiment,
  type RunInput,
  type TrackedRun,
  type TrackedRunStatus,
  trackedRunStatuses,
  trackingLimits,
} from '../../contract/tracking.ts'
import type { Experiments } from '../../domain/tracking/experiments.ts'
import type { LoggedModels } from '../../domain/tracking/logged-models.ts'
import { searchMerged } from '../../domain/tracking/merged-runs.ts'
import type { PipelineRun, PipelineRuns } from '../../domain/tracking/pipeline-runs.ts'
import type { TrackedArtifacts } from '../../domain/tracking/tracked-artifacts.ts'
import type { TrackedRuns } from '../../domain/tracking/tracked-runs.ts'
import type { TrackingReader } from '../../ports/tracking.ts'
import { unlessDeleted } from './lost-answers.ts'
import { lifecycleOf, type Message, pageAsked, pageToken } from './protocol.ts'
import { JsonText, type ProtocolRoute } from './route.ts'
import { RunTexts } from './run-texts.ts'
import { runInfo, runMessage } from './shapes.ts'

export interface TrackingServices {
  models: LoggedModels
  artifacts: TrackedArtifacts
  tracking: TrackingReader
  experiments: Experiments
  runs: TrackedRuns
  pipelineRuns: PipelineRuns
}

const pointOf = (message: Message) => ({
  metric: message.needed('key'),
  value: message.neededNumber('value'),
  at: message.neededInteger('timestamp'),
  step: message.integer('step') ?? 0,
  ...(message.text('model_id')
    ? {
        model: {
          id: message.text('model_id'),
          datasetName: message.text('dataset_name') || null,
          datasetDigest: message.text('dataset_digest') || null,
        },
      }
    : {}),
})

function statusOf(message: Message): TrackedRunStatus | undefined {
  const said = message.word('status')
  if (said === '') return undefined
  // By name, or by its number in the protocol, which begins with 1.
  const status = trackedRunStatuses.find((each, place) => each === said || protocolNumbers[place] === said)
  if (status) return status
  throw new MillwrightError(
    'invalid-request',
    `Invalid value "${said.slice(0, 100)}" for parameter 'status' supplied: it is one of ${trackedRunStatuses.join(', ')}`,
    { field: 'status' },
  )
}
const protocolNumbers = ['1', '2', '3', '4', '5']

const inputOf = (message: Message): RunInput => {
  const dataset = message.message('dataset')
  return {
    dataset: {
      name: dataset.needed('name'),
      digest: dataset.needed('digest'),
      sourceType: dataset.needed('source_type'),
      source: dataset.needed('source'),
      schema: dataset.has('schema') ? dataset.text('schema') : null,
      profile: dataset.has('profile') ? dataset.text('profile') : null,
    },
    tags: message.pairs('tags'),
  }
}

const listBegins = Buffer.from('{"runs":[')
const comma = Buffer.from(',')

const pipelineRunMessage = ({ run, experiment, facts }: PipelineRun): object =>
  runMessage(run, experiment, facts, [], undefined)

export function runRoutes({ tracking, experiments, runs, pipelineRuns }: TrackingServices): ProtocolRoute[] {
  const messagesOf = async (some: readonly TrackedRun[]): Promise<object[]> => {
    const ids = some.map(({ id }) => id)
    const [facts, inputs, models] = await Promise.all([
      tracking.factsOf(ids),
      tracking.inputsOf(ids),
      tracking.modelsOf(ids),
    ])
    const places = new Map<string, Experiment>()
    for (const { experimentId } of some)
      if (!places.has(experimentId)) places.set(experimentId, await experiments.get(experimentId))
    return some.map((run) =>
      runMessage(run, places.get(run.experimentId)!, facts.get(run.id)!, inputs.get(run.id) ?? [], models.get(run.id)),
    )
  }
  const whole = async (run: TrackedRun): Promise<object> => (await messagesOf([run]))[0]!
  const texts = new RunTexts(tracking.revisions)
  return [
    {
      method: 'POST',
      path: '/runs/search',
      reads: true,
      async answer({ message }) {
        const search = {
          experiments: message.texts('experiment_ids'),
          lifecycle: lifecycleOf(message, 'run_view_type'),
          filter: parseFilter(message.text('filter'), 'runs'),
          order: parseOrder(message.texts('order_by'), 'runs'),
          ...pageAsked(message, { usual: 1000, most: trackingLimits.runsPerPage }),
        }
        const keep = texts.begin()
        const { runs: found, next } = await searchMerged(tracking, await pipelineRuns.among(search.experiments), search)
        const tracked = found.flatMap((each) => ('run' in each ? [] : [each]))
        const textOf = await keep(tracked, messagesOf)
        if (found.length === 0) return {}
        const list = found.flatMap((each, at) => [
          at === 0 ? listBegins : comma,
          'run' in each ? Buffer.from(JSON.stringify(pipelineRunMessage(each))) : textOf(each.id),
        ])
        const token = next ? `,"next_page_token":${JSON.stringify(pageToken(next))}` : ''
        return new JsonText(Buffer.concat([...list, Buffer.from(`]${token}}`)]))
      },
    },
    {
      method: 'POST',
      path: '/runs/create',
      reads: false,
      async answer({ message, caller, once }) {
        const asked = {
          experimentId: message.text('experiment_id') || '0',
          name: message.text('run_name'),
          user: message.text('user_id'),
          startedAt: message.integer('start_time') ?? 0,
          tags: message.pairs('tags'),
          stepRun: caller.step?.run,
        }
        return once(
          async (note) => {
            const { run, experiment, facts } = await runs.create(asked, caller.actor(), note)
            caller.step?.runs.add(run.id)
            return { run: runMessage(run, experiment, facts, [], undefined) }
          },
          async (id) => {
            const run = unlessDeleted(await tracking.run(id))
            if (!run) return null
            caller.step?.runs.add(run.id)
            return { run: await whole(run) }
          },
        )
      },
    },
    {
      method: 'POST',
      path: '/runs/update',
      reads: false,
      async answer({ message, caller }) {
        const run = await runs.update(
          message.runId(),
          { status: statusOf(message), endedAt: message.integer('end_time'), name: message.text('run_name') },
          caller.actor(),
        )
        return { run_info: runInfo(run, await experiments.get(run.experimentId)) }
      },
    },
    {
      method: 'POST',
      path: '/runs/delete',
      reads: false,
      async answer({ message, caller }) {
        await runs.delete(message.needed('run_id'), caller.actor())
        return {}
      },
    },
    {
      method: 'POST',
      path: '/runs/restore',
      reads: false,
      async answer({ message, caller }) {
        await runs.restore(message.needed('run_id'), caller.actor())
        return {}
      },
    },
    {
      method: 'GET',
      path: '/runs/get',
      reads: true,
      async answer({ message }) {
        const id = message.runId()
        const ofPipeline = await pipelineRuns.get(id)
        return { run: ofPipeline ? pipelineRunMessage(ofPipeline) : await whole(await runs.get(id)) }
      },
    },
    {
      method: 'POST',
      path: '/runs/log-metric',
      reads: false,
      async answer({ message }) {
        await runs.log(message.runId(), { metrics: [pointOf(message)], params: [], tags: [] })
        return {}
      },
    },
    {
      method: 'POST',
      path: '/runs/log-parameter',
      reads: false,
      async answer({ message }) {
        const param = { key: message.needed('key'), value: message.text('value') }
        await runs.log(message.runId(), { metrics: [], params: [param], tags: [] })
        return {}
      },
    },
    {
      method: 'POST',
      path: '/runs/log-batch',
      reads: false,
      bodyLimit: trackingLimits.batchBytes,
      async answer({ message }) {
        await runs.log(message.runId(), {
          metrics: message.messages('metrics').map(pointOf),
          params: message.pairs('params'),
          tags: message.pairs('tags'),
        })
        return {}
      },
    },
    {
      method: 'POST',
      path: '/runs/set-tag',
      reads: false,
      async answer({ message }) {
        const tag = { key: message.needed('key'), value: message.text('value') }
        await runs.log(message.runId(), { metrics: [], params: [], tags: [tag] })
        return {}
      },
    },
    {
      method: 'POST',
      path: '/runs/delete-tag',
      reads: false,
      async answer({ message }) {
        await runs.removeTag(message.runId(), message.needed('key'))
        return {}
      },
    },
    {
      method: 'POST',
      path: '/runs/log-inputs',
      reads: false,
      bodyLimit: 32 << 20,
      async answer({ message }) {
        await runs.addInputs(
          message.runId(),
          message.messages('datasets').map(inputOf),
          message.messages('models').map((model) => model.needed('model_id')),
        )
        return {}
      },
    },
    {
      method: 'POST',
      path: '/runs/log-model',
      reads: false,
      async answer({ message }) {
        await runs.recordModel(message.runId(), message.needed('model_json'))
        return {}
      },
    },
    {
      method: 'POST',
      path: '/runs/outputs',
      reads: false,
      async answer({ message }) {
        const outputs = message
          .messages('models')
          .map((model) => ({ model: model.needed('model_id'), step: model.integer('step') ?? 0 }))
        await runs.addOutputs(message.runId(), outputs)
        return {}
      },
    },
  ]
}
