import { messageOf } from '../base/errors.ts'
import type { Definition } from '../contract/definition.ts'
import type { DeliveryColumn, Evidence } from '../contract/delivery.ts'
import { type Client, createClient } from '../sdk/client.ts'

/** Somebody waits for the answer at a screen. */
const answerLimitMs = 2500

/** A control plane of another environment; its token is in `MILLWRIGHT_TOKEN_<NAME>`. */
function clientOf(environment: string, address: string): Client {
  const token = process.env[`MILLWRIGHT_TOKEN_${environment.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`]
  return createClient(address, {
    ...(token ? { token } : {}),
    // Another address than the one in the rules vouches for nothing.
    fetch: (input, init) => fetch(input, { ...init, redirect: 'error', signal: AbortSignal.timeout(answerLimitMs) }),
  })
}

/** What an environment says of a package; a sentence when it cannot be had. */
export async function askEvidence(environment: string, address: string, hash: string): Promise<Evidence | string> {
  try {
    const evidence = await clientOf(environment, address).packageEvidence({ params: { package: hash } })
    return evidence.package === hash ? evidence : `${address} answers for another package`
  } catch (error) {
    return messageOf(error)
  }
}

/** The columns of the other environments of a definition; one that does not answer says why. */
export function otherColumns(definition: Definition, here: string | null): Promise<DeliveryColumn[]> {
  const others = definition.environments.filter(({ name }) => name !== here)
  return Promise.all(
    others.map(async ({ name, address = null }): Promise<DeliveryColumn> => {
      const silent = (unreachable: string): DeliveryColumn => ({
        environment: name,
        address,
        here: false,
        unreachable,
        inForce: null,
        since: null,
        by: null,
        packages: {},
      })
      if (address === null) return silent('the definition states no address for it')
      try {
        const { environments } = await clientOf(name, address).delivery({ query: { others: 'false' } })
        const own = environments[0]
        if (own?.environment !== name) return silent(`${address} is ${own?.environment ?? 'no environment'}`)
        return { ...own, here: false, address }
      } catch (error) {
        return silent(messageOf(error))
      }
    }),
  )
}
