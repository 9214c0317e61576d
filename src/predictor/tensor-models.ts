import type { LoadedModel, ModelRunner, Tensor } from '../ports/model-runner.ts'

/** A model in memory, freed when it is neither in the plan nor at work. */
export class TensorModel {
  private running = 0
  private isRetired = false

  constructor(private readonly model: Pick<LoadedModel, 'run' | 'release'>) {}

  async run(inputs: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    this.running += 1
    try {
      return await this.model.run(inputs)
    } finally {
      this.running -= 1
      await this.releaseIfDone()
    }
  }

  async retire(): Promise<void> {
    this.isRetired = true
    await this.releaseIfDone()
  }

  private async releaseIfDone(): Promise<void> {
    if (this.isRetired && this.running === 0) await this.model.release()
  }
}

/** The model files of the plan, each loaded once however often the plan changes. */
export class TensorModels {
  private readonly models = new Map<string, TensorModel>()

  constructor(
    private readonly runner: ModelRunner,
    private readonly blob: (hash: string) => Promise<Uint8Array>,
  ) {}

  /** @throws `model-unreadable`, `model-runner-missing` */
  async load(hash: string): Promise<TensorModel> {
    const known = this.models.get(hash)
    if (known) return known
    const model = new TensorModel(await this.runner.load(await this.blob(hash)))
    this.models.set(hash, model)
    return model
  }

  /** Lets go of all others. */
  async keepOnly(hashes: ReadonlySet<string>): Promise<void> {
    for (const [hash, model] of this.models) {
      if (hashes.has(hash)) continue
      this.models.delete(hash)
      await model.retire()
    }
  }
}
