import { MillwrightError } from '../../base/errors.ts'
import type { Definition } from '../../contract/definition.ts'
import { checkSettings, resolveEnvironment } from '../../contract/environment.ts'

/**
 * Checks the names and settings that environments state.
 *
 * @throws `invalid-definition` with the place and the mend.
 */
export function checkEnvironmentNames(definition: Definition): void {
  const { environments, datasets, pipelines, settings } = definition
  const known = (names: readonly { name: string }[], name: string, field: string, kind: string): void => {
    if (names.some((each) => each.name === name)) return
    throw new MillwrightError('invalid-definition', `there is no ${kind} "${name}"`, {
      field,
      hint: `There are: ${names.map((each) => each.name).join(', ') || 'none'}. Mend the name.`,
    })
  }
  environments.forEach((environment, place) => {
    const at = `environments.${place}`
    const { name, needs } = environment
    if (environments.findIndex((each) => each.name === name) !== place)
      throw new MillwrightError('invalid-definition', `there are two environments named "${name}"`, {
        field: `${at}.name`,
        hint: 'Give one of them another name.',
      })
    resolveEnvironment(definition, name)
    checkSettings(settings, environment.settings ?? {}, `${at}.settings`)
    for (const dataset of Object.keys(environment.sources ?? {})) known(datasets, dataset, `${at}.sources`, 'dataset')
    const green = needs?.greenRuns
    if (!green) return
    known(environments, green.in, `${at}.needs.greenRuns.in`, 'environment')
    for (const pipeline of green.of ?? []) known(pipelines, pipeline, `${at}.needs.greenRuns.of`, 'pipeline')
    if (!environments.find((each) => each.name === green.in)?.address)
      throw new MillwrightError('invalid-definition', `environment "${green.in}" has no address to ask for its runs`, {
        field: `${at}.needs.greenRuns.in`,
        hint: `Say \`address\` of ${green.in}.`,
      })
  })
}
