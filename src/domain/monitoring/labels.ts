import { textAt } from '../../base/columns.ts'
import type { Definition, ModelDefinition } from '../../contract/definition.ts'
import type { DataServices } from '../data/data-services.ts'
import { datasetNamed, planDataset, typed } from '../data/dataset-plan.ts'
import { datasetVersion, filesOf } from '../data/dataset-reader.ts'
import { EntityTables } from '../data/entity-tables.ts'
import { type Compiled, compile } from '../data/expression.ts'
import { columnsOf } from '../data/expression-columns.ts'
import { tableSource } from '../data/row-source.ts'

/** Labels of rows whose event time lies in `[from, to)`, by key: from the model's own dataset, by the target's own expression. */
export async function labelsFromDataset(
  services: DataServices,
  definition: Definition,
  model: ModelDefinition,
  from: number,
  to: number,
): Promise<Map<string, number | string>> {
  const labels = new Map<string, number | string>()
  const dataset = datasetNamed(definition.datasets, model.dataset)
  const keyColumn = dataset.columns.find((column) => column.type === 'key')
  const state = await services.metadata.get('dataset', dataset.name)
  if (!keyColumn || !dataset.time || !state || state.version === 0) return labels
  const version = await datasetVersion(services.metadata, dataset.name, null, { from, to })
  const files = await filesOf(services, version, { from, to })
  if (files.length === 0) return labels
  const plan = planDataset(dataset)
  const needed = new Set([keyColumn.name, ...columnsOf(model.target)])
  const types = new Map(dataset.columns.map((column) => [column.name, column.type]))
  const entities = new EntityTables(services, definition)
  const entity = await entities.scopeFor([model.target])
  const query = {
    columns: typed(plan.stored.filter((column) => needed.has(column.name))),
    where: [{ name: dataset.time, type: 'time' as const, atLeast: from, below: to }],
  }
  for await (const chunk of services.tables.scan(files, query)) {
    const keys = chunk.columns.get(keyColumn.name)
    if (keys?.kind !== 'text') continue
    const target: Compiled = compile(model.target, tableSource(chunk, types), { entity })
    for (let row = 0; row < chunk.rows; row += 1) {
      const key = textAt(keys, row)
      const value = target.at(row)
      if (key !== null && value !== null && !(typeof value === 'number' && Number.isNaN(value))) labels.set(key, value)
    }
  }
  return labels
}
