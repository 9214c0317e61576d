import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback } from 'react'
import { call } from '../api.ts'
import { useProjectTime } from '../clock.ts'
import { Action } from '../components/action.tsx'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Panel } from '../components/panel.tsx'
import { Ref } from '../components/ref.tsx'
import { Facts, Screen } from '../components/screen.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { When } from '../components/when.tsx'
import { reading } from '../queries.ts'
import { EntityPanel } from './entity-panel.tsx'
import { featureWords, windowWords } from './feature-words.ts'
import type { View } from './features.tsx'
import { SpreadsPanel } from './spreads-panel.tsx'
import type { ViewSearch } from './view-search.ts'

const route = getRouteApi('/features/$view')
type Feature = View['definition']['features'][number]

const columns: Column<Feature>[] = [
  { id: 'name', header: 'Feature', accessorFn: ({ name }) => name },
  {
    id: 'what',
    header: 'What it is',
    accessorFn: (feature) => `${featureWords(feature)}${feature.unit ? `, ${feature.unit}` : ''}`,
  },
  { id: 'window', header: 'Over', accessorFn: windowWords },
]

/** Puts the view back as an earlier definition had it. */
function GoBack({ view }: { view: string }) {
  const params = { view }
  const signs = { add: 'adds', change: 'changes', remove: 'removes' } as const
  return (
    <Action
      label="Go back"
      title={`Put ${view} back as it was before`}
      needs="operator"
      isGrave
      plan={async () => {
        const would = await call('rollbackFeatureView', { params, body: { dryRun: true } })
        return {
          says: `${view} becomes what it was in definition ${would.to.slice(0, 12)}.`,
          effects: [...would.changes.map(({ action, what }) => `${signs[action]} ${what}`), ...would.depends],
        }
      }}
      act={async (reason) => {
        const { to } = await call('rollbackFeatureView', { params, body: { reason } })
        return `${view} is as it was in definition ${to.slice(0, 12)}.`
      }}
    />
  )
}

function Definition({ view: { definition, until, consumers }, now }: { view: View; now: number }) {
  const { name, entity, dataset, by, knownAt, owner, features } = definition
  return (
    <>
      <div className="columns">
        <Panel title="State" says="What its values are made of, and until when it knows something.">
          <Facts
            facts={[
              ['Of each', `${entity}, as ${by} names it`],
              ['From', <Ref key="dataset" to={`dataset:${dataset}`} />],
              ['An event counts', `from its ${knownAt} on`],
              ['Knows until', until === null ? 'nothing yet' : <When key="until" time={until} now={now} />],
              ['Owner', owner ?? '–'],
            ]}
          />
        </Panel>
        <Panel title="Used by" says="Which models are given its values, and what answers with those.">
          {consumers.length === 0 ? (
            <p className="muted">Nothing is given its values.</p>
          ) : (
            <ul className="said">
              {consumers.map(({ subject, does }) => (
                <li key={subject}>
                  <span className="muted">{subject.slice(0, subject.indexOf(':'))}</span> <Ref to={subject} /> {does}
                </li>
              ))}
            </ul>
          )}
        </Panel>
      </div>
      <Panel title="Features" says={`What is known of one ${entity} at a time, from the events before it.`}>
        <DataTable
          rows={features}
          columns={columns}
          caption={`Features of ${name}`}
          rowId={(feature) => feature.name}
          height={320}
        />
      </Panel>
    </>
  )
}

/** One feature view: what it is, what it knows of an entity, and whether what models are given is what they learnt from. */
export function FeatureView() {
  const { view: name } = route.useParams()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const now = useProjectTime()?.now ?? Date.now()
  const { data, error, refetch } = useQuery({ ...reading('featureViews'), refetchInterval: 15_000 })
  const view = data?.views.find(({ definition }) => definition.name === name)
  const keep = useCallback(
    (change: ViewSearch): void =>
      void navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false }),
    [navigate],
  )
  return (
    <Screen
      title={name}
      says="What it knows of an entity, now or then, and whether models are given what they learnt from."
      crumbs={[{ title: 'Features', path: '/features' }]}
      actions={view && <GoBack view={name} />}
      className="features-screen"
    >
      {error && !data ? (
        <Panel title="Feature view">
          <ErrorState error={error} retry={() => void refetch()} />
        </Panel>
      ) : !data ? (
        <Panel title="Feature view" className="view-waits">
          <Loading what="the feature view" />
        </Panel>
      ) : !view ? (
        <Panel title="Feature view">
          <EmptyState>{`The definition in force has no feature view ${name}: it was taken out, or never there.`}</EmptyState>
        </Panel>
      ) : (
        <>
          <Definition view={view} now={now} />
          <EntityPanel view={view} now={now} search={search} keep={keep} />
          <SpreadsPanel view={name} search={search} keep={keep} />
        </>
      )}
    </Screen>
  )
}
