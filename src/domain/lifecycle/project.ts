import type { Clock } from '../../base/clock.ts'
import { MillwrightError } from '../../base/errors.ts'
import { hashOf } from '../../base/hash.ts'
import type { Definition } from '../../contract/definition.ts'
import type { DefinitionRecord } from '../../contract/project.ts'
import type { Change } from '../../contract/routes/project.ts'
import type { Metadata, RecordWriter } from '../../ports/metadata.ts'
import type { Deployments } from '../serving/deployments.ts'
import { checkDefinition } from './definition-check.ts'
import { changesBetween } from './plan-changes.ts'

export interface Plan {
  hash: string
  currentHash: string | null
  changes: Change[]
}

export interface ApplyRequest {
  projectDir: string
  /** The package that holds the code. */
  packageHash: string
  origin: DefinitionRecord['origin']
  /** How that code differs from the code in force. */
  codeChanges: Change[]
  actor: string
  /** Written in the transaction that puts it into force, when that changes anything. */
  also?: (writer: RecordWriter) => Promise<void>
}

/** The definition in force. */
export class Projects {
  private inForce: DefinitionRecord | null = null

  constructor(
    private readonly metadata: Metadata,
    private readonly clock: Clock,
    private readonly deployments: Deployments,
  ) {}

  async restore(): Promise<void> {
    this.inForce = (await this.metadata.find('definition', { where: { current: true } }))[0] ?? null
  }

  get current(): DefinitionRecord | null {
    return this.inForce
  }

  /** @throws `conflict` before the first apply. */
  get applied(): DefinitionRecord {
    if (!this.inForce) {
      throw new MillwrightError('conflict', 'no project has been applied yet', {
        hint: 'Run `millwright apply` in the project.',
      })
    }
    return this.inForce
  }
  get definition(): Definition {
    return this.applied.definition
  }

  /** The current definition's part of that name. @throws `not-found` */
  part<P extends 'datasets' | 'models' | 'endpoints' | 'pipelines' | 'featureViews' | 'monitors'>(
    part: P,
    name: string,
  ): Definition[P][number] {
    const items = this.definition[part] as Definition[P][number][]
    const found = items.find((item) => item.name === name)
    if (!found) {
      throw new MillwrightError('not-found', `the project has no ${part.replace(/s$/, '')} "${name}"`, {
        hint: `There are: ${items.map((item) => item.name).join(', ') || 'none'}.`,
      })
    }
    return found
  }

  /** @throws `invalid-definition` */
  plan(definition: Definition): Plan {
    checkDefinition(definition)
    return {
      hash: hashOf(definition),
      currentHash: this.inForce?.id ?? null,
      changes: changesBetween(this.inForce?.definition ?? null, definition),
    }
  }

  /** Puts a definition into force, as one change. The same one again changes nothing. */
  async apply(
    definition: Definition,
    { projectDir, packageHash, origin, codeChanges, actor, also }: ApplyRequest,
  ): Promise<Plan> {
    const stated = this.plan(definition)
    const plan = { ...stated, changes: [...stated.changes, ...codeChanges] }
    const isInForce = plan.hash === plan.currentHash && this.inForce?.projectDir === projectDir
    if (isInForce && plan.changes.length === 0) return plan
    const record: DefinitionRecord = {
      id: plan.hash,
      definition,
      projectDir,
      packageHash,
      origin,
      appliedAt: this.clock.now(),
      appliedBy: actor,
      current: true,
    }
    await this.metadata.transaction(async (writer) => {
      for (const old of await writer.find('definition', { where: { current: true } }))
        await writer.update('definition', old.id, { current: false })
      await writer.put('definition', record)
      for (const endpoint of definition.endpoints) await this.deployments.define(writer, endpoint, actor)
      const counted = (action: Change['action']) => plan.changes.filter((change) => change.action === action).length
      await writer.emit({
        type: 'project.applied',
        subject: `project:${definition.name}`,
        actor,
        level: 'good',
        message: `Project ${definition.name} applied: ${counted('add')} added, ${counted('change')} changed, ${counted('remove')} removed`,
        data: {
          hash: plan.hash,
          previous: plan.currentHash,
          package: packageHash,
          changes: plan.changes.map(({ action, what }) => `${action} ${what}`),
        },
      })
      await also?.(writer)
    })
    this.inForce = record
    return plan
  }
}
