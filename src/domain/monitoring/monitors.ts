import { day, isoTime } from '../../base/clock.ts'
import { newId } from '../../base/ids.ts'
import type { Definition, ModelDefinition, MonitorDefinition, Task } from '../../contract/definition.ts'
import type { ModelVersionRecord } from '../../contract/model.ts'
import type { MeasurementRecord, PeriodComparison } from '../../contract/monitoring.ts'
import type { PredictionRecord } from '../../contract/serving.ts'
import { type Reference, referenceSchema } from '../../contract/training.ts'
import type { DataServices } from '../data/data-services.ts'
import { comparePeriod } from './compare-period.ts'
import { leastFirstAsked, referenceOfFirstAsked } from './first-asked.ts'
import { labelsFromDataset } from './labels.ts'
import { measureDrift, measureQuality, measureService, type PeriodMeasured, type PeriodRows } from './measure-period.ts'
import { monitorsInForce } from './own-monitors.ts'
import type { PredictionStore } from './prediction-store.ts'

/** How long after a period its labels are waited for: most are there by then, and what is not is counted. */
const labelWaitMs = 2 * day
/** The last predictions of a period are brought a little after its end. */
const logWaitMs = day / 4
/** Drift is told of versions that gave at least this share of a period's answers. */
const leastShare = 0.8

const periodMs = (monitor: MonitorDefinition): number => (monitor.every === 'week' ? 7 * day : day)
/** Weeks begin on Monday; 1970-01-05 was one. */
const periodStart = (time: number, length: number): number =>
  Math.floor((time - (length === day ? 0 : 4 * day)) / length) * length + (length === day ? 0 : 4 * day)

/** The model that an endpoint serves by the definition in force. */
function modelOf(definition: Definition | null, endpointName: string): ModelDefinition | undefined {
  const endpoint = definition?.endpoints.find(({ name }) => name === endpointName)
  return definition?.models.find(({ name }) => name === endpoint?.model)
}

/** What each version was asked, whether as the canary or alone: its inputs are not another's for that. Shadows are left out. */
function byVersion(groups: readonly PeriodRows[]): PeriodRows[] {
  const versions = new Map<string, PeriodRows>()
  for (const group of groups) {
    if (group.role === 'shadow') continue
    const known = versions.get(group.version.id)
    const [most, least] = known && known.records.length > group.records.length ? [known, group] : [group, known]
    versions.set(group.version.id, { ...most, records: [...most.records, ...(least?.records ?? [])] })
  }
  return [...versions.values()]
}

/**
 * Whether a measurement says how a figure stands. Too few labels, no predictions, or a shadow do not; of drift, the inputs that are measured are all
 * there are.
 */
const isAnswer = ({ kind, role, figures }: MeasurementRecord, figure: string): boolean =>
  role !== 'shadow' && (figure in figures || (kind === 'drift' && Object.keys(figures).length > 0))

/** Looks at every period that is over, once, and raises and resolves alerts. */
export class Monitors {
  constructor(
    private readonly services: DataServices,
    private readonly predictions: PredictionStore,
    private readonly posted: (endpoint: string) => Promise<ReadonlyMap<string, number | string>>,
  ) {}

  /** Measures whatever is due by now, also of endpoints that no definition names. */
  async lookAt(definition: Definition | null): Promise<void> {
    const now = this.services.clock.now()
    for (const monitor of monitorsInForce(definition, await this.services.metadata.find('endpoint'))) {
      const length = periodMs(monitor)
      const wait = monitor.kind === 'quality' ? labelWaitMs : logWaitMs
      const [last] = await this.services.metadata.find('measurement', {
        where: { monitor: monitor.name },
        orderBy: { field: 'from', direction: 'desc' },
        limit: 1,
      })
      // After a change from days to weeks, the weeks begin on the next Monday: days of this one were looked at already.
      const begin = last ? periodStart(last.to + length - 1, length) : await this.firstPeriod(monitor.endpoint, length)
      if (begin === null) continue
      for (let from = begin; from + length + wait <= now; from += length)
        await this.measure(definition, monitor, from, from + length)
    }
  }

  /** Metrics of what was answered in a stretch of event time, and of the frozen version on the same rows. */
  async qualityOver(
    definition: Definition | null,
    endpointName: string,
    from: number,
    to: number,
  ): Promise<
    { group: 'served' | 'frozen'; predictions: number; labelled: number; figures: PeriodMeasured['figures'] }[]
  > {
    const model = modelOf(definition, endpointName)
    const state = await this.services.metadata.get('endpoint', endpointName)
    const labels = new Map([
      ...(definition && model ? await labelsFromDataset(this.services, definition, model, from, to) : []),
      ...(await this.posted(endpointName)),
    ])
    const groups = await this.rowsOf(endpointName, from, to)
    const answered = groups.filter((group) => group.role !== 'shadow')
    const frozen = groups.filter((group) => group.version.id === state?.frozen)
    return [
      { group: 'served' as const, rows: answered },
      { group: 'frozen' as const, rows: frozen },
    ].flatMap(({ group, rows }) => {
      const [first] = rows
      if (!first) return []
      const records = rows.flatMap((each) => each.records)
      const task = model?.task ?? first.version.task
      const { figures, labelled } = measureQuality(
        { kind: 'quality', name: '', endpoint: endpointName, every: 'day', periods: 1 },
        { task },
        { ...first, records },
        labels,
      )
      return [{ group, predictions: records.length, labelled, figures }]
    })
  }

  /**
   * One figure of a period that was measured, bin by bin beside its reference; null of a version that has none, or when the
   * period's predictions are no longer kept.
   *
   * @throws `not-found` for a figure that was not measured.
   */
  async compare(
    monitor: MonitorDefinition,
    { from, to, version }: Pick<MeasurementRecord, 'from' | 'to' | 'version'>,
    figure: string,
  ): Promise<PeriodComparison | null> {
    const group = byVersion(await this.rowsOf(monitor.endpoint, from, to)).find((each) => each.version.id === version)
    const known = (await this.services.metadata.get('endpoint', monitor.endpoint))?.references ?? {}
    const hash = group?.version.referenceHash ?? known[version] ?? null
    return group && hash !== null ? comparePeriod(monitor, group, await this.reference(hash), figure) : null
  }

  /** What came true of a prediction; null while its label has not come, and of one without a key. */
  async labelOf(
    definition: Definition | null,
    { key, endpoint, eventTime }: PredictionRecord,
  ): Promise<number | string | null> {
    if (key === null) return null
    const posted = (await this.posted(endpoint)).get(key)
    if (posted !== undefined) return posted
    const model = modelOf(definition, endpoint)
    if (!definition || !model) return null
    return (await labelsFromDataset(this.services, definition, model, eventTime, eventTime + 1)).get(key) ?? null
  }

  /** The period in which the endpoint began to answer; null before that. */
  private async firstPeriod(endpoint: string, length: number): Promise<number | null> {
    const [first] = await this.services.metadata.find('deployment', {
      where: { endpoint },
      orderBy: { field: 'startedAt' },
      limit: 1,
    })
    return first ? periodStart(first.startedAt, length) : null
  }

  private async measure(
    definition: Definition | null,
    monitor: MonitorDefinition,
    from: number,
    to: number,
  ): Promise<void> {
    const all = await this.rowsOf(monitor.endpoint, from, to)
    const groups = monitor.kind === 'drift' ? byVersion(all) : all
    const model = modelOf(definition, monitor.endpoint)
    const known = (await this.services.metadata.get('endpoint', monitor.endpoint))?.references ?? {}
    const learnt: Record<string, string> = {}
    const labels =
      monitor.kind === 'quality'
        ? new Map([
            ...(definition && model ? await labelsFromDataset(this.services, definition, model, from, to) : []),
            ...(await this.posted(monitor.endpoint)),
          ])
        : new Map<string, number | string>()
    const records: MeasurementRecord[] = []
    const answered = groups.reduce((sum, group) => sum + (group.role === 'shadow' ? 0 : group.records.length), 0)
    for (const group of groups) {
      // What nobody is answered with cannot fail anybody: shadows are measured for comparison alone.
      const isShadow = group.role === 'shadow'
      if (isShadow && monitor.kind !== 'quality') continue
      // A version that answered on some days of the period only differs by the days, not by the world.
      if (monitor.kind === 'drift' && group.records.length < leastShare * answered) continue
      const referenceHash = group.version.referenceHash ?? known[group.version.id] ?? null
      if (monitor.kind === 'drift' && referenceHash === null && group.records.length >= leastFirstAsked) {
        learnt[group.version.id] = await this.firstAsked(group)
      }
      const task = model ? model.task : group.version.task
      const measured = await this.measureGroup(monitor, task, group, labels, referenceHash)
      if (!measured) continue
      const { id: version } = group.version
      records.push({
        id: `${monitor.name}/${from}/${version}/${group.role}`,
        monitor: monitor.name,
        endpoint: monitor.endpoint,
        kind: monitor.kind,
        from,
        to,
        version,
        role: group.role,
        predictions: group.records.length,
        labelled: measured.labelled,
        figures: measured.figures,
        broken: isShadow ? {} : measured.broken,
        bounds: isShadow ? {} : measured.bounds,
      })
    }
    if (records.length === 0) {
      // An empty period is a finding too; without it the period would be looked at for ever.
      records.push({
        id: `${monitor.name}/${from}/none`,
        monitor: monitor.name,
        endpoint: monitor.endpoint,
        kind: monitor.kind,
        from,
        to,
        version: '',
        role: 'none',
        predictions: answered,
        labelled: 0,
        figures: {},
        broken: {},
      })
    }
    await this.keep(monitor, records, { known, learnt }, from, to)
  }

  /** @returns the blob that later periods are compared with. */
  private async firstAsked({ records }: PeriodRows): Promise<string> {
    const reference = JSON.stringify(referenceOfFirstAsked(records))
    return (await this.services.blobs.put(new TextEncoder().encode(reference))).hash
  }

  private async measureGroup(
    monitor: MonitorDefinition,
    task: Task | null,
    group: PeriodRows,
    labels: ReadonlyMap<string, number | string>,
    referenceHash: string | null,
  ): Promise<PeriodMeasured | null> {
    if (monitor.kind === 'service') return measureService(monitor, group)
    if (monitor.kind === 'quality') return measureQuality(monitor, { task }, group, labels)
    // What a version was first asked is the measure of later periods, and says nothing of its own.
    if (referenceHash === null) return { figures: {}, broken: {}, bounds: {}, labelled: 0 }
    if (group.records.length < 50) return null
    return measureDrift(monitor, group, await this.reference(referenceHash))
  }

  private async reference(hash: string): Promise<Reference> {
    return referenceSchema.parse(JSON.parse(new TextDecoder().decode(await this.services.blobs.get(hash))))
  }

  /** Predictions of the period by version and role. A segment's day is that of its answers, so a day on either side is read too. */
  private async rowsOf(endpoint: string, from: number, to: number): Promise<PeriodRows[]> {
    const groups = new Map<string, PredictionRecord[]>()
    for await (const record of this.predictions.records(from - day, to + day)) {
      if (record.endpoint !== endpoint || record.eventTime < from || record.eventTime >= to) continue
      const role = record.role === 'shadow' ? 'shadow' : record.role
      const name = `${record.version} ${role}`
      const known = groups.get(name)
      if (known) known.push(record)
      else groups.set(name, [record])
    }
    const rows: PeriodRows[] = []
    for (const [name, records] of groups) {
      const [id = '', role = ''] = name.split(' ')
      const version: ModelVersionRecord | undefined = await this.services.metadata.get('model_version', id)
      if (version) rows.push({ version, role, records })
    }
    return rows
  }

  /** Writes what was seen and, in the same change, raises and resolves alerts. */
  private async keep(
    monitor: MonitorDefinition,
    records: MeasurementRecord[],
    firstAsked: { known: Record<string, string>; learnt: Record<string, string> },
    from: number,
    to: number,
  ): Promise<void> {
    const { metadata, clock } = this.services
    const needed = monitor.periods - 1
    const earlier =
      needed > 0
        ? await metadata.find('measurement', {
            where: { monitor: monitor.name, from: { below: from, atLeast: from - needed * (to - from) } },
          })
        : []
    await metadata.transaction(async (writer) => {
      for (const record of records) await writer.put('measurement', record)
      if (Object.keys(firstAsked.learnt).length > 0) {
        const references = { ...firstAsked.known, ...firstAsked.learnt }
        await writer.update('endpoint', monitor.endpoint, { references })
      }
      const open = await writer.find('alert', { where: { monitor: monitor.name, state: 'open' } })
      const broken = new Map<string, { value: number; threshold: number; version: string }>()
      for (const record of records) {
        for (const [figure, threshold] of Object.entries(record.broken)) {
          const before = new Set(earlier.filter((each) => figure in each.broken).map((each) => each.from))
          if (before.size >= needed)
            broken.set(figure, {
              value: record.figures[figure]?.value ?? Number.NaN,
              threshold,
              version: record.version,
            })
        }
      }
      for (const [figure, { value, threshold, version }] of broken) {
        if (open.some((alert) => alert.figure === figure)) continue
        const when = isoTime(from).slice(0, 10)
        const message =
          monitor.kind === 'drift'
            ? `${figure} of ${monitor.endpoint} has moved from what ${version} was ${version in firstAsked.known ? 'first asked' : 'trained on'}: distance ${value.toFixed(3)}, bound ${threshold.toFixed(3)} (${when})`
            : `${figure} of ${monitor.endpoint} is ${value.toFixed(3)}, beyond ${threshold.toFixed(3)} (${version}, ${when})`
        const id = newId('alert')
        await writer.insert('alert', {
          id,
          monitor: monitor.name,
          endpoint: monitor.endpoint,
          figure,
          state: 'open',
          message,
          value,
          threshold,
          raisedAt: clock.now(),
          resolvedAt: null,
        })
        await writer.emit({
          type: 'alert.raised',
          subject: `monitor:${monitor.name}`,
          actor: 'system',
          level: 'bad',
          message,
          data: { alert: id, figure, value, threshold, version, from, to },
        })
      }
      for (const alert of open) {
        if (broken.has(alert.figure) || !records.some((record) => isAnswer(record, alert.figure))) continue
        await writer.update('alert', alert.id, { state: 'resolved', resolvedAt: clock.now() })
        await writer.emit({
          type: 'alert.resolved',
          subject: `monitor:${monitor.name}`,
          actor: 'system',
          level: 'good',
          message: `${alert.figure} of ${monitor.endpoint} is within its bound again`,
          data: { alert: alert.id, figure: alert.figure },
        })
      }
    })
  }
}
