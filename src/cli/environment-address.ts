import { MillwrightError } from '../base/errors.ts'
import type { Definition } from '../contract/definition.ts'
import { resolveEnvironment } from '../contract/environment.ts'
import { type Client, createClient } from '../sdk/client.ts'
import { findProject, loadProject } from '../sdk/project-file.ts'
import { connect, tokenFromHere } from './connection.ts'

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

/**
 * The control plane of an environment, by the project of this folder, or by what the control plane at `server` has in force. Its token is in
 * `MILLWRIGHT_TOKEN_<NAME>`, or in `MILLWRIGHT_TOKEN`.
 */
export async function connectTo(environment: string, server: string): Promise<Client> {
  const folder = findProject('.')
  const definition = folder
    ? (await loadProject(folder)).definition
    : (await connect({ server }).project()).applied?.definition
  if (!definition)
    throw new MillwrightError('not-found', `nobody says where "${environment}" is`, {
      hint: 'Go to the folder of the project, or name a control plane with --server.',
    })
  const token = process.env[`MILLWRIGHT_TOKEN_${environment.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`]
  return createClient(addressOf(definition, environment), token ? { token } : tokenFromHere())
}
