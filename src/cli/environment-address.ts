import { MillwrightError } from '../base/errors.ts'
import type { Definition } from '../contract/definition.ts'
import { resolveEnvironment } from '../contract/environment.ts'

/**
 * Where the control plane of an environment is.
 *
 * @throws `invalid-definition` for an unknown one, `not-found` for one without an address.
 */
export function addressOf(definition: Definition, environment: string): string {
  const { address } = resolveEnvironment(definition, environment)
  if (address === null)
    throw new MillwrightError('not-found', `environment "${environment}" has no address`, {
      field: 'environments',
      hint: 'Say `address` in the definition, or name the control plane with --server.',
    })
  return address
}
