import { useQuery } from '@tanstack/react-query'
import type { ModelVersionRecord } from '../../contract/model.ts'
import { DeployAction } from '../endpoints/deploy-action.tsx'
import { reading } from '../queries.ts'
import { AliasAction } from './alias-action.tsx'

/** For each endpoint of the model, and a name for it. Only what was registered may get traffic, or be named. */
export function VersionActions({ version }: { version: ModelVersionRecord }) {
  const { data } = useQuery(reading('endpoints'))
  if (version.state !== 'registered') return null
  const rollouts = data?.endpoints
    .filter(({ endpoint }) => endpoint.definition.model === version.model)
    .flatMap(({ endpoint, deployments }) => {
      const isRolling = deployments.some((each) => each.state === 'rolling' && each.version === version.id)
      if (endpoint.serving === version.id || isRolling) return []
      const served = deployments.some(({ previous }) => previous === version.id)
      return [
        ...(served
          ? [<DeployAction key={`${endpoint.id} back`} endpoint={endpoint.id} version={version.id} isBack />]
          : []),
        <DeployAction key={endpoint.id} endpoint={endpoint.id} version={version.id} isBack={false} />,
      ]
    })
  return (
    <>
      {rollouts}
      <AliasAction version={version} />
    </>
  )
}
