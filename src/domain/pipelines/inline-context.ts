import type { Artifact } from '../../contract/run.ts'
import type { ArtifactContent } from '../../contract/step.ts'
import type { Blobs } from '../../ports/blobs.ts'
import { bytesOfArtifact, isFileArtifact, TaskContext } from '../../ports/step-context.ts'
import type { StepListener, StepTask } from '../../ports/step-runner.ts'

/** The context of a stage that runs in the control plane. */
export class InlineContext extends TaskContext {
  readonly kept: Artifact[] = []

  constructor(
    private readonly task: Omit<StepTask, 'work'>,
    signal: AbortSignal,
    private readonly listener: StepListener,
    private readonly blobs: Blobs,
  ) {
    super(task, task.inputs, signal)
  }

  inputPath(artifact: Artifact): Promise<string> {
    return this.task.artifactPath(artifact.hash)
  }

  protected tellLog(text: string): void {
    this.listener.log('log', text)
  }

  protected tellProgress(done: number, message: string): void {
    this.listener.progress(done, message)
  }

  protected async keep(known: { name: string; type: string }, content: ArtifactContent) {
    const stored = isFileArtifact(content)
      ? await this.blobs.putFile(content.file)
      : await this.blobs.put(bytesOfArtifact(content))
    this.kept.push({ ...known, ...stored })
    return stored
  }
}
