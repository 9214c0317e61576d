import type { StepTask } from '../../ports/step-runner.ts'
import type { UsageWatch } from './usage-watch.ts'
import { WarmWorker, type WorkerSetup } from './warm-worker.ts'

/** After so many tasks, or that much memory, a worker is replaced: what its tasks left behind goes with it. */
const maxTasks = 1000
const maxMemoryMb = 1024
const maxIdleMs = 120_000

/** Warm workers that have nothing to do, and the making of new ones. */
export class WorkerPool {
  private readonly idle: { worker: WarmWorker; since: number }[] = []
  private readonly workers = new Set<WarmWorker>()
  private readonly sweep: NodeJS.Timeout

  constructor(
    private readonly setup: WorkerSetup,
    private readonly watch: UsageWatch,
    private readonly size: number,
  ) {
    this.sweep = setInterval(() => this.retireIdle(), maxIdleMs / 4)
    this.sweep.unref()
  }

  /** A worker for this task alone, until it is given back. One that has older code of the project loaded is never given. */
  take(task: StepTask): WarmWorker {
    if (task.work.kind === 'function') {
      const version = task.work.codeVersion
      for (const entry of [...this.idle]) {
        if (entry.worker.codeVersion !== undefined && entry.worker.codeVersion !== version) this.retire(entry.worker)
      }
      const loaded = this.idle.findLastIndex(({ worker }) => worker.alive && worker.codeVersion === version)
      if (loaded >= 0) return this.idle.splice(loaded, 1)[0]!.worker
    }
    for (let entry = this.idle.pop(); entry; entry = this.idle.pop()) {
      if (entry.worker.alive) return entry.worker
      this.workers.delete(entry.worker)
    }
    const worker = new WarmWorker(this.setup, this.watch)
    this.workers.add(worker)
    return worker
  }

  giveBack(worker: WarmWorker): void {
    const spent = worker.tasks >= maxTasks || worker.memoryMb > maxMemoryMb
    if (!worker.alive || spent || this.idle.length >= this.size) this.retire(worker)
    else this.idle.push({ worker, since: performance.now() })
  }

  async close(): Promise<void> {
    clearInterval(this.sweep)
    await Promise.all([...this.workers].map((worker) => worker.end()))
  }

  private retireIdle(): void {
    for (const entry of [...this.idle]) {
      if (performance.now() - entry.since > maxIdleMs) this.retire(entry.worker)
    }
  }

  private retire(worker: WarmWorker): void {
    const at = this.idle.findIndex((entry) => entry.worker === worker)
    if (at >= 0) this.idle.splice(at, 1)
    this.workers.delete(worker)
    void worker.end()
  }
}
