import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Artifact } from '../../contract/run.ts'
import type { ArtifactContent, StepContext, StepInputs } from '../../contract/step.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { StepListener, StepTask } from '../../ports/step-runner.ts'

/** The context of a stage that runs in the control plane. */
export class InlineContext implements StepContext {
  readonly executionId: string
  readonly runId: string
  readonly pipeline: string
  readonly step: string
  readonly attempt: number
  readonly params: StepContext['params']
  readonly settings: StepContext['settings']
  readonly element: StepContext['element']
  readonly inputs: StepInputs
  readonly kept: Artifact[] = []

  constructor(
    private readonly task: Omit<StepTask, 'work'>,
    readonly signal: AbortSignal,
    private readonly listener: StepListener,
    private readonly blobs: Blobs,
  ) {
    this.executionId = task.executionId
    this.runId = task.runId
    this.pipeline = task.pipeline
    this.step = task.step
    this.attempt = task.attempt
    this.params = task.params
    this.settings = task.settings
    this.element = task.element
    this.inputs = task.inputs
  }

  get workDir(): string {
    const folder = join(this.task.workDir, 'files')
    mkdirSync(folder, { recursive: true })
    return folder
  }

  log(line: string): void {
    this.listener.log('log', line.endsWith('\n') ? line : `${line}\n`)
  }

  progress(done: number, message = ''): void {
    this.listener.progress(Math.min(1, Math.max(0, done)), message)
  }

  async artifact(name: string, content: ArtifactContent, type?: string): Promise<Artifact> {
    const isJson = typeof content === 'object' && 'json' in content
    const artifact = { name, type: type ?? (isJson ? 'json' : 'file'), ...(await this.put(content)) }
    this.kept.push(artifact)
    return artifact
  }

  inputPath(artifact: Artifact): Promise<string> {
    return this.task.artifactPath(artifact.hash)
  }

  private async put(content: ArtifactContent): Promise<{ hash: string; size: number }> {
    if (typeof content === 'string') return this.blobs.put(Buffer.from(content))
    if (content instanceof Uint8Array) return this.blobs.put(content)
    if ('json' in content) return this.blobs.put(Buffer.from(JSON.stringify(content.json)))
    return this.blobs.putFile(content.file)
  }
}
