import type { CourseAxis, MetricCourse } from '../../contract/tracking-view.ts'
import type { ChartLine, LogAxes } from '../components/chart/chart-plot.ts'
import type { RunStyle } from './run-style.ts'
import { smoothed } from './smooth.ts'

export interface DrawnRun extends RunStyle {
  id: string
  name: string
}

/** Of more lines the bands would cover each other. */
const mostBands = 3

type Values = (number | null | undefined)[]

/**
 * Courses of a metric as lines over one x-axis, which has every place that any of them has. What is not above 0 is left out on a logarithmic axis.
 *
 * @param smooth weight of what came before. @returns `relative` in seconds, `time` in UTC milliseconds.
 */
export function courseLines(
  courses: readonly MetricCourse[],
  runs: readonly DrawnRun[],
  { axis, smooth, log }: { axis: CourseAxis; smooth: number; log: LogAxes },
): { xs: number[]; lines: ChartLine[] } {
  const unit = axis === 'relative' ? 1000 : 1
  const all = new Set<number>()
  for (const { xs } of courses) for (const x of xs) if (!log.x || x > 0) all.add(x)
  const places = [...all].sort((a, b) => a - b)
  const placeOf = new Map(places.map((x, place) => [x, place]))
  const byRun = new Map(courses.map((course) => [course.run, course]))
  const drawable = (value: number | null): number | null => (log.y && value !== null && value <= 0 ? null : value)
  const lines = runs.flatMap(({ id, name, color, dash }): ChartLine[] => {
    const course = byRun.get(id)
    if (!course || course.xs.length === 0) return []
    const spread = (values: readonly (number | null)[]): Values => {
      const column: Values = new Array<undefined>(places.length).fill(undefined)
      for (const [at, x] of course.xs.entries()) {
        const place = placeOf.get(x)
        // Of several points of one place the last one is drawn.
        if (place !== undefined) column[place] = drawable(values[at] ?? null)
      }
      return column
    }
    const values = spread(course.values)
    const hasBand = course.low !== undefined && course.high !== undefined && runs.length <= mostBands
    const main: ChartLine = {
      name,
      color,
      dash,
      values: smoothed(values, smooth),
      ...(hasBand ? { low: spread(course.low!), high: spread(course.high!) } : {}),
    }
    return smooth > 0 && runs.length === 1 && !hasBand
      ? [{ name: `${name}, as logged`, color: `${color}-pale`, values }, main]
      : [main]
  })
  return { xs: places.map((x) => x / unit), lines }
}
