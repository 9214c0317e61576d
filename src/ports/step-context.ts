import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { MillwrightError } from '../base/errors.ts'
import type { Artifact } from '../contract/run.ts'
import type { ArtifactContent, StepContext, StepInputs } from '../contract/step.ts'
import type { StepTask } from './step-runner.ts'

type ContextTask = Pick<
  StepTask,
  'executionId' | 'runId' | 'pipeline' | 'step' | 'attempt' | 'params' | 'settings' | 'element' | 'workDir'
>

/** The context that a step sees, wherever it runs: a runner adds how to tell, keep and fetch. */
export abstract class TaskContext implements StepContext {
  readonly executionId: string
  readonly runId: string
  readonly pipeline: string
  readonly step: string
  readonly attempt: number
  readonly params: StepContext['params']
  readonly settings: StepContext['settings']
  readonly element: StepContext['element']
  private readonly files: string
  private readonly names = new Set<string>()
  private made = false
  private lastProgress = 0

  constructor(
    task: ContextTask,
    readonly inputs: StepInputs,
    readonly signal: AbortSignal,
  ) {
    this.executionId = task.executionId
    this.runId = task.runId
    this.pipeline = task.pipeline
    this.step = task.step
    this.attempt = task.attempt
    this.params = task.params
    this.settings = task.settings
    this.element = task.element
    this.files = join(task.workDir, 'files')
    // Steps take it apart: `async ({ artifact, log }) => …`.
    this.artifact = this.artifact.bind(this)
    this.inputPath = this.inputPath.bind(this)
    this.log = this.log.bind(this)
    this.progress = this.progress.bind(this)
  }

  get workDir(): string {
    if (!this.made) mkdirSync(this.files, { recursive: true })
    this.made = true
    return this.files
  }

  async artifact(name: string, content: ArtifactContent, type?: string): Promise<Artifact> {
    if (this.names.has(name)) {
      throw new MillwrightError('already-exists', `The step ${this.step} has kept an artifact '${name}' already.`, {
        hint: 'Give each artifact of a step its own name.',
      })
    }
    this.names.add(name)
    const known = { name, type: type ?? typeOf(content) }
    return { ...known, ...(await this.keep(known, content)) }
  }

  log(line: string): void {
    this.tellLog(line.endsWith('\n') ? line : `${line}\n`)
  }

  progress(done: number, message = ''): void {
    // A loop may tell at every turn; ten times a second is more than anyone can read.
    const now = performance.now()
    if (done < 1 && now - this.lastProgress < 100) return
    this.lastProgress = now
    this.tellProgress(Math.min(1, Math.max(0, done)), message)
  }

  abstract inputPath(artifact: Artifact): Promise<string>
  protected abstract tellLog(text: string): void
  protected abstract tellProgress(done: number, message: string): void
  /** @returns the content's SHA-256 and its size. */
  protected abstract keep(
    known: { name: string; type: string },
    content: ArtifactContent,
  ): Promise<{ hash: string; size: number }>
}

/** The bytes of an artifact that is no file. */
export function bytesOfArtifact(content: Exclude<ArtifactContent, { file: string }>): Uint8Array {
  if (content instanceof Uint8Array) return content
  return Buffer.from(typeof content === 'string' ? content : JSON.stringify(content.json))
}

export function isFileArtifact(content: ArtifactContent): content is { file: string } {
  return typeof content === 'object' && 'file' in content
}

function typeOf(content: ArtifactContent): string {
  return typeof content === 'object' && 'json' in content ? 'json' : 'file'
}
