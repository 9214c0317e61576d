import { useQueries, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { Event } from '../../contract/events.ts'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { TimeChart } from '../components/time-chart.tsx'
import { reading } from '../queries.ts'
import { markedTypes, metricsOf, qualityMarks, qualitySeries } from './quality-series.ts'

const route = getRouteApi('/')
const format = (value: number): string => value.toFixed(3)
const metricWords: Record<string, string> = { auc: 'AUC', log_loss: 'Log loss', brier: 'Brier score' }
const wordsOf = (metric: string): string => metricWords[metric] ?? metric.replaceAll('_', ' ')
const none: never[] = []

function Choice({
  label,
  value,
  values,
  words,
  choose,
}: {
  label: string
  value: string
  values: readonly string[]
  words?: (value: string) => string
  choose: (value: string) => void
}) {
  if (values.length < 2) return null
  return (
    <select aria-label={label} value={value} onChange={({ target }) => choose(target.value)}>
      {values.map((one) => (
        <option key={one} value={one}>
          {words ? words(one) : one}
        </option>
      ))}
    </select>
  )
}

const readMarks = (type: string) => reading('events', { type, limit: 200 })
const eventsOf = (answers: { data?: { events: Event[] } | undefined }[]): Event[] =>
  answers.flatMap(({ data }) => data?.events ?? [])

/** Quality of what an endpoint answered, as its monitors measured it from predictions and the labels that came later. */
export function QualityPanel({ endpoints }: { endpoints: readonly string[] }) {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const endpoint = search.endpoint ?? endpoints[0]
  const { data, error, refetch } = useQuery({
    ...reading('measurements', { kind: 'quality', limit: 10_000, ...(endpoint ? { endpoint } : {}) }),
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
    <TimeChart
      title="Quality over time"
      says={`${wordsOf(metric)} of labelled answers, 95 % intervals.`}
      times={times}
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
            words={wordsOf}
            choose={(to) => void keep({ metric: to })}
          />
        </>
      }
      empty={
        error ? (
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
