import type { Consumer } from '../../contract/data.ts'
import type { Definition } from '../../contract/definition.ts'

/** What of a definition is given values of a feature view. */
export function consumersOfView(definition: Definition, view: string): Consumer[] {
  return definition.models.flatMap((model) => {
    const inputs = model.inputs.filter(({ from }) => from.kind === 'feature' && from.view === view)
    if (inputs.length === 0) return []
    const answers = definition.endpoints
      .filter((endpoint) => endpoint.model === model.name)
      .map(({ name }) => ({ subject: `endpoint:${name}`, does: `answers with ${model.name}` }))
    const counted = inputs.length === 1 ? 'one of its inputs' : `${inputs.length} of its inputs`
    return [{ subject: `model:${model.name}`, does: `takes ${counted} from it` }, ...answers]
  })
}
