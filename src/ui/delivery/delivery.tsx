import { useQuery } from '@tanstack/react-query'
import type { Answer } from '../api.ts'
import { Panel } from '../components/panel.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { reading } from '../queries.ts'
import { CommitsPanel } from './commits-panel.tsx'
import { DriftPanel } from './drift-panel.tsx'
import { PackagesPanel } from './packages-panel.tsx'
import { ReproductionsPanel } from './reproductions-panel.tsx'
import { WaitingPanel } from './waiting-panel.tsx'

export type DeliveryState = Answer<'delivery'>

/** What runs where, what waits for whom and why: packages as rows, environments as columns. */
export function Delivery() {
  const { data, error, refetch } = useQuery({ ...reading('delivery'), refetchInterval: 15_000 })
  return (
    <div className="delivery">
      <h1 className="visually-hidden">Delivery</h1>
      {error && !data ? (
        <Panel title="Delivery">
          <ErrorState error={error} retry={() => void refetch()} />
        </Panel>
      ) : !data ? (
        <Panel title="Delivery">
          <Loading what="packages and environments" />
        </Panel>
      ) : (
        <>
          {data.packages.length === 0 ? (
            <Panel title="Packages">
              <EmptyState command="npx millwright ci --package .">
                There is no package here yet: check the project, which makes one, and bring it.
              </EmptyState>
            </Panel>
          ) : (
            <PackagesPanel delivery={data} />
          )}
          <WaitingPanel delivery={data} />
          <DriftPanel drift={data.drift} />
        </>
      )}
      <CommitsPanel />
      <ReproductionsPanel />
    </div>
  )
}
