import { type Table, textAt, type Vector } from '../../base/columns.ts'
import { MillwrightError } from '../../base/errors.ts'

/** Reference data in memory: the attributes of each entity, found by its key. */
export class EntityTable {
  private readonly places = new Map<string, number>()

  /** @param key the column with the entity's key; of two rows with one key the later counts. */
  constructor(
    readonly entity: string,
    key: string,
    private readonly table: Table,
  ) {
    const keys = table.columns.get(key)
    if (keys?.kind !== 'text') {
      throw new MillwrightError('invalid-definition', `entity "${entity}" has no key column "${key}" of texts`)
    }
    for (let row = 0; row < table.rows; row += 1) {
      const text = textAt(keys, row)
      if (text !== null) this.places.set(text, row)
    }
  }

  get keys(): ReadonlySet<string> {
    return new Set(this.places.keys())
  }

  has(key: string): boolean {
    return this.places.has(key)
  }

  /** @returns the row of a key, or -1. */
  find(key: string): number {
    return this.places.get(key) ?? -1
  }

  /** @throws `invalid-definition` when there is no such attribute. */
  attribute(name: string): Vector {
    const vector = this.table.columns.get(name)
    if (vector === undefined) {
      throw new MillwrightError('invalid-definition', `entity "${this.entity}" has no attribute "${name}"`, {
        hint: `It has ${[...this.table.columns.keys()].join(', ')}.`,
      })
    }
    return vector
  }
}
