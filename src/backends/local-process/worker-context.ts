import { createHash } from 'node:crypto'
import { createReadStream, mkdirSync } from 'node:fs'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Artifact } from '../../contract/run.ts'
import type { ArtifactContent, StepInputs } from '../../contract/step.ts'
import { bytesOfArtifact, isFileArtifact, TaskContext } from '../../ports/step-context.ts'
import type { FromWorker, WorkerTask } from './worker-messages.ts'

/** The context that a function or a stage sees, on the worker's side of the channel. */
export class WorkerContext extends TaskContext {
  /** Artifacts kept so far. */
  readonly kept: { name: string; type: string; path: string }[] = []

  constructor(
    private readonly task: WorkerTask,
    inputs: StepInputs,
    signal: AbortSignal,
    private readonly send: (message: FromWorker) => void,
    private readonly pathOf: (hash: string) => Promise<string>,
  ) {
    super(task, inputs, signal)
  }

  inputPath(artifact: Artifact): Promise<string> {
    return this.pathOf(artifact.hash)
  }

  protected tellLog(text: string): void {
    this.send({ type: 'log', stream: 'log', text })
  }

  protected tellProgress(done: number, message: string): void {
    this.send({ type: 'progress', done, message })
  }

  protected async keep(known: { name: string; type: string }, content: ArtifactContent) {
    const folder = join(this.task.workDir, 'kept')
    mkdirSync(folder, { recursive: true })
    // A copy, because the step may go on writing to its own file, and a name may hold slashes.
    const path = join(folder, String(this.kept.length))
    this.kept.push({ ...known, path })
    if (isFileArtifact(content)) await copyFile(content.file, path)
    else await writeFile(path, bytesOfArtifact(content))
    return hashOfFile(path)
  }
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
