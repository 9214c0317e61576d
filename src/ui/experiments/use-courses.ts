import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { CourseAxis } from '../../contract/tracking-view.ts'
import { type Answer, type ApiError, call } from '../api.ts'

/** Courses that are long are read less often: the server looks at every point of them. */
const soonMs = 2_500
const laterMs = 15_000
const many = 50_000

/** A metric of runs over an axis, as fine as a picture shows it; read again while one of them goes on. */
export function useCourses(asked: {
  runs: readonly string[]
  metric: string
  axis: CourseAxis
  from: number | undefined
  to: number | undefined
  isGoingOn: boolean
}) {
  const { runs, metric, axis, from, to, isGoingOn } = asked
  return useQuery<Answer<'metricCourses'>, ApiError>({
    queryKey: ['courses of a metric', runs, metric, axis, from, to],
    queryFn: () =>
      call('metricCourses', { body: { runs: [...runs], metric, axis, from, to, most: runs.length > 20 ? 200 : 800 } }),
    // Of another stretch of the same metric: it is drawn until the finer one is there.
    placeholderData: keepPreviousData,
    staleTime: isGoingOn ? 0 : 60_000,
    refetchInterval: ({ state }) => {
      if (!isGoingOn) return false
      const points = state.data?.courses.reduce((sum, course) => sum + course.points, 0) ?? 0
      return points > many ? laterMs : soonMs
    },
  })
}
