import { MillwrightError } from '../../base/errors.ts'
import { canonicalJson, hashOf } from '../../base/hash.ts'
import type { Definition } from '../../contract/definition.ts'
import type { DefinitionRecord } from '../../contract/project.ts'
import type { RecordReader } from '../../ports/metadata.ts'

/** The definition in force with one feature view as it was before. */
export interface ViewRollback {
  definition: Definition
  /** The definition that the view is taken from. */
  to: string
  /** What reads the view, and what becomes of that. */
  depends: string[]
}

/**
 * Finds the newest definition that was in force here and had the view otherwise, and puts that view into the one in force.
 *
 * @throws `not-found` without such a view, `conflict` when it was never otherwise.
 */
export async function planViewRollback(
  records: RecordReader,
  inForce: DefinitionRecord,
  view: string,
): Promise<ViewRollback> {
  const viewOf = (definition: Definition) => definition.featureViews.find(({ name }) => name === view)
  const current = viewOf(inForce.definition)
  if (!current)
    throw new MillwrightError('not-found', `the project has no feature view "${view}"`, {
      hint: `There are: ${inForce.definition.featureViews.map(({ name }) => name).join(', ') || 'none'}.`,
    })
  const earlier = await records.find('definition', { orderBy: { field: 'appliedAt', direction: 'desc' } })
  const found = earlier.find(({ id, definition }) => {
    const other = viewOf(definition)
    return id !== inForce.id && other !== undefined && canonicalJson(other) !== canonicalJson(current)
  })
  if (!found)
    throw new MillwrightError('conflict', `feature view "${view}" was never otherwise here`, {
      hint: 'Change it in the definition instead.',
    })
  const definition: Definition = {
    ...inForce.definition,
    featureViews: inForce.definition.featureViews.map((each) =>
      each.name === view ? viewOf(found.definition)! : each,
    ),
  }
  return { definition, to: found.id, depends: await readersOf(records, inForce, view) }
}

/** @returns the hash of a package's own definition when another one is in force with its code. */
export async function definitionDiffers(records: RecordReader, inForce: DefinitionRecord): Promise<string | null> {
  if (inForce.origin !== 'package' || inForce.packageHash === null) return null
  const record = await records.get('package', inForce.packageHash)
  return record && record.definitionHash !== hashOf(inForce.definition) ? record.definitionHash : null
}

async function readersOf(records: RecordReader, inForce: DefinitionRecord, view: string): Promise<string[]> {
  const depends: string[] = []
  for (const model of inForce.definition.models) {
    if (!model.inputs.some(({ from }) => from.kind === 'feature' && from.view === view)) continue
    depends.push(`model ${model.name} reads ${view}: it is to be trained again with the view as it will be`)
    for (const endpoint of inForce.definition.endpoints.filter((each) => each.model === model.name)) {
      const serving = (await records.get('endpoint', endpoint.name))?.serving
      if (serving)
        depends.push(
          `endpoint ${endpoint.name} answers with ${serving}, which was trained with the view as it is now and keeps it so until a version that is trained again takes its place`,
        )
    }
  }
  return depends
}
