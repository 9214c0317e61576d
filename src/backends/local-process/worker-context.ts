import { mkdirSync } from 'node:fs'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MillwrightError } from '../../base/errors.ts'
import type { Artifact } from '../../contract/run.ts'
import type { ArtifactContent, StepContext, StepInputs } from '../../contract/step.ts'
import type { FromWorker, WorkerTask } from './worker-messages.ts'

/** The context that a function or a stage sees, on the worker's side of the channel. */
export class WorkerContext implements StepContext {
  readonly executionId: string
  readonly runId: string
  readonly pipeline: string
  readonly step: string
  readonly attempt: number
  readonly params: WorkerTask['params']
  readonly element: WorkerTask['element']
  /** Artifacts kept so far. */
  readonly kept: { name: string; type: string; path: string }[] = []
  private made = false
  private lastProgress = 0

  constructor(
    private readonly task: WorkerTask,
    readonly inputs: StepInputs,
    readonly signal: AbortSignal,
    private readonly send: (message: FromWorker) => void,
    private readonly pathOf: (hash: string) => Promise<string>,
  ) {
    this.executionId = task.executionId
    this.runId = task.runId
    this.pipeline = task.pipeline
    this.step = task.step
    this.attempt = task.attempt
    this.params = task.params
    this.element = task.element
  }

  get workDir(): string {
    if (!this.made) mkdirSync(join(this.task.workDir, 'files'), { recursive: true })
    this.made = true
    return join(this.task.workDir, 'files')
  }

  async artifact(name: string, content: ArtifactContent, type?: string): Promise<void> {
    if (this.kept.some((kept) => kept.name === name)) {
      throw new MillwrightError('already-exists', `The step ${this.step} has kept an artifact '${name}' already.`, {
        hint: 'Give each artifact of a step its own name.',
      })
    }
    const folder = join(this.task.workDir, 'kept')
    mkdirSync(folder, { recursive: true })
    // A copy, because the step may go on writing to its own file, and a name may hold slashes.
    const path = join(folder, String(this.kept.length))
    this.kept.push({ name, type: type ?? ('json' in content ? 'json' : 'file'), path })
    if ('path' in content) await copyFile(content.path, path)
    else await writeFile(path, 'json' in content ? JSON.stringify(content.json) : content.bytes)
  }

  inputPath(artifact: Artifact): Promise<string> {
    return this.pathOf(artifact.hash)
  }

  log(text: string): void {
    this.send({ type: 'log', stream: 'log', text: text.endsWith('\n') ? text : `${text}\n` })
  }

  progress(done: number, message = ''): void {
    // A loop may tell at every turn; ten times a second is more than anyone can read.
    const now = performance.now()
    if (done < 1 && now - this.lastProgress < 100) return
    this.lastProgress = now
    this.send({ type: 'progress', done: Math.min(1, Math.max(0, done)), message })
  }
}
