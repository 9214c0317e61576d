import type { StepUsage, UsagePoint } from '../../ports/step-runner.ts'

const mostPoints = 60
const finest = 200

/**
 * What an attempt used over its time, in at most 60 points however long it takes: when there are too many, each second one goes, and
 * the spacing doubles. A point tells the most memory since the one before, so that thinning hides no peak.
 */
export class UsageCourse {
  private points: UsagePoint[] = []
  private spacing = finest
  private firstCpu: number | undefined

  /** @param at milliseconds since the attempt began, not falling. */
  add(at: number, { memoryMb, cpuSeconds }: StepUsage): void {
    // A warm worker's own counter began before this attempt.
    this.firstCpu ??= cpuSeconds
    const last = this.points.at(-1)
    const used = Math.max(0, cpuSeconds - this.firstCpu)
    const point = { at: Math.round(at), memoryMb: rounded(memoryMb, 10), cpuSeconds: rounded(used, 1000) }
    if (last && point.at - (this.points.at(-2)?.at ?? Number.NEGATIVE_INFINITY) < this.spacing)
      this.points[this.points.length - 1] = { ...point, memoryMb: Math.max(point.memoryMb, last.memoryMb) }
    else this.points.push(point)
    if (this.points.length > mostPoints) this.thin()
  }

  get all(): readonly UsagePoint[] {
    return [...this.points]
  }

  private thin(): void {
    this.spacing *= 2
    const kept: UsagePoint[] = []
    // From the first in pairs, each told by its second: the newest stays even when it has no second.
    for (let place = 0; place < this.points.length; place += 2) {
      const [one, two = one] = [this.points[place]!, this.points[place + 1]]
      kept.push({ ...two, memoryMb: Math.max(one.memoryMb, two.memoryMb) })
    }
    this.points = kept
  }
}

const rounded = (value: number, parts: number): number => Math.round(value * parts) / parts
