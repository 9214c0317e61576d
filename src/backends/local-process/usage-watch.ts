import type { StepUsage } from '../../ports/step-runner.ts'
import { ProcessUsage } from './process-usage.ts'

const interval = 250
/** A new process is looked at sooner, so that short steps have a figure and a fast runaway is seen. */
const firstLook = 100

/** One look at the machine's processes serves all that are watched. */
export class UsageWatch {
  private readonly usage = new ProcessUsage()
  private readonly watched = new Map<number, (usage: StepUsage) => void>()
  private timer: NodeJS.Timeout | undefined
  private due = Number.POSITIVE_INFINITY

  /**
   * Calls back with what the group of processes under this leader uses, several times a second.
   * @returns a function that ends it.
   */
  watch(leader: number, onUsage: (usage: StepUsage) => void): () => void {
    this.watched.set(leader, onUsage)
    this.schedule(firstLook)
    return () => {
      if (this.watched.get(leader) === onUsage) this.watched.delete(leader)
    }
  }

  private schedule(delay: number): void {
    const due = performance.now() + delay
    if (due >= this.due) return
    clearTimeout(this.timer)
    this.due = due
    this.timer = setTimeout(() => void this.look(), delay)
    this.timer.unref()
  }

  private async look(): Promise<void> {
    this.due = Number.POSITIVE_INFINITY
    if (this.watched.size === 0) return
    try {
      const usage = await this.usage.sample(new Set(this.watched.keys()))
      for (const [leader, used] of usage) this.watched.get(leader)?.(used)
    } finally {
      this.schedule(interval)
    }
  }
}
