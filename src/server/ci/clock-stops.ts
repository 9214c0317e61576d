import type { Definition } from '../../contract/definition.ts'
import type { DataServices } from '../../domain/data/data-services.ts'
import { planDataset } from '../../domain/data/dataset-plan.ts'
import { datasetVersion, filesOf } from '../../domain/data/dataset-reader.ts'

const newestRows = 200
const stopCount = 4

/**
 * Moments among the newest rows of the models' datasets, ascending: online features are kept for the present and little before it, so rows
 * are asked for while they are new.
 */
export async function clockStops(definition: Definition, data: DataServices): Promise<number[]> {
  const times: number[] = []
  for (const name of new Set(definition.models.map((model) => model.dataset))) {
    const dataset = definition.datasets.find((each) => each.name === name)
    const { time } = dataset ? planDataset(dataset) : { time: null }
    const known = await data.metadata.get('dataset', name)
    if (!time || !known || known.version === 0) continue
    const version = await datasetVersion(data.metadata, name)
    const newest = version.batches.toSorted((a, b) => (b.to ?? 0) - (a.to ?? 0)).slice(0, 2)
    const files = await filesOf(data, { ...version, batches: newest })
    const rows = await data.tables.read(files, { columns: [{ name: time, type: 'time' }] })
    const vector = rows.columns.get(time)
    if (vector?.kind === 'number') {
      const sorted = [...vector.values].filter((at) => Number.isFinite(at)).sort((a, b) => a - b)
      times.push(...sorted.slice(-newestRows))
    }
  }
  times.sort((a, b) => a - b)
  if (times.length === 0) return []
  const last = times.length - 1
  const stops = Array.from({ length: stopCount }, (_, place) => times[Math.floor((last * (place + 1)) / stopCount)]!)
  return [...new Set(stops)]
}
