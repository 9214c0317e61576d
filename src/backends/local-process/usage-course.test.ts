import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { UsagePoint } from '../../ports/step-runner.ts'
import { UsageCourse } from './usage-course.ts'

const courseOf = (points: readonly UsagePoint[]): readonly UsagePoint[] => {
  const course = new UsageCourse()
  for (const { at, ...usage } of points) course.add(at, usage)
  return course.all
}

test('a course of any length has at most sixty points, keeps the peak and the end, and its processor time never falls', () => {
  const looks = fc.array(
    fc.record({
      wait: fc.integer({ min: 1, max: 2000 }),
      memoryMb: fc.integer({ min: 1, max: 9000 }),
      cpu: fc.integer({ min: 0, max: 500 }),
    }),
    { minLength: 1, maxLength: 800 },
  )
  fc.assert(
    fc.property(looks, (steps) => {
      let [at, cpuSeconds] = [0, 7]
      const given = steps.map(({ wait, memoryMb, cpu }) => {
        at += wait
        cpuSeconds += cpu / 1000
        return { at, memoryMb, cpuSeconds }
      })
      const course = courseOf(given)
      expect(course.length).toBeGreaterThan(0)
      expect(course.length).toBeLessThanOrEqual(60)
      expect(Math.max(...course.map(({ memoryMb }) => memoryMb))).toBe(
        Math.max(...given.map(({ memoryMb }) => memoryMb)),
      )
      expect(course.at(-1)!.at).toBe(at)
      expect(course.at(-1)!.cpuSeconds).toBeCloseTo(cpuSeconds - given[0]!.cpuSeconds, 2)
      const pairs = course.slice(1).map((point, place) => [course[place]!, point] as const)
      expect(pairs.every(([before, after]) => before.at < after.at && before.cpuSeconds <= after.cpuSeconds)).toBe(true)
    }),
  )
})

test('an hour looked at four times a second has points that lie about evenly', () => {
  const course = courseOf(
    Array.from({ length: 14_400 }, (_, place) => ({ at: place * 250, memoryMb: 100, cpuSeconds: 0 })),
  )
  const gaps = course.slice(1).map(({ at }, place) => at - course[place]!.at)
  expect(course.length).toBeGreaterThan(25)
  expect(Math.max(...gaps)).toBeLessThan(180_000)
})
