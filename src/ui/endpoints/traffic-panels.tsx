import { useMemo } from 'react'
import { BarRows, barRowsHeight } from '../components/chart/bar-rows.tsx'
import type { ChartLine } from '../components/chart/chart-plot.ts'
import { DrawnFigure } from '../components/chart/drawn-figure.tsx'
import { LineChart } from '../components/chart/line-chart.tsx'
import type { Column } from '../components/data-table.tsx'
import { EmptyState } from '../components/states.tsx'
import { count, figure, percent } from '../format.ts'
import { absoluteTime } from '../time.ts'
import { latencyWord } from './latency-word.ts'
import type { Traffic } from './use-traffic.ts'

type Version = Traffic['versions'][number]

const colors = ['--line-1', '--line-2', '--line-3']
const roles = { primary: 'serving', canary: 'canary', shadow: 'in the shadow', candidate: 'candidate' } as const
const nameOf = ({ version, role }: Version): string => `${version}, ${roles[role]}`
const none: number[] = []

function linesOf(versions: readonly Version[], values: (version: Version) => (number | null)[]): ChartLine[] {
  return versions.map((version, place) => ({
    name: nameOf(version),
    color: colors[place % colors.length]!,
    dashed: version.role === 'shadow',
    values: values(version),
  }))
}

/** Answers a second and their p95 latency over the last quarter of an hour, by version. */
export function TrafficCharts({ traffic }: { traffic: Traffic }) {
  const { versions, times, since } = traffic
  const rates = useMemo(() => linesOf(versions, ({ perSecond }) => perSecond), [versions])
  const latencies = useMemo(() => linesOf(versions, ({ p95Ms }) => p95Ms), [versions])
  const has = versions.length > 0
  const empty = (
    <EmptyState>{`Nothing was answered since ${absoluteTime(since)} UTC: ask it with the form below, or from an application.`}</EmptyState>
  )
  return (
    <div className="columns">
      <LineChart
        title="Answers a second"
        says="By version, ten seconds each, over the last quarter of an hour (wall-clock time)."
        xs={has ? times : none}
        lines={rates}
        linked="traffic"
        height={160}
        empty={empty}
      />
      <LineChart
        title="Latency, p95"
        says="Of the prediction service itself, by version: nineteen of twenty answers were faster."
        xs={has ? times : none}
        lines={latencies}
        format={latencyWord}
        linked="traffic"
        height={160}
        empty={empty}
      />
    </div>
  )
}

interface Bin {
  label: string
  counts: number[]
}

const binColumns = (versions: readonly Version[]): Column<Bin>[] => [
  { id: 'bin', header: 'Latency', accessorFn: ({ label }) => label },
  ...versions.map(
    (version, place): Column<Bin> => ({
      id: `${version.version} ${version.role}`,
      header: nameOf(version),
      meta: { numeric: true },
      accessorFn: ({ counts }) => counts[place],
    }),
  ),
]

/** How the latencies are spread, and by version: answers, errors and quantiles. */
export function LatencyPanel({ traffic: { versions } }: { traffic: Traffic }) {
  const columns = useMemo(() => binColumns(versions), [versions])
  const bins = useMemo((): Bin[] => {
    const ends = versions[0]?.latency.map(({ toMs }) => toMs) ?? []
    const all = ends.map((toMs, place) => ({
      label: place === ends.length - 1 ? `over ${latencyWord(ends[place - 1])}` : `up to ${latencyWord(toMs)}`,
      counts: versions.map(({ latency }) => latency[place]?.count ?? 0),
    }))
    const used = (bin: Bin): boolean => bin.counts.some((each) => each > 0)
    const [first, last] = [all.findIndex(used), all.findLastIndex(used)]
    return first < 0 ? [] : all.slice(first, last + 1)
  }, [versions])
  const series = versions.map((version, place) => ({ name: nameOf(version), color: colors[place % colors.length]! }))
  const rows = bins.map(({ label, counts }) => ({
    label,
    values: counts.map((each, place) => each / Math.max(1, versions[place]!.answers)),
  }))
  const says = versions
    .map(
      (version) =>
        `${nameOf(version)}: p50 ${latencyWord(version.quantilesMs.p50)}, p95 ${latencyWord(version.quantilesMs.p95)}, p99 ${latencyWord(version.quantilesMs.p99)}; ${count(version.answers)} answers, ${count(version.errors)} errors`,
    )
    .join('. ')
  return (
    <DrawnFigure
      title="How long answers take"
      says={
        says === ''
          ? 'Share of the answers of the last quarter of an hour by latency.'
          : `Share of answers by latency, last 15 minutes. ${says}.`
      }
      rows={bins}
      columns={columns}
      rowId={({ label }) => label}
      height={barRowsHeight(rows, series)}
      series={series}
      empty={<EmptyState>Nothing was answered in the last quarter of an hour.</EmptyState>}
    >
      {(width) => (
        <BarRows rows={rows} series={series} width={width} format={(share) => (share === 0 ? '' : percent(share))} />
      )}
    </DrawnFigure>
  )
}

export const scoreWord = (score: unknown): string =>
  typeof score === 'number'
    ? figure(score)
    : Array.isArray(score)
      ? score.map((each) => figure(each as number, 3)).join(', ')
      : '–'
