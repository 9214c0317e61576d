import { useState } from 'react'
import { Choice } from '../components/choice.tsx'
import { EmptyState } from '../components/states.tsx'
import { useTyped } from '../events/use-typed.ts'
import { count } from '../format.ts'
import type { DrawnRun } from './course-lines.ts'
import { MetricChart } from './metric-chart.tsx'
import type { ChartSearch } from './search.ts'

const axes = ['step', 'relative', 'time'] as const
const axisWords = { step: 'By step', relative: 'By time since the beginning', time: 'By time' } as const
const logs = ['', 'y', 'x', 'xy'] as const
const logWords = { '': 'Plain axes', y: 'Logarithmic values', x: 'Logarithmic x-axis', xy: 'Both logarithmic' } as const
/** Charts until somebody asks for more. */
const fewCharts = 24

/** Charts of metrics with what they have in common: axis, smoothing, and the stretch that is shown. All in the address. */
export function MetricCharts({
  metrics,
  runs,
  search,
  change,
  isGoingOn,
}: {
  metrics: readonly string[]
  runs: readonly DrawnRun[]
  search: ChartSearch
  change: (search: ChartSearch) => void
  isGoingOn: boolean
}) {
  const [most, setMost] = useState(fewCharts)
  const [text, type] = useTyped(search.metric, (metric) => change({ metric }))
  const wanted = (search.metric ?? '').toLowerCase()
  const shown = metrics.filter((metric) => metric.toLowerCase().includes(wanted))
  const axis = search.axis ?? 'step'
  const smooth = search.smooth ?? 0
  return (
    <>
      <div className="table-tools chart-tools">
        <input
          type="search"
          aria-label="Filter the metrics"
          placeholder="Filter the metrics (/)"
          value={text}
          onChange={({ target }) => type(target.value)}
        />
        <Choice
          label="Axis"
          value={axis}
          values={axes}
          words={(value) => axisWords[value as keyof typeof axisWords]}
          choose={(value) =>
            change({ axis: value === 'step' ? undefined : (value as 'time'), from: undefined, to: undefined })
          }
        />
        <Choice
          label="Scale"
          value={search.log ?? ''}
          values={logs}
          words={(value) => logWords[value as keyof typeof logWords]}
          choose={(value) => change({ log: value === '' ? undefined : (value as 'y') })}
        />
        <label className="smoothing">
          Smoothing
          <input
            type="range"
            min={0}
            max={0.99}
            step={0.01}
            value={smooth}
            onChange={({ target }) => change({ smooth: Number(target.value) || undefined })}
          />
          <span className="numbers">{smooth.toFixed(2)}</span>
        </label>
        {search.from !== undefined && (
          <button type="button" onClick={() => change({ from: undefined, to: undefined })}>
            Show all
          </button>
        )}
        <span className="count">{count(shown.length)}</span>
      </div>
      {shown.length === 0 ? (
        <EmptyState>
          {metrics.length === 0 ? 'No metric was logged yet.' : 'No metric has this in its name.'}
        </EmptyState>
      ) : (
        <div className="columns">
          {shown.slice(0, most).map((metric) => (
            <MetricChart
              key={metric}
              metric={metric}
              runs={runs}
              search={search}
              isGoingOn={isGoingOn}
              onRange={(range) => change({ from: range?.[0], to: range?.[1] })}
            />
          ))}
        </div>
      )}
      {shown.length > most && (
        <p>
          <button type="button" onClick={() => setMost(most + fewCharts)}>
            Show {count(Math.min(fewCharts, shown.length - most))} more of {count(shown.length)}
          </button>
        </p>
      )}
    </>
  )
}
