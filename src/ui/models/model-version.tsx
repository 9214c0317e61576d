import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { Suspense } from 'react'
import type { ModelVersionRecord, SignatureField } from '../../contract/model.ts'
import { useProjectTime } from '../clock.ts'
import { Choice } from '../components/choice.tsx'
import { Lineage } from '../components/lineage.tsx'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { Hash, Ref } from '../components/ref.tsx'
import { Facts, Screen, Tabs } from '../components/screen.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { When } from '../components/when.tsx'
import { count, figure } from '../format.ts'
import { metricWord } from '../measurements/metric-words.ts'
import { reading } from '../queries.ts'
import { absoluteTime } from '../time.ts'
import { CalibrationFigure } from './calibration-figure.tsx'
import { GatesPanel } from './gates-panel.tsx'
import { ImportanceFigure } from './importance-figure.tsx'
import { MetricsPanel } from './metrics-panel.tsx'
import { ModelCard } from './model-card.tsx'
import { SegmentsFigure } from './segments-figure.tsx'
import { stateIcons } from './state-icons.ts'
import { isTracked, LoggedDataOf, TrackedRunOf } from './tracked-source.tsx'
import { VersionActions } from './version-actions.tsx'

const route = getRouteApi('/models/$model/$number')
const tabs = [
  { id: 'evidence', title: 'Evidence' },
  { id: 'lineage', title: 'Lineage' },
  { id: 'card', title: 'Card' },
] as const

const fieldsSaid = (fields: readonly SignatureField[]): string =>
  fields.map(({ name, datatype }) => `${name} (${datatype})`).join(', ') || 'not said'

function Made({ version, now }: { version: ModelVersionRecord; now: number }) {
  return (
    <Panel title="How it was made" says="Everything that decides its answers, each with where it comes from.">
      <Facts
        facts={[
          ['State', version.state],
          ['Made', <When key="made" time={version.time} now={now} recordedAt={version.recordedAt} />],
          ['By', <Ref key="by" to={version.madeBy} />],
          [
            'Run',
            isTracked(version) ? (
              <TrackedRunOf key="run" version={version} />
            ) : version.runId === null ? (
              'none: it came as a file'
            ) : (
              <Ref key="run" to={`run:${version.runId}`} />
            ),
          ],
          ...(version.source ? ([['Registered from', <code key="source">{version.source.uri}</code>]] as const) : []),
          isTracked(version)
            ? ['Data that it logged', <LoggedDataOf key="logged" version={version} />]
            : [
                'Trained on',
                version.datasetVersion === null ? (
                  'not known'
                ) : (
                  <span key="data">
                    <Ref to={`dataset:${version.datasetVersion.split('@')[0]}`}>{version.datasetVersion}</Ref>
                    {version.trainedRows !== null && `, ${count(version.trainedRows)} rows`}
                  </span>
                ),
              ],
          [
            'Labels known by',
            version.trainedUntil === null ? (
              'not known'
            ) : (
              <span key="until" className="numbers">
                {absoluteTime(version.trainedUntil)} UTC
              </span>
            ),
          ],
          [
            'In production then',
            version.previous === null ? 'nothing' : <Ref key="previous" to={`model-version:${version.previous}`} />,
          ],
          [
            'Definition',
            <Hash
              key="definition"
              value={version.definitionHash}
              {...(version.definitionHash ? { to: `definition:${version.definitionHash}` } : {})}
            />,
          ],
          ['Version hash', <Hash key="hash" value={version.hash} />],
          ['Task', version.task ?? 'not said'],
          // Above which a score is a yes: of another task, and of one that nobody knows, it says nothing.
          ...(version.task === 'binary' ? ([['Threshold', figure(version.threshold)]] as const) : []),
          ['A request has', fieldsSaid(version.signature.request)],
          ['An answer has', fieldsSaid(version.signature.outputs)],
        ]}
      />
    </Panel>
  )
}

function Evidence({ version, now }: { version: ModelVersionRecord; now: number }) {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const keep = (change: Partial<typeof search>) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false })
  const { evaluation } = version
  // Where it failed is what one comes for.
  const failedAt = version.verdicts.find(({ passed, segment }) => !passed && segment !== null)?.segment?.split(' = ')[0]
  const metrics = Object.keys(evaluation?.candidate ?? {})
  const metric = search.metric ?? (metrics.includes('auc') ? 'auc' : (metrics[0] ?? ''))
  return (
    <>
      <GatesPanel version={version} />
      {evaluation ? (
        <>
          <MetricsPanel evaluation={evaluation} />
          <div className="columns">
            <div className="stack">
              <div className="actions">
                <Choice
                  label="Metric by segment"
                  value={metric}
                  values={metrics}
                  words={metricWord}
                  choose={(to) => keep({ metric: to })}
                />
              </div>
              <SegmentsFigure
                evaluation={evaluation}
                metric={metric}
                segment={search.segment ?? failedAt}
                choose={(segment) => keep({ segment })}
              />
              <CalibrationFigure calibration={evaluation.calibration} />
            </div>
            <ImportanceFigure importance={version.importance} />
          </div>
        </>
      ) : (
        <Panel title="How good it is">
          <EmptyState>
            {`${version.source ? 'A script registered it' : 'It came as a file'}, and it was judged on no test set here: a quality monitor measures it as it serves.`}
          </EmptyState>
        </Panel>
      )}
      <Made version={version} now={now} />
    </>
  )
}

function LineagePanel({ model, number, id }: { model: string; number: string; id: string }) {
  const { data, error, refetch } = useQuery(reading('versionLineage', { params: { model, version: number } }))
  return (
    <Panel
      title="Lineage"
      says="What it was made from on the one side; which endpoints gave its answers, and what was held against it, on the other."
    >
      {error && !data ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Loading what="the lineage" />
      ) : (
        <Suspense fallback={<Loading what="the lineage" />}>
          <Lineage graph={data} label={`Lineage of ${id}`} current={`model-version:${id}`} />
        </Suspense>
      )}
    </Panel>
  )
}

/** One version: whether it proved itself and where not, what it came from, and what may be done with it. */
export function ModelVersion() {
  const { model, number } = route.useParams()
  const search = route.useSearch()
  const tab = tabs.find(({ id }) => id === search.tab)?.id ?? 'evidence'
  const navigate = route.useNavigate()
  const { data, error, refetch } = useQuery(reading('modelVersion', { params: { model, version: number } }))
  const now = useProjectTime()?.now ?? Date.now()
  const version = data?.version
  const failed = version?.verdicts.filter(({ passed }) => !passed) ?? []
  return (
    <Screen
      title={
        version ? (
          <>
            <Mark name={stateIcons[version.state]} /> {version.id}
          </>
        ) : (
          `${model}@${number}`
        )
      }
      says={
        !version
          ? 'One version of a model.'
          : failed.length > 0
            ? `Refused: ${failed.map(({ message }) => message).join('; ')}.`
            : version.verdicts.length > 0
              ? `Registered: it passed all of its ${version.verdicts.length} gates.`
              : 'Registered; it had to prove nothing.'
      }
      crumbs={[
        { title: 'Models', path: '/models' },
        { title: model, path: `/models/${encodeURIComponent(model)}` },
      ]}
      actions={version && <VersionActions version={version} />}
      className="model-version"
    >
      <Tabs
        label="Parts"
        tabs={tabs}
        current={tab}
        onPick={(to) =>
          void navigate({ search: (before) => ({ ...before, tab: to }), replace: true, resetScroll: false })
        }
      />
      {error && !data ? (
        <Panel title="Version">
          <ErrorState error={error} retry={() => void refetch()} />
        </Panel>
      ) : !data ? (
        <Panel title="Version" className="waits">
          <Loading what="the version" />
        </Panel>
      ) : tab === 'card' ? (
        <ModelCard card={data.card} version={data.version.id} />
      ) : tab === 'lineage' ? (
        <LineagePanel model={model} number={number} id={data.version.id} />
      ) : (
        <Evidence version={data.version} now={now} />
      )}
    </Screen>
  )
}
