import type { Answer } from '../api.ts'
import { Mark } from '../components/mark.tsx'
import { Ref } from '../components/ref.tsx'
import { percent } from '../format.ts'

export type EndpointState = Answer<'endpoints'>['endpoints'][number]

/** What answers at an endpoint now. */
export function Standing({ endpoint: { endpoint, deployments } }: { endpoint: EndpointState }) {
  const rolling = deployments.find(({ state }) => state === 'rolling')
  if (rolling)
    return (
      <span>
        <Mark name="working" /> <Ref to={`model-version:${rolling.version}`} /> takes {percent(rolling.share)}
        {endpoint.serving !== null && (
          <>
            {' '}
            beside <Ref to={`model-version:${endpoint.serving}`} />
          </>
        )}
      </span>
    )
  if (endpoint.serving === null)
    return (
      <span>
        <Mark name="idle" /> nothing yet
      </span>
    )
  return (
    <span>
      <Mark name="good" /> <Ref to={`model-version:${endpoint.serving}`} />
    </span>
  )
}
