import { relative, resolve } from 'node:path'
import type { Dataset, Definition } from '../../contract/definition.ts'
import { planDataset } from '../../domain/data/dataset-plan.ts'
import type { SourceFacts } from '../../domain/delivery/ci-sample.ts'
import type { Tables } from '../../ports/tables.ts'

/** The definition with its sources where they are found: relative to `dataDir` instead of the project's own folder. */
export function withSourcesFrom(definition: Definition, projectDir: string, dataDir: string): Definition {
  if (dataDir === projectDir) return definition
  const moved = (dataset: Dataset): Dataset =>
    dataset.source
      ? {
          ...dataset,
          source: { ...dataset.source, path: relative(projectDir, resolve(dataDir, dataset.source.path)) },
        }
      : dataset
  return { ...definition, datasets: definition.datasets.map(moved) }
}

/** Looks at every source file: how many rows, from when to when. One that cannot be read has no entry; its ingestion says why. */
export async function sourceFacts(
  definition: Definition,
  projectDir: string,
  tables: Tables,
): Promise<Map<string, SourceFacts>> {
  const facts = new Map<string, SourceFacts>()
  for (const dataset of definition.datasets) {
    if (!dataset.source) continue
    const { format, path, partition } = dataset.source
    const file = { format, path: resolve(projectDir, path) }
    const plan = planDataset(dataset)
    const by = partition?.by ?? plan.source.find((column) => column.name === plan.time)?.name
    try {
      const rows = await tables.count([file])
      const [summary] = by ? await tables.summarise([file], [{ name: by, type: plan.types.get(by)! }]) : []
      facts.set(dataset.name, { rows, from: summary?.min ?? null, to: summary?.max ?? null })
    } catch {
      // Told where it is taken in.
    }
  }
  return facts
}
