import { useEffect, useMemo, useRef, useState } from 'react'
import type { CourseAxis } from '../../contract/tracking-view.ts'
import { LineChart } from '../components/chart/line-chart.tsx'
import { Panel } from '../components/panel.tsx'
import { ErrorState, Loading } from '../components/states.tsx'
import { count } from '../format.ts'
import { courseLines, type DrawnRun } from './course-lines.ts'
import type { ChartSearch } from './search.ts'
import { useCourses } from './use-courses.ts'

const height = 220
const axisTitles = { step: 'Step', relative: 'Seconds since the run began', time: undefined } as const
/** Milliseconds of a unit of the axis as it is drawn. */
const unitOf = (axis: CourseAxis): number => (axis === 'relative' ? 1000 : 1)

/** Whether the place of something has come near the screen. */
function useNear() {
  const place = useRef<HTMLDivElement>(null)
  const [isNear, setIsNear] = useState(false)
  useEffect(() => {
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && setIsNear(true), {
      rootMargin: '400px',
    })
    observer.observe(place.current!)
    return () => observer.disconnect()
  }, [])
  return { place, isNear }
}

/** A metric of one or several runs; read when it comes near the screen, and anew for each stretch that is chosen. */
export function MetricChart(props: {
  metric: string
  runs: readonly DrawnRun[]
  search: ChartSearch
  isGoingOn: boolean
  onRange: (range: readonly [number, number] | null) => void
}) {
  const { place, isNear } = useNear()
  return (
    <div ref={place} className="metric-chart">
      {isNear ? (
        <Chart {...props} />
      ) : (
        <Panel title={props.metric}>
          <Loading what={props.metric} />
        </Panel>
      )}
    </div>
  )
}

function Chart({ metric, runs, search, isGoingOn, onRange }: Parameters<typeof MetricChart>[0]) {
  const axis = search.axis ?? 'step'
  const ids = useMemo(() => runs.map(({ id }) => id), [runs])
  const { data, error, refetch } = useCourses({
    runs: ids,
    metric,
    axis,
    from: search.from,
    to: search.to,
    isGoingOn,
  })
  const smooth = search.smooth ?? 0
  const log = useMemo(
    () => ({ x: axis !== 'time' && search.log?.includes('x') === true, y: search.log?.includes('y') === true }),
    [axis, search.log],
  )
  const { xs, lines } = useMemo(
    () => courseLines(data?.courses ?? [], runs, { axis, smooth, log }),
    [data, runs, axis, smooth, log],
  )
  const unit = unitOf(axis)
  const range = useMemo(
    () =>
      search.from === undefined || search.to === undefined ? null : ([search.from / unit, search.to / unit] as const),
    [search.from, search.to, unit],
  )
  if (error && !data)
    return (
      <Panel title={metric}>
        <ErrorState error={error} retry={() => void refetch()} />
      </Panel>
    )
  if (!data)
    return (
      <Panel title={metric}>
        <Loading what={metric} />
      </Panel>
    )
  const title = axisTitles[axis]
  return (
    <LineChart
      title={metric}
      says={saysOf(
        data,
        smooth,
        lines.some(({ low }) => low !== undefined),
      )}
      xs={xs}
      lines={lines}
      log={log}
      {...(title === undefined ? {} : { xTitle: title })}
      height={height}
      linked="tracked-run"
      range={range}
      onRange={(chosen) => onRange(chosen && [Math.floor(chosen[0] * unit), Math.ceil(chosen[1] * unit)])}
      empty={<p className="muted">Nothing of it can be drawn here.</p>}
    />
  )
}

/** How many points there are, and what the picture makes of them. */
function saysOf(
  { width, courses }: NonNullable<ReturnType<typeof useCourses>['data']>,
  smooth: number,
  hasBand: boolean,
): string {
  const points = courses.reduce((sum, course) => sum + course.points, 0)
  const odd = courses.reduce((sum, course) => sum + course.notFinite, 0)
  const isSampled = courses.some((course) => course.isSampled)
  return [
    `${count(points)} ${points === 1 ? 'point' : 'points'}${isSampled ? ' were looked at of more' : ''}`,
    width !== null && `the mean of each stretch${hasBand ? ', and a band from its least to its greatest' : ''}`,
    smooth > 0 && `smoothed by ${smooth}`,
    odd > 0 && `${count(odd)} NaN or infinite`,
  ]
    .filter(Boolean)
    .join('; ')
    .concat('.')
}
