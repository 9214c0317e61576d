import { useQueries, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { Event } from '../../contract/events.ts'
import { LineChart } from '../components/chart/line-chart.tsx'
import { Choice } from '../components/choice.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { metricWord } from '../measurements/metric-words.ts'
import { markedTypes, metricsOf, qualityMarks, qualitySeries } from '../measurements/quality-series.ts'
import { reading } from '../queries.ts'

const route = getRouteApi('/')
const format = (value: number): string => value.toFixed(3)
const none: never[] = []

const readMarks = (type: string) => reading('events', { query: { type, limit: 200 } })
const eventsOf = (answers: { data?: { events: Event[] } | undefined }[]): Event[] =>
  answers.flatMap(({ data }) => data?.events ?? [])

/** Quality of what an endpoint answered, as its monitors measured it from predictions and the labels that came later. */
export function QualityPanel({ endpoints }: { endpoints: readonly string[] }) {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const endpoint = search.endpoint ?? endpoints[0]
  const { data, error, refetch } = useQuery({
    ...reading('measurements', {
      query: { kind: 'quality', limit: 10_000, ...(endpoint ? { endpoint } : {}) },
    }),
    refetchInterval: 5_000,
  })
  const events = useQueries({ queries: markedTypes.map(readMarks), combine: eventsOf })
  const measurements = data?.measurements ?? none
  const metrics = useMemo(() => metricsOf(measurements), [measurements])
  const metric = search.metric ?? (metrics.includes('auc') ? 'auc' : metrics[0]) ?? 'auc'
  const { times, lines } = useMemo(() => qualitySeries(measurements, metric), [measurements, metric])
  const marks = useMemo(() => qualityMarks(events), [events])
  const keep = (change: { endpoint?: string; metric?: string }) =>
    navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false })
  return (
    <LineChart
      title="Quality over time"
      says={`${metricWord(metric)} of labelled answers, 95 % intervals.`}
      xs={times}
      lines={lines}
      marks={marks}
      format={format}
      actions={
        <>
          <Choice
            label="Endpoint"
            value={endpoint ?? ''}
            values={endpoints}
            choose={(to) => void keep({ endpoint: to })}
          />
          <Choice
            label="Metric"
            value={metric}
            values={metrics}
            words={metricWord}
            choose={(to) => void keep({ metric: to })}
          />
        </>
      }
      empty={
        error && !data ? (
          <ErrorState error={error} retry={() => void refetch()} />
        ) : data ? (
          <EmptyState command="npx millwright apply">
            Nothing is measured yet: give an endpoint a quality monitor, and ask it for predictions whose labels arrive
            later.
          </EmptyState>
        ) : (
          <Loading what="measurements" />
        )
      }
    />
  )
}
