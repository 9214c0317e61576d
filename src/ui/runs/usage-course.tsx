import { useMemo } from 'react'
import type { StepRecord } from '../../contract/run.ts'
import { LineChart } from '../components/chart/line-chart.tsx'
import { EmptyState } from '../components/states.tsx'
import { figure } from '../format.ts'

type Point = NonNullable<NonNullable<StepRecord['resources']>['course']>[number]

/** Cores in use between each point and the one before. */
function coresOf(course: readonly Point[]): (number | null)[] {
  return course.map(({ at, cpuSeconds }, place) => {
    const before = course[place - 1]
    return before && at > before.at ? (cpuSeconds - before.cpuSeconds) / ((at - before.at) / 1000) : null
  })
}

const megabytes = (value: number): string => `${figure(value)} MB`
const cores = (value: number): string => figure(value, 2)
const nothing = <EmptyState>It was over before it was looked at twice.</EmptyState>

/** Memory and cores of an attempt over its time. */
export function UsageCourse({ course, step }: { course: readonly Point[]; step: string }) {
  const xs = useMemo(() => (course.length < 2 ? [] : course.map(({ at }) => at / 1000)), [course])
  const memory = useMemo(
    () => [{ name: 'memory', color: '--line-1', values: course.map(({ memoryMb }) => memoryMb) }],
    [course],
  )
  const processor = useMemo(() => [{ name: 'cores', color: '--line-2', values: coresOf(course) }], [course])
  const shared = { xs, xTitle: 'Seconds', height: 150, linked: `usage of ${step}`, empty: nothing }
  return (
    <div className="usage-course">
      <LineChart
        {...shared}
        title="Memory"
        says={`Resident memory of all processes of ${step}, the most since the point before.`}
        lines={memory}
        format={megabytes}
      />
      <LineChart
        {...shared}
        title="Cores in use"
        says={`How many cores ${step} kept busy, by seconds since the attempt began.`}
        lines={processor}
        format={cores}
      />
    </div>
  )
}
