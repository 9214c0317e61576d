import { useQuery } from '@tanstack/react-query'
import { useProjectTime } from '../clock.ts'
import { LoopDiagram } from '../components/loop-diagram.tsx'
import { Panel } from '../components/panel.tsx'
import { ErrorState, Loading } from '../components/states.tsx'
import { reading } from '../queries.ts'
import type { StageState } from '../stages.ts'
import { Attention } from './attention.tsx'
import { Brief } from './brief.tsx'
import { EndpointsPanel } from './endpoints-panel.tsx'
import { QualityPanel } from './quality-panel.tsx'
import { TimelinePanel } from './timeline-panel.tsx'

const noStages: StageState[] = []

/** Whether all is well, and what just happened: the whole loop at one glance. */
export function Overview() {
  const overview = useQuery(reading('overview'))
  const project = useQuery(reading('project'))
  const now = useProjectTime()?.now ?? overview.data?.now ?? Date.now()
  const endpoints = project.data?.applied?.definition.endpoints.map(({ name }) => name) ?? []
  return (
    <div className="overview">
      <h1 className="visually-hidden">Overview</h1>
      <Panel
        title="The loop"
        says="From data to answers and back: each stage as it stands, moving as events arrive."
        className="loop-panel"
      >
        {overview.error && !overview.data && (
          <ErrorState error={overview.error} retry={() => void overview.refetch()} />
        )}
        <Attention stages={overview.data?.stages ?? noStages} now={now} />
        <LoopDiagram
          stages={overview.data?.stages ?? noStages}
          now={now}
          aside={
            project.data ? (
              <Brief project={project.data} />
            ) : project.error ? (
              <ErrorState error={project.error} retry={() => void project.refetch()} />
            ) : (
              <Loading what="the project" />
            )
          }
        />
      </Panel>
      <TimelinePanel now={now} />
      <div className="beside">
        <QualityPanel endpoints={endpoints} />
        <EndpointsPanel />
      </div>
    </div>
  )
}
