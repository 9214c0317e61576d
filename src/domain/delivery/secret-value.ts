import { readFile } from 'node:fs/promises'
import { MillwrightError, messageOf } from '../../base/errors.ts'
import type { SecretReference } from '../../contract/environment.ts'

/** The value that a reference stands for on this machine. @throws `not-found` naming secret and reference. */
export async function secretValue(name: string, reference: SecretReference): Promise<string> {
  const missing = (why: string): never => {
    throw new MillwrightError('not-found', `the secret ${name} is not there: ${why}`, {
      field: `secrets.${name}`,
      hint: 'Set it where the step runs, and try again.',
    })
  }
  if ('env' in reference) return process.env[reference.env] ?? missing(`the variable ${reference.env} is not set`)
  return (await readFile(reference.file, 'utf8').catch((error) => missing(messageOf(error)))).trimEnd()
}
