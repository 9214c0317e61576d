import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Suspense } from 'react'
import type { PredictionRecord } from '../../contract/serving.ts'
import { useProjectTime } from '../clock.ts'
import { Lineage } from '../components/lineage.tsx'
import { Panel } from '../components/panel.tsx'
import { Ref } from '../components/ref.tsx'
import { Facts, Screen } from '../components/screen.tsx'
import { ErrorState, Loading } from '../components/states.tsx'
import { When } from '../components/when.tsx'
import { latencyWord } from '../endpoints/latency-word.ts'
import { scoreWord } from '../endpoints/traffic-panels.tsx'
import { duration } from '../format.ts'
import { reading } from '../queries.ts'
import { absoluteTime } from '../time.ts'
import { BehindPanel } from './behind-panel.tsx'
import { InputsTable } from './inputs-table.tsx'

const route = getRouteApi('/predictions/$id')

/** A label as the answer says it: of a yes or no, true or false. */
const labelWord = (label: string | number, { output }: PredictionRecord): string =>
  typeof output === 'boolean' && (label === 0 || label === 1) ? String(label === 1) : String(label)

/** One prediction: what was asked and answered, what came true, and everything that made it. */
export function Prediction() {
  const { id } = route.useParams()
  const { data, error, refetch } = useQuery({ ...reading('lineage', { params: { id } }), refetchInterval: 15_000 })
  const now = useProjectTime()?.now ?? Date.now()
  const record = data?.record as unknown as PredictionRecord | undefined
  return (
    <Screen
      title={record?.key ?? id}
      says={
        record ? (
          <>
            Prediction {id}: {record.error === null ? String(record.output) : 'it failed'}, answered by{' '}
            <Ref to={`model-version:${record.version}`} /> at <Ref to={`endpoint:${record.endpoint}`} />{' '}
            <When time={record.time} now={now} />.
          </>
        ) : (
          'One prediction, back to everything that made it.'
        )
      }
      crumbs={[
        { title: 'Endpoints', path: '/endpoints' },
        ...(record ? [{ title: record.endpoint, path: `/endpoints/${record.endpoint}` }] : []),
      ]}
      className="prediction"
    >
      {error && !data ? (
        <Panel title="Prediction">
          <ErrorState error={error} retry={() => void refetch()} />
        </Panel>
      ) : !data || !record ? (
        <Panel title="Prediction" className="waits">
          <Loading what="the prediction" />
        </Panel>
      ) : (
        <Suspense
          fallback={
            <Panel title="Prediction" className="waits">
              <Loading what="the lineage" />
            </Panel>
          }
        >
          <Panel
            title="What made it"
            says="From the data and the code to the answer, and to what came true; each leads to where it is shown."
          >
            <Lineage graph={data.graph} label={`Lineage of ${id}`} current={`prediction:${id}`} />
          </Panel>
          <div className="columns">
            <Panel title="The answer" says="What was answered, when and by what, and what came true.">
              <Facts
                facts={[
                  ['Answer', record.error === null ? String(record.output) : `failed: ${record.error}`],
                  ['Score', scoreWord(record.score)],
                  [
                    'What came true',
                    data.label === null ? (
                      <span key="l" className="muted">
                        its label has not come
                      </span>
                    ) : (
                      <strong key="l">{labelWord(data.label, record)}</strong>
                    ),
                  ],
                  ['Key', record.key ?? 'none'],
                  [
                    'Answered',
                    <span key="t" className="numbers">
                      {absoluteTime(record.time)} UTC
                    </span>,
                  ],
                  [
                    'Event time',
                    <span key="e" className="numbers">
                      {absoluteTime(record.eventTime)} UTC
                    </span>,
                  ],
                  ['Version', <Ref key="v" to={`model-version:${record.version}`} />],
                  ['Role', record.role],
                  ['Took', latencyWord(record.latencyUs / 1000)],
                  ['Age of its features', record.featureAgeMs === null ? 'it has none' : duration(record.featureAgeMs)],
                  ['Request', record.requestId],
                ]}
              />
            </Panel>
            <BehindPanel lineage={data} />
          </div>
          <Panel
            title="What the model read"
            says="Every input as it was computed for this answer, and what of it was sent."
          >
            <InputsTable record={record} isAsSent={!data.graph.nodes.some(({ kind }) => kind === 'features')} />
          </Panel>
        </Suspense>
      )}
    </Screen>
  )
}
