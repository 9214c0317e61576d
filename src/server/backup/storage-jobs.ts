import { MillwrightError, messageOf } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import type { StorageJob } from '../../contract/routes/storage.ts'

type Asked = Pick<StorageJob, 'kind' | 'dir' | 'by'>
type Result = Partial<Pick<StorageJob, 'backup' | 'verified'>>

/** Backups and verifications take longer than a request may: one at a time runs, and can be asked for. */
export class StorageJobs {
  private job: StorageJob | null = null
  private working: Promise<void> = Promise.resolve()

  get current(): StorageJob | null {
    return this.job
  }

  /** While it runs, the garbage collection must wait. */
  get isRunning(): boolean {
    return this.job !== null && this.job.endedAt === null
  }

  /** @throws `conflict` while another one runs; the same one that runs is not begun again. */
  begin(asked: Asked, work: () => Promise<Result>): StorageJob {
    if (this.job && this.isRunning) {
      if (this.job.kind === asked.kind && this.job.dir === asked.dir) return this.job
      throw new MillwrightError('conflict', `a ${this.job.kind} runs, which ${this.job.by} began`, {
        hint: 'Ask again when it has ended.',
      })
    }
    const job: StorageJob = {
      ...asked,
      id: newId('storage'),
      startedAt: Date.now(),
      endedAt: null,
      error: null,
      backup: null,
      verified: null,
    }
    this.job = job
    this.working = work()
      .then((result) => void Object.assign(job, result))
      .catch((error) => {
        const [code, hint] = error instanceof MillwrightError ? [error.code, error.hint ?? null] : ['internal', null]
        job.error = { code, message: messageOf(error), hint }
      })
      .finally(() => {
        job.endedAt = Date.now()
      })
    return job
  }

  /** Waits for what runs. */
  close(): Promise<void> {
    return this.working
  }
}
