import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync } from 'node:fs'
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
  readonly settings: WorkerTask['settings']
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
    this.settings = task.settings
    this.element = task.element
  }

  get workDir(): string {
    if (!this.made) mkdirSync(join(this.task.workDir, 'files'), { recursive: true })
    this.made = true
    return join(this.task.workDir, 'files')
  }

  async artifact(name: string, content: ArtifactContent, type?: string): Promise<Artifact> {
    if (this.kept.some((kept) => kept.name === name)) {
      throw new MillwrightError('already-exists', `The step ${this.step} has kept an artifact '${name}' already.`, {
        hint: 'Give each artifact of a step its own name.',
      })
    }
    const folder = join(this.task.workDir, 'kept')
    mkdirSync(folder, { recursive: true })
    // A copy, because the step may go on writing to its own file, and a name may hold slashes.
    const path = join(folder, String(this.kept.length))
    const kept = { name, type: type ?? typeOfContent(content), path }
    this.kept.push(kept)
    if (isFile(content)) await copyFile(content.file, path)
    else await writeFile(path, bytesOf(content))
    return { name, type: kept.type, ...(await hashOfFile(path)) }
  }

  inputPath(artifact: Artifact): Promise<string> {
    return this.pathOf(artifact.hash)
  }

  log(line: string): void {
    this.send({ type: 'log', stream: 'log', text: line.endsWith('\n') ? line : `${line}\n` })
  }

  progress(done: number, message = ''): void {
    // A loop may tell at every turn; ten times a second is more than anyone can read.
    const now = performance.now()
    if (done < 1 && now - this.lastProgress < 100) return
    this.lastProgress = now
    this.send({ type: 'progress', done: Math.min(1, Math.max(0, done)), message })
  }
}

function isFile(content: ArtifactContent): content is { file: string } {
  return typeof content === 'object' && 'file' in content
}

function bytesOf(content: Exclude<ArtifactContent, { file: string }>): string | Uint8Array {
  return typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content.json)
}

function typeOfContent(content: ArtifactContent): string {
  return typeof content === 'object' && 'json' in content ? 'json' : 'file'
}

async function hashOfFile(path: string): Promise<{ hash: string; size: number }> {
  const hash = createHash('sha256')
  let size = 0
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk)
    size += chunk.length
  }
  return { hash: hash.digest('hex'), size }
}
