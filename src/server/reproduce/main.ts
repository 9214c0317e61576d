import { hostname } from 'node:os'
import { MillwrightError } from '../../base/errors.ts'
import { hashOf } from '../../base/hash.ts'
import type { ReproductionReport } from '../../contract/reproduction.ts'
import { readPackage } from '../../domain/delivery/package-file.ts'
import type { Client } from '../../sdk/client.ts'
import type { GivenInputs } from './install-inputs.ts'
import { type MakeAgainOptions, makeAgain } from './make-again.ts'

const bytesOf = async (response: unknown): Promise<Uint8Array> =>
  new Uint8Array(await (response as Response).arrayBuffer())

/**
 * Everything a run was made from, from a control plane on this machine or another.
 *
 * @throws `not-found`, `conflict` for a run of no package, `package-altered` and `corrupt-blob` for what is not what its hash names.
 */
export async function fetchInputs(client: Client, run: string): Promise<GivenInputs> {
  const inputs = await client.runInputs({ params: { run } })
  const altered = (what: string): MillwrightError =>
    new MillwrightError('corrupt-blob', `the ${what} of the run is not the one that its hash names`)
  if (hashOf(inputs.definition) !== inputs.run.definitionHash) throw altered('definition')
  if (hashOf(inputs.pipeline) !== inputs.run.pipelineHash) throw altered('pipeline')
  const packageHash = inputs.run.packageHash!
  const packed = readPackage(await bytesOf(await client.packageFile({ params: { package: packageHash } })))
  if (packed.hash !== packageHash)
    throw new MillwrightError('package-altered', `the package of the run is ${packed.hash}, not ${packageHash}`)
  return {
    inputs,
    package: packed,
    blob: async (hash) => bytesOf(await client.artifact({ params: { hash } })),
  }
}

/** Makes a run of a control plane again, and has the report kept there. */
export async function reproduce(
  client: Client,
  run: string,
  { by, ...options }: MakeAgainOptions & { by: string },
): Promise<{ report: ReproductionReport; home: string | null }> {
  const given = await fetchInputs(client, run)
  const made = await makeAgain(given.inputs, given, options)
  await client.keepReproduction({ params: { run }, body: { report: made.report, actor: by, machine: hostname() } })
  return made
}
