import type { Definition } from '../../contract/definition.ts'
import { type ResolvedEnvironment, resolveEnvironment, type SecretReference } from '../../contract/environment.ts'
import type { StepEnvironment } from '../pipelines/step-environment.ts'
import { secretValue } from './secret-value.ts'

/** A value shorter than this is no secret that hiding could keep: it stands in every other word. */
const shortest = 4

/** The environment that a control plane is, by the definition in force. */
export class EnvironmentInForce {
  /** Value → name, of every secret that was ever handed out: a changed one may still stand in a log. */
  private readonly seen = new Map<string, string>()

  constructor(
    /** Null where the control plane is of no environment: then there are no rules. */
    readonly name: string | null,
    private readonly definition: () => Definition | null,
  ) {}

  /** Null without a name, and before the first definition. */
  get resolved(): ResolvedEnvironment | null {
    const definition = this.definition()
    return definition ? this.of(definition) : null
  }

  /** As another definition has it. @throws `invalid-definition` when that has no environment of this name. */
  of(definition: Definition): ResolvedEnvironment | null {
    return this.name === null ? null : resolveEnvironment(definition, this.name)
  }

  /** Where batches of a dataset come from here. */
  sourceOf(dataset: { name: string; source?: { path: string } }): string | undefined {
    return this.resolved?.sources[dataset.name] ?? dataset.source?.path
  }

  /** What steps get of it. */
  forSteps(): StepEnvironment {
    const { resolved } = this
    return {
      name: this.name,
      settings: resolved?.settings ?? this.definition()?.settings ?? {},
      memoryMb: resolved?.limits.memoryMb ?? null,
      notebooks: resolved?.notebooks ?? 'allowed',
      secrets: async () => this.secretsOf(resolved?.secrets ?? {}),
      redact: (text) => this.redact(text),
    }
  }

  private async secretsOf(references: Record<string, SecretReference>): Promise<Record<string, string>> {
    const values: Record<string, string> = {}
    for (const [name, reference] of Object.entries(references)) {
      const value = await secretValue(name, reference)
      values[name] = value
      for (const part of [value, ...value.split('\n')]) if (part.length >= shortest) this.seen.set(part, name)
    }
    return values
  }

  private redact(text: string): string {
    let shown = text
    for (const [value, name] of this.seen) {
      if (shown.includes(value)) shown = shown.replaceAll(value, `[${name}]`)
    }
    return shown
  }
}
