import { useQuery } from '@tanstack/react-query'
import type { Answer } from '../api.ts'
import { Panel } from '../components/panel.tsx'
import { Screen } from '../components/screen.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { reading } from '../queries.ts'
import { CommitsPanel } from './commits-panel.tsx'
import { DriftPanel } from './drift-panel.tsx'
import { PackagesPanel } from './packages-panel.tsx'
import { ReproductionsPanel } from './reproductions-panel.tsx'
import { UpgradesPanel } from './upgrades-panel.tsx'
import { WaitingPanel } from './waiting-panel.tsx'

const upgradesShown = 10

export type DeliveryState = Answer<'delivery'>

/** What runs where, what waits for whom and why: packages as rows, environments as columns. */
export function Delivery() {
  const { data, error, isPending, refetch } = useQuery({ ...reading('delivery'), refetchInterval: 15_000 })
  const commits = useQuery({ ...reading('ciRuns'), refetchInterval: 15_000 })
  const reproductions = useQuery(reading('reproductions'))
  const upgrades = useQuery(reading('upgrades', { query: { limit: upgradesShown } }))
  return (
    <Screen
      title="Delivery"
      says="What runs where, what waits for whom and why: packages as rows, environments as columns."
      className="delivery"
    >
      {isPending || commits.isPending || reproductions.isPending || upgrades.isPending ? (
        // All of it at once: a part that comes later would push the others aside.
        <Panel title="Delivery">
          <Loading what="packages and environments" />
        </Panel>
      ) : (
        <>
          {!data ? (
            <Panel title="Delivery">
              <ErrorState error={error} retry={() => void refetch()} />
            </Panel>
          ) : data.packages.length === 0 ? (
            <Panel title="Packages">
              <EmptyState command="npx millwright ci --package .">
                There is no package here yet: check the project, which makes one, and bring it.
              </EmptyState>
            </Panel>
          ) : (
            <>
              <PackagesPanel delivery={data} />
              <WaitingPanel delivery={data} />
            </>
          )}
          {data && <DriftPanel drift={data.drift} />}
          <CommitsPanel commits={commits} />
          <ReproductionsPanel reproductions={reproductions} />
          <UpgradesPanel
            upgrades={upgrades}
            here={data ? new Set(data.packages.map((each) => each.package.id)) : null}
          />
        </>
      )}
    </Screen>
  )
}
