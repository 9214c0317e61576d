import { textAt } from '../base/columns.ts'
import type { Definition } from '../contract/definition.ts'
import type { DataServices } from '../domain/data/data-services.ts'
import { datasetNamed, planDataset, typed } from '../domain/data/dataset-plan.ts'
import { datasetVersion, readVersion } from '../domain/data/dataset-reader.ts'

/** The attributes of entities as blobs of JSON, for prediction services, which have no engine to read tables with. */
export class EntityBlobs {
  private readonly made = new Map<string, string>()

  constructor(private readonly services: DataServices) {}

  /** @returns the hash of `{columns: {name: [value, …]}}`; null while the dataset is empty. */
  async of(definition: Definition, name: string): Promise<string | null> {
    const entity = definition.entities.find((each) => each.name === name)
    if (!entity?.dataset) return null
    const state = await this.services.metadata.get('dataset', entity.dataset)
    if (!state || state.version === 0) return null
    const version = await datasetVersion(this.services.metadata, entity.dataset)
    const key = `${name}/${version.record.hash}`
    const known = this.made.get(key)
    if (known) return known
    const plan = planDataset(datasetNamed(definition.datasets, entity.dataset))
    const table = await readVersion(this.services, version, { columns: typed(plan.stored) })
    const columns: Record<string, (string | number | null)[]> = {}
    for (const [column, vector] of table.columns) {
      columns[column] = Array.from({ length: table.rows }, (_, row) =>
        vector.kind === 'text' ? textAt(vector, row) : Number.isNaN(vector.values[row]!) ? null : vector.values[row]!,
      )
    }
    const { hash } = await this.services.blobs.put(new TextEncoder().encode(JSON.stringify({ columns })))
    this.made.set(key, hash)
    return hash
  }
}
