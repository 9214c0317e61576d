import { MillwrightError } from '../../base/errors.ts'
import type { PredictionRecord } from '../../contract/serving.ts'
import { lineageOf } from '../../domain/governance/lineage.ts'
import { monitorsInForce } from '../../domain/monitoring/own-monitors.ts'
import type { ControlPlane } from '../control-plane.ts'
import type { Handlers } from '../http/handlers.ts'

type Names = 'monitors' | 'measurements' | 'alerts' | 'triggers' | 'predictions' | 'quality' | 'lineage' | 'postLabels'

export function monitoringHandlers(plane: ControlPlane): Handlers<Names> {
  const { projects, predictions, posted } = plane
  const { metadata } = plane.data
  return {
    monitors: async () => ({
      monitors: await Promise.all(
        monitorsInForce(projects.current?.definition ?? null, await metadata.find('endpoint')).map(
          async (definition) => {
            const newest = await metadata.find('measurement', {
              where: { monitor: definition.name },
              orderBy: { field: 'from', direction: 'desc' },
              limit: 8,
            })
            return { definition, latest: newest.filter((measurement) => measurement.from === newest[0]?.from) }
          },
        ),
      ),
      alerts: await metadata.find('alert', {
        where: { state: 'open' },
        orderBy: { field: 'raisedAt', direction: 'desc' },
      }),
    }),
    measurements: async ({ query }) => {
      const { monitor, endpoint, kind, version, from, to, limit } = query
      const where = {
        ...(monitor ? { monitor } : {}),
        ...(endpoint ? { endpoint } : {}),
        ...(kind ? { kind } : {}),
        ...(version ? { version } : {}),
        ...(from !== undefined || to !== undefined
          ? { from: { ...(from === undefined ? {} : { atLeast: from }), ...(to === undefined ? {} : { below: to }) } }
          : {}),
      }
      return { measurements: await metadata.find('measurement', { where, orderBy: { field: 'from' }, limit }) }
    },
    alerts: async ({ query }) => ({
      alerts: await metadata.find('alert', {
        where: query.state ? { state: query.state } : {},
        orderBy: { field: 'raisedAt', direction: 'desc' },
        limit: query.limit,
      }),
    }),
    triggers: async () => ({
      triggers: await Promise.all(
        (projects.current?.definition.triggers ?? []).map(async (definition) => ({
          definition,
          state: (await metadata.get('trigger', definition.name)) ?? null,
        })),
      ),
    }),
    predictions: async ({ query }) => {
      if (query.id !== undefined) {
        const record = await predictions.find(query.id)
        return { predictions: record ? [{ ...record }] : [] }
      }
      const found: PredictionRecord[] = []
      for await (const record of predictions.records(query.from ?? 0, query.to ?? Number.MAX_SAFE_INTEGER)) {
        if (record.endpoint !== query.endpoint || (query.key !== undefined && record.key !== query.key)) continue
        found.push(record)
        if (found.length >= query.limit) break
      }
      return { predictions: found.map((record) => ({ ...record })) }
    },
    quality: async ({ query }) => ({
      groups: await plane.monitors.qualityOver(
        projects.current?.definition ?? null,
        query.endpoint,
        query.from,
        query.to,
      ),
    }),
    lineage: async ({ params }) => {
      const record = await predictions.find(params.id)
      if (!record)
        throw new MillwrightError('not-found', `there is no prediction "${params.id}"`, {
          hint: 'Its id is in the answer; the prediction service brings its log within a second or two.',
        })
      return { steps: await lineageOf(metadata, record) }
    },
    postLabels: async ({ body }) => ({ accepted: await posted.add(body.endpoint, body.labels) }),
  }
}
