import { Readable } from 'node:stream'
import { MillwrightError } from '../../base/errors.ts'
import { type MetricPoint, trackingLimits } from '../../contract/tracking.ts'
import type { PointPlace } from '../../ports/tracking.ts'
import { pageToken, placeOf } from './protocol.ts'
import type { ProtocolRoute } from './route.ts'
import type { TrackingServices } from './runs.ts'
import { pointMessage } from './shapes.ts'

const { pointsPerPage } = trackingLimits
const tokenOf = ({ at, step, value }: MetricPoint): string => pageToken([at, step, Number.isNaN(value) ? null : value])

function afterToken(token: string): PointPlace | undefined {
  const place = placeOf(token)
  if (!place) return undefined
  const [at, step, value] = place
  if (typeof at === 'number' && typeof step === 'number')
    return { at, step, value: typeof value === 'number' ? value : Number.NaN }
  throw new MillwrightError('invalid-request', 'Invalid page token: take it as the answer before gave it.', {
    field: 'page_token',
  })
}

/** Of a run of a pipeline, the one value that it has. */
async function pointsOf(
  { tracking, pipelineRuns }: TrackingServices,
  id: string,
  metric: string,
  page: { after: PointPlace | undefined; limit: number },
): Promise<MetricPoint[]> {
  const ofPipeline = await pipelineRuns.get(id)
  if (!ofPipeline) return tracking.points(id, metric, page)
  return page.after ? [] : ofPipeline.facts.metrics.filter((point) => point.metric === metric)
}

/** The whole history of a metric, a page at a time, however long it is. */
async function* historyText(services: TrackingServices, id: string, metric: string): AsyncGenerator<string> {
  let after: PointPlace | undefined
  let isFirst = true
  for (;;) {
    const points = await pointsOf(services, id, metric, { after, limit: pointsPerPage })
    if (points.length > 0) {
      const text = JSON.stringify(points.map(pointMessage)).slice(1, -1)
      yield `${isFirst ? '{"metrics": [' : ','}${text}`
      isFirst = false
    }
    if (points.length < pointsPerPage) break
    after = points.at(-1)
  }
  yield isFirst ? '{}' : ']}'
}

export const metricRoutes = (services: TrackingServices): ProtocolRoute[] => [
  {
    method: 'GET',
    path: '/metrics/get-history',
    reads: true,
    async answer({ message }) {
      const id = message.runId()
      const metric = message.needed('metric_key')
      const most = message.integer('max_results')
      if (most === undefined) return Readable.from(historyText(services, id, metric))
      if (most <= 0)
        throw new MillwrightError(
          'invalid-request',
          `Invalid value ${most} for parameter 'max_results' supplied: it must be positive`,
          {
            field: 'max_results',
          },
        )
      const limit = Math.min(most, pointsPerPage)
      const after = afterToken(message.text('page_token'))
      const points = await pointsOf(services, id, metric, { after, limit: limit + 1 })
      const page = points.slice(0, limit)
      return {
        ...(page.length > 0 ? { metrics: page.map(pointMessage) } : {}),
        ...(points.length > limit ? { next_page_token: tokenOf(page.at(-1)!) } : {}),
      }
    },
  },
]
