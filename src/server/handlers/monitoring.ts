import { MillwrightError } from '../../base/errors.ts'
import type { PredictionRecord } from '../../contract/serving.ts'
import { lineageOf, pipelineRunOf, rolloutOf } from '../../domain/governance/lineage.ts'
import { predictionGraph } from '../../domain/governance/prediction-graph.ts'
import { trackedOrigin } from '../../domain/governance/tracked-origin.ts'
import { triggerOutlook } from '../../domain/lifecycle/trigger-outlook.ts'
import { monitorsInForce } from '../../domain/monitoring/own-monitors.ts'
import type { ControlPlane } from '../control-plane.ts'
import type { Handlers } from '../http/handlers.ts'

type Names =
  | 'monitorPeriod'
  | 'monitors'
  | 'measurements'
  | 'alerts'
  | 'triggers'
  | 'predictions'
  | 'quality'
  | 'lineage'
  | 'postLabels'

/** Alerts and firings of a period are looked for among that many of the newest. */
const mostEvents = 1000

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
    monitorPeriod: async ({ params: { monitor, from }, query: { figure } }) => {
      const definition = projects.current?.definition ?? null
      const of = monitorsInForce(definition, await metadata.find('endpoint')).find(({ name }) => name === monitor)
      const measurements = await metadata.find('measurement', { where: { monitor, from } })
      if (!of || measurements.length === 0)
        throw new MillwrightError('not-found', `no period of a monitor "${monitor}" begins then`, { field: 'from' })
      const raised = (
        await metadata.latestEvents({ type: 'alert.raised', subject: `monitor:${monitor}`, limit: mostEvents })
      ).filter(({ data }) => data.from === from)
      const alerts = await Promise.all(raised.map(({ data }) => metadata.get('alert', String(data.alert))))
      const ids = new Set(raised.map(({ data }) => data.alert))
      const fired = raised.length === 0 ? [] : await metadata.latestEvents({ type: 'trigger.fired', limit: mostEvents })
      return {
        measurements,
        comparison:
          figure === undefined || of.kind !== 'drift'
            ? null
            : await plane.monitors.compare(of, measurements[0]!, figure),
        alerts: alerts.filter((alert) => alert !== undefined),
        fired: fired.filter(({ data }) => ids.has(data.alert)),
      }
    },
    alerts: async ({ query }) => ({
      alerts: await metadata.find('alert', {
        where: {
          ...(query.state ? { state: query.state } : {}),
          ...(query.monitor === undefined ? {} : { monitor: query.monitor }),
        },
        orderBy: { field: 'raisedAt', direction: 'desc' },
        limit: query.limit,
      }),
    }),
    triggers: async () => {
      const all = projects.current?.definition.triggers ?? []
      return {
        triggers: await Promise.all(
          all.map(async (definition) => ({
            definition,
            state: (await metadata.get('trigger', definition.name)) ?? null,
            outlook: await triggerOutlook(
              metadata,
              definition,
              all,
              plane.data.clock.now(),
              projects.applied.appliedAt,
            ),
          })),
        ),
      }
    },
    predictions: async ({ query }) => {
      if (query.id !== undefined) {
        const record = await predictions.find(query.id)
        return { predictions: record ? [{ ...record }] : [], searchedTo: null }
      }
      const isAsked = (record: PredictionRecord): boolean =>
        record.endpoint === query.endpoint && (query.key === undefined || record.key === query.key)
      if (query.order === 'newest') {
        const { records, searchedTo } = await predictions.newest(isAsked, {
          limit: query.limit,
          ...(query.to === undefined ? {} : { to: query.to }),
        })
        return { predictions: records.map((record) => ({ ...record })), searchedTo }
      }
      const found: PredictionRecord[] = []
      for await (const record of predictions.records(query.from ?? 0, query.to ?? Number.MAX_SAFE_INTEGER)) {
        if (!isAsked(record)) continue
        found.push(record)
        if (found.length >= query.limit) break
      }
      return { predictions: found.map((record) => ({ ...record })), searchedTo: null }
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
      const label = await plane.monitors.labelOf(projects.current?.definition ?? null, record)
      const version = await metadata.get('model_version', record.version)
      const origin = version ? await trackedOrigin(metadata, version) : null
      const run = await pipelineRunOf(metadata, version, origin)
      return {
        record: { ...record },
        label,
        graph: await predictionGraph(metadata, record, { version, origin }, label),
        rollout: (await rolloutOf(metadata, record)) ?? null,
        run: run ?? null,
        tracked: origin,
        madeBy: version?.madeBy ?? null,
        gates: version?.verdicts ?? [],
        approvals: run?.packageHash ? await metadata.find('approval', { where: { package: run.packageHash } }) : [],
        steps: await lineageOf(metadata, record, { version, origin, run }),
      }
    },
    postLabels: async ({ body }) => ({ accepted: await posted.add(body.endpoint, body.labels) }),
  }
}
