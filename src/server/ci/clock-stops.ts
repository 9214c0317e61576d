import type { Definition } from '../../contract/definition.ts'
import type { DataServices } from '../../domain/data/data-services.ts'
import { planDataset } from '../../domain/data/dataset-plan.ts'
import { datasetVersion, filesOf } from '../../domain/data/dataset-reader.ts'

const hourMs = 3_600_000
const hoursBack = 12
const newestRows = 200
const stopCount = 4

/**
 * Moments among the newest rows of the models' datasets, ascending, the last that of the newest row: online features are kept for the present and
 * little before it, so rows are asked for while they are new.
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
      for (const at of vector.values) if (Number.isFinite(at)) times.push(at)
    }
  }
  return stopsAmong(times.sort((a, b) => a - b))
}

/** @param times ascending. */
function stopsAmong(times: readonly number[]): number[] {
  const newest = times.at(-1)
  if (newest === undefined) return []
  const hours = Array.from({ length: hoursBack }, (_, back) => {
    const end = newest - back * hourMs
    return { end, rows: times.filter((at) => at > end - hourMs && at <= end).length }
  })
  const [last, ...earlier] = hours
  const busiest = earlier.filter(({ rows }) => rows > 0).sort((a, b) => b.rows - a.rows || b.end - a.end)
  const picked = [last!, ...busiest.slice(0, stopCount - 1)]
  if (picked.reduce((sum, { rows }) => sum + rows, 0) >= 2 * stopCount)
    return picked.map(({ end }) => end).sort((a, b) => a - b)
  // Rows come too seldom for hours: the times of some of the newest.
  const few = times.slice(-newestRows)
  const at = Array.from(
    { length: stopCount },
    (_, place) => few[Math.floor(((few.length - 1) * (place + 1)) / stopCount)]!,
  )
  return [...new Set(at)]
}
