import { canonicalJson } from '../../base/hash.ts'
import type { Definition } from '../../contract/definition.ts'
import { isRunOver, runStates } from '../../contract/states.ts'
import type { RecordReader } from '../../ports/metadata.ts'
import { planNamedView } from './feature-view.ts'

/** What states feature views. */
export type ViewSource = Pick<Definition, 'featureViews' | 'datasets' | 'entities'>

const underWay = runStates.filter((state) => !isRunOver(state))

/**
 * The definitions whose views must be kept up: the one in force, and those by which registered versions were trained, or are being trained now. A
 * version that answers, or is gone back to, finds its features as it learnt them, however its views are stated since.
 *
 * A view of an older definition is left out when the data no longer gives it: a column that it reads is gone, or is made otherwise.
 */
export async function viewSources(records: RecordReader, inForce: Definition): Promise<ViewSource[]> {
  const versions = await records.find('model_version', { where: { state: ['candidate', 'registered'] } })
  const runs = await records.find('run', { where: { state: underWay } })
  const hashes = new Set([...versions, ...runs].flatMap(({ definitionHash }) => definitionHash ?? []))
  const sources: ViewSource[] = [inForce]
  for (const hash of hashes) {
    const record = await records.get('definition', hash)
    if (!record || record.definition.name !== inForce.name) continue
    const { datasets, entities, featureViews } = record.definition
    const given = featureViews.filter((view) => isGiven(record.definition, view.name, inForce))
    sources.push({ datasets, entities, featureViews: given })
  }
  return sources
}

/** Whether rows of the present datasets hold what the view reads, made as it was then. */
function isGiven(then: Definition, view: string, now: Definition): boolean {
  const { columns, dataset } = planNamedView(then, view)
  const present = now.datasets.find((each) => each.name === dataset.dataset.name)
  if (present === undefined) return false
  const made = ({ columns }: Definition['datasets'][number]): string =>
    canonicalJson(columns.filter((column) => column.derived !== undefined))
  if (made(present) !== made(dataset.dataset)) return false
  return columns.every(({ name, type }) =>
    present.columns.some((column) => column.name === name && column.type === type),
  )
}
