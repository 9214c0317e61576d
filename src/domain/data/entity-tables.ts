import { MillwrightError } from '../../base/errors.ts'
import type { Definition } from '../../contract/definition.ts'
import type { DataServices } from './data-services.ts'
import { datasetNamed, planDataset, typed } from './dataset-plan.ts'
import { datasetVersion, readVersion } from './dataset-reader.ts'
import { EntityTable } from './entity-table.ts'
import { entitiesOf } from './expression-columns.ts'

/** Reference data by entity, as of each dataset's newest version or of the one it is pinned to; kept in memory until that changes. */
export class EntityTables {
  private readonly loaded = new Map<string, { version: number; table: EntityTable }>()

  constructor(
    private readonly services: Pick<DataServices, 'metadata' | 'blobs' | 'tables'>,
    private readonly definition: Pick<Definition, 'entities' | 'datasets'>,
    /** Dataset → number of the version to read, whatever is newer. */
    private readonly pinned: Readonly<Record<string, number>> = {},
  ) {}

  /** Whether the entity's keys are listed by a dataset at all. */
  isListed(entity: string): boolean {
    return this.definition.entities.some((each) => each.name === entity && each.dataset !== undefined)
  }

  /** @throws `not-found` for an unknown entity, one without a dataset, or one whose dataset has no version yet. */
  async load(name: string): Promise<EntityTable> {
    const entity = this.definition.entities.find((each) => each.name === name)
    if (entity?.dataset === undefined) {
      throw new MillwrightError('not-found', `entity "${name}" has no dataset that lists it`)
    }
    // Asked for with every push, so the answer must cost next to nothing: versions only ever grow.
    const newest =
      this.pinned[entity.dataset] ??
      (await this.services.metadata.count('dataset_version', { dataset: entity.dataset }))
    const known = this.loaded.get(name)
    if (known !== undefined && known.version === newest) return known.table
    const version = await datasetVersion(this.services.metadata, entity.dataset, this.pinned[entity.dataset])
    const plan = planDataset(datasetNamed(this.definition.datasets, entity.dataset))
    const table = new EntityTable(
      name,
      entity.key,
      await readVersion(this.services, version, { columns: typed(plan.stored) }),
    )
    this.loaded.set(name, { version: version.record.number, table })
    return table
  }

  /** Loads the entities, and gives them as a compiled expression asks for them. */
  async scope(names: Iterable<string>): Promise<(name: string) => EntityTable> {
    const tables = new Map<string, EntityTable>()
    for (const name of names) tables.set(name, await this.load(name))
    return (name) => {
      const table = tables.get(name)
      if (table === undefined) throw new MillwrightError('not-found', `entity "${name}" has no dataset that lists it`)
      return table
    }
  }

  /** What the expressions need. */
  async scopeFor(expressions: Iterable<Parameters<typeof entitiesOf>[0]>): Promise<(name: string) => EntityTable> {
    const names = new Set<string>()
    for (const expression of expressions) for (const name of entitiesOf(expression)) names.add(name)
    return this.scope(names)
  }
}
