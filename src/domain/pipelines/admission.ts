import { MillwrightError } from '../../base/errors.ts'
import type { PipelineDefinition } from '../../contract/pipeline.ts'

/** What the policy needs to know of a run. */
interface Candidate {
  readonly run: { readonly id: string }
}

/** Runs of each pipeline under way and waiting, by the pipeline's own policy. */
export class Admission<R extends Candidate> {
  private readonly active = new Map<string, Set<R>>()
  private readonly waiting = new Map<string, { run: R; limit: number }[]>()

  /**
   * @returns whether it may start, and the waiting runs whose place it takes.
   * @throws `pipeline-busy`
   */
  ask(pipeline: PipelineDefinition, run: R): { now: boolean; replaced: R[] } {
    const { whenBusy } = pipeline.concurrency
    if (this.mayStart(pipeline)) {
      this.begin(pipeline.name, run)
      return { now: true, replaced: [] }
    }
    if (whenBusy === 'refuse') {
      const running = [...(this.active.get(pipeline.name) ?? [])].map((active) => active.run.id).join(', ')
      throw new MillwrightError('pipeline-busy', `The pipeline '${pipeline.name}' is busy with ${running}.`, {
        hint: "Wait until it has ended, stop it, or set concurrency.whenBusy to 'queue'.",
      })
    }
    const queue = this.waiting.get(pipeline.name) ?? []
    const replaced = whenBusy === 'replace' ? queue.splice(0).map((entry) => entry.run) : []
    this.enqueue(pipeline, run)
    return { now: false, replaced }
  }

  mayStart(pipeline: PipelineDefinition): boolean {
    const under = this.active.get(pipeline.name)?.size ?? 0
    return under < pipeline.concurrency.limit && !this.waiting.get(pipeline.name)?.length
  }

  /** Whatever the policy says: the run was admitted once. */
  begin(pipeline: string, run: R): void {
    this.active.set(pipeline, (this.active.get(pipeline) ?? new Set()).add(run))
  }

  enqueue(pipeline: PipelineDefinition, run: R): void {
    const queue = this.waiting.get(pipeline.name) ?? []
    queue.push({ run, limit: pipeline.concurrency.limit })
    this.waiting.set(pipeline.name, queue)
  }

  /** Takes a run out, wherever it is. @returns the waiting runs that may start now. */
  end(pipeline: string, run: R): R[] {
    const under = this.active.get(pipeline) ?? new Set()
    under.delete(run)
    const queue = (this.waiting.get(pipeline) ?? []).filter((entry) => entry.run !== run)
    const next: R[] = []
    while (queue[0] && under.size < queue[0].limit) {
      const entry = queue.shift()!
      under.add(entry.run)
      next.push(entry.run)
    }
    this.active.set(pipeline, under)
    this.waiting.set(pipeline, queue)
    return next
  }
}
