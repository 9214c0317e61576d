import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useCallback } from 'react'
import type { Answer } from '../api.ts'
import { useProjectTime } from '../clock.ts'
import { Panel } from '../components/panel.tsx'
import { Hash, Ref } from '../components/ref.tsx'
import { Facts, Screen, Tabs } from '../components/screen.tsx'
import { ErrorState, Loading } from '../components/states.tsx'
import { When } from '../components/when.tsx'
import { count } from '../format.ts'
import { reading } from '../queries.ts'
import { BatchesPanel } from './batches-panel.tsx'
import { ColumnsPanel } from './columns-panel.tsx'
import type { DatasetSearch } from './dataset-search.ts'
import { expectationWords } from './expectation-words.ts'
import { VersionsPanel } from './versions-panel.tsx'

const route = getRouteApi('/data/$dataset')
type DatasetState = Answer<'dataset'>

function sourceWords({ source, time }: DatasetState['definition']): string {
  if (!source) return 'rows are pushed'
  const parts = source.partition ? `, a batch a ${source.partition.every} by ${source.partition.by}` : ''
  return `${source.path} (${source.format}${parts})${time ? ', and rows that are pushed' : ''}`
}

function Summary({ state, now }: { state: DatasetState; now: number }) {
  const { definition, version, consumers } = state
  return (
    <div className="columns">
      <Panel title="State" says={definition.description ?? 'The newest version, and where its rows come from.'}>
        <Facts
          facts={[
            ['Newest version', version ? `${version.id}` : 'none yet'],
            ['Rows', count(version?.rows ?? 0)],
            [
              'Rows until',
              version?.to ? (
                <When key="to" time={version.to} now={now} />
              ) : definition.time ? (
                'none yet'
              ) : (
                'a list, without time'
              ),
            ],
            ['Made', version ? <When key="made" time={version.time} now={now} recordedAt={version.recordedAt} /> : '–'],
            ['Content', <Hash key="hash" value={version?.hash ?? null} />],
            ['Source', sourceWords(definition)],
          ]}
        />
      </Panel>
      <Panel title="Used by" says="What reads this dataset, or waits for its rows.">
        {consumers.length === 0 ? (
          <p className="muted">Nothing reads it.</p>
        ) : (
          <ul className="said">
            {consumers.map(({ subject, does }) => (
              <li key={subject}>
                <span className="muted">{subject.slice(0, subject.indexOf(':')).replace('-', ' ')}</span>{' '}
                <Ref to={subject} /> {does}
              </li>
            ))}
          </ul>
        )}
      </Panel>
    </div>
  )
}

/** What is asked of every batch. */
function Expectations({ expectations }: { expectations: DatasetState['definition']['expectations'] }) {
  return (
    <Panel title="Expectations" says="What a batch must be like; what breaks one is kept out, or told.">
      {expectations.length === 0 ? (
        <p className="muted">None is stated: types, keys and what was learnt from earlier batches are checked.</p>
      ) : (
        <ul className="said">
          {expectations.map((expectation) => (
            <li key={JSON.stringify(expectation)}>{expectationWords(expectation)}</li>
          ))}
        </ul>
      )}
    </Panel>
  )
}

/** One dataset: what came, what it is like, and which versions there are. */
export function Dataset() {
  const { dataset } = route.useParams()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const now = useProjectTime()?.now ?? Date.now()
  const { data, error, refetch } = useQuery(reading('dataset', { params: { dataset } }))
  const tab = search.tab ?? 'batches'
  const keep = useCallback(
    (change: DatasetSearch): void =>
      void navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false }),
    [navigate],
  )
  return (
    <Screen
      title={dataset}
      says="What came, what became of it, what the columns are like, and which versions there are."
      crumbs={[{ title: 'Data', path: '/data' }]}
      className="data-screen"
    >
      {error && !data ? (
        <Panel title="Dataset">
          <ErrorState error={error} retry={() => void refetch()} />
        </Panel>
      ) : !data ? (
        <Panel title="Dataset" className="dataset-waits">
          <Loading what="the dataset" />
        </Panel>
      ) : (
        <>
          <Summary state={data} now={now} />
          <Tabs
            label="Parts of the dataset"
            current={tab}
            onPick={(id) => keep({ tab: id })}
            tabs={[
              { id: 'batches', title: 'Batches' },
              { id: 'columns', title: 'Columns', count: data.definition.columns.filter(({ raw }) => !raw).length },
              { id: 'expectations', title: 'Expectations', count: data.definition.expectations.length },
              { id: 'versions', title: 'Versions', count: data.version?.number ?? 0 },
            ]}
          />
          {tab === 'batches' && <BatchesPanel dataset={dataset} now={now} search={search} keep={keep} />}
          {tab === 'columns' && <ColumnsPanel state={data} search={search} keep={keep} now={now} />}
          {tab === 'expectations' && <Expectations expectations={data.definition.expectations} />}
          {tab === 'versions' && <VersionsPanel state={data} search={search} keep={keep} now={now} />}
        </>
      )}
    </Screen>
  )
}
