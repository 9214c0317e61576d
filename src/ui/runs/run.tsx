import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { StepDefinition } from '../../contract/pipeline.ts'
import type { StepRecord } from '../../contract/run.ts'
import type { Answer } from '../api.ts'
import { Panel } from '../components/panel.tsx'
import { Ref } from '../components/ref.tsx'
import { Screen } from '../components/screen.tsx'
import { ErrorState, Loading } from '../components/states.tsx'
import { duration } from '../format.ts'
import { stepsInOrder } from '../pipelines/step-graph.ts'
import { reading } from '../queries.ts'
import type { RunSearch } from '../router.tsx'
import { isRunOver } from './over.ts'
import { RunActions } from './run-actions.tsx'
import { RunFacts } from './run-facts.tsx'
import { RunOutcome } from './run-outcome.tsx'
import { RunSteps } from './run-steps.tsx'
import { ranFor, Starter, shortRun } from './run-words.tsx'
import { RunStateWord } from './states.tsx'
import { StepFailure } from './step-failure.tsx'
import { StepPanel } from './step-panel.tsx'

const route = getRouteApi('/runs/$run')

export type RunAnswer = Answer<'run'>

/** What one wants to see first: what failed, then what runs, then what took longest. */
function firstLook(steps: readonly StepDefinition[], records: ReadonlyMap<string, StepRecord>): string | undefined {
  const all = steps.flatMap(({ name }) => records.get(name) ?? [])
  const telling = all.find(({ state }) => state === 'failed') ?? all.find(({ state }) => state === 'running')
  if (telling) return telling.step
  return all.reduce<StepRecord | undefined>(
    (longest, record) => (longest && (ranFor(longest) ?? -1) >= (ranFor(record) ?? -1) ? longest : record),
    undefined,
  )?.step
}

/** One run with all that went into it and came of it, down to a step's log. */
export function Run() {
  const { run: id } = route.useParams()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const asked = useQuery({
    ...reading('run', { params: { run: id } }),
    // Progress and time used are no events.
    refetchInterval: ({ state }) => (state.data && !isRunOver(state.data.run.state) ? 2_000 : false),
  })
  const pipeline = useQuery({
    ...reading('runPipeline', { params: { run: id } }),
    staleTime: Number.POSITIVE_INFINITY,
  })
  const row = useQuery(reading('runRows', { query: { runs: id, limit: 1 } }))
  const made = row.data?.rows[0]?.model?.version
  const [model = '', version = ''] = made?.split('@') ?? []
  const outcome = useQuery({ ...reading('modelVersion', { params: { model, version } }), enabled: made !== undefined })
  const steps = useMemo(() => stepsInOrder(pipeline.data?.steps ?? []), [pipeline.data])
  const records = useMemo(
    () => new Map((asked.data?.steps ?? []).filter(({ index }) => index === null).map((step) => [step.step, step])),
    [asked.data],
  )
  const crumbs = [{ title: 'Runs', path: '/runs' }]
  const error = asked.error ?? pipeline.error ?? row.error
  // All of it at once: what comes later would push the rest aside.
  if (!asked.data || !pipeline.data || !row.data || (made !== undefined && !outcome.data && !outcome.error))
    return (
      <Screen title={shortRun(id)} says="One run with all that went into it and came of it." crumbs={crumbs}>
        <Panel title="Run">
          {error ? (
            <ErrorState
              error={error}
              retry={() => void Promise.all([asked.refetch(), pipeline.refetch(), row.refetch()])}
            />
          ) : (
            <Loading what="the run" />
          )}
        </Panel>
      </Screen>
    )
  const { run } = asked.data
  const current = search.step ?? firstLook(steps, records)
  const change = (next: RunSearch): void =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true, resetScroll: false })
  const definition = steps.find(({ name }) => name === current)
  const failed = steps.flatMap(({ name }) => {
    const record = records.get(name)
    return record?.state === 'failed' ? [record] : []
  })
  const took = ranFor(run)
  return (
    <Screen
      title={
        <>
          {run.pipeline} <code>{shortRun(run.id)}</code>
        </>
      }
      says={
        <>
          <RunStateWord state={run.state} />
          {took !== null && ` ${isRunOver(run.state) ? 'after' : 'for'} ${duration(took)}`}, started by{' '}
          <Starter by={run.startedBy} />: {run.reason}
        </>
      }
      crumbs={[...crumbs, { title: run.pipeline, path: `/pipelines/${run.pipeline}` }]}
      className="runs run"
      actions={<RunActions run={run} pipeline={pipeline.data} />}
    >
      {failed.map((record) => (
        <StepFailure key={record.id} record={record} onOpen={() => change({ step: record.step, part: 'log' })} />
      ))}
      {run.error !== null && failed.length === 0 && (
        <Panel title="What went wrong">
          <ErrorState error={new Error(run.error)} />
        </Panel>
      )}
      {outcome.data && <RunOutcome version={outcome.data.version} />}
      <RunSteps
        run={run}
        steps={steps}
        records={records}
        current={current}
        view={search.view}
        onPick={(step) => change({ step, element: undefined })}
        onView={(view) => change({ view })}
      />
      {definition && current !== undefined && (
        <StepPanel
          key={current}
          run={run}
          pipeline={steps}
          definition={definition}
          records={asked.data.steps.filter(({ step }) => step === current)}
          element={search.element}
          part={search.part}
          change={change}
        />
      )}
      {search.step !== undefined && !definition && (
        <Panel title={search.step}>
          <ErrorState error={new Error(`The pipeline ${run.pipeline} had no step "${search.step}" then.`)} />
        </Panel>
      )}
      <RunFacts run={run} records={records} />
      <p className="muted">
        All runs of <Ref to={`pipeline:${run.pipeline}`} />.
      </p>
    </Screen>
  )
}
