import { MillwrightError } from '../../base/errors.ts'
import { type MetricPoint, trackingLimits } from '../../contract/tracking.ts'
import type { Message } from './protocol.ts'
import type { ProtocolRoute } from './route.ts'
import type { TrackingServices } from './runs.ts'
import { pointMessage, some } from './shapes.ts'

const mostRuns = 100
const { pointsPerPage } = trackingLimits
const mostSampled = 2500

const refused = (field: string, message: string): MillwrightError =>
  new MillwrightError('invalid-request', message, { field })

function runsOf(message: Message, field: string): string[] {
  const runs = message.texts(field)
  if (runs.length === 0) throw refused(field, `Missing value for required parameter '${field}'.`)
  if (runs.length > mostRuns)
    throw refused(field, `${field}: a request names at most ${mostRuns} runs, and this one ${runs.length}`)
  return runs
}

const ofRun = (run_id: string) => (point: MetricPoint) => ({ ...pointMessage(point), run_id })

function stepsOf(message: Message): { from: number; to: number } | undefined {
  const [from, to] = [message.integer('start_step'), message.integer('end_step')]
  if (from === undefined && to === undefined) return undefined
  if (from === undefined || to === undefined)
    throw refused('start_step', 'If either start step or end step are specified, both must be specified.')
  if (from > to) throw refused('end_step', `end_step must be greater than start_step: ${from} is after ${to}`)
  return { from, to }
}

/** The histories of a metric of several runs at once, as charts ask for them. */
export const bulkHistoryRoutes = ({ tracking, pipelineRuns }: TrackingServices): ProtocolRoute[] => [
  {
    method: 'GET',
    path: '/metrics/get-history-bulk',
    reads: true,
    async answer({ message }) {
      const metric = message.needed('metric_key')
      const most = Math.min(message.integer('max_results') ?? pointsPerPage, pointsPerPage)
      const points: object[] = []
      for (const id of [...new Set(runsOf(message, 'run_id'))].sort()) {
        const limit = most - points.length
        if (limit <= 0) break
        const ofPipeline = await pipelineRuns.get(id)
        const own = ofPipeline
          ? ofPipeline.facts.metrics.filter((point) => point.metric === metric)
          : await tracking.points(id, metric, { limit })
        points.push(...own.slice(0, limit).map(ofRun(id)))
      }
      return { metrics: points }
    },
  },
  {
    method: 'GET',
    path: '/metrics/get-history-bulk-interval',
    reads: true,
    async answer({ message }) {
      const ids = runsOf(message, 'run_ids')
      const metric = message.needed('metric_key')
      const limit = message.integer('max_results') ?? mostSampled
      if (limit < 1 || limit > mostSampled)
        throw refused('max_results', `max_results must be between 1 and ${mostSampled}.`)
      const steps = stepsOf(message)
      const points: object[] = []
      for (const id of ids) {
        const ofPipeline = await pipelineRuns.get(id)
        const own = ofPipeline
          ? ofPipeline.facts.metrics.filter((point) => point.metric === metric)
          : await tracking.sampledPoints(id, metric, { steps, limit })
        points.push(...own.map(ofRun(id)))
      }
      return some('metrics', points)
    },
  },
]
