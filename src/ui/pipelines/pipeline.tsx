import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { PipelineDefinition, StepDefinition } from '../../contract/pipeline.ts'
import { JsonTree } from '../components/code.tsx'
import { Panel } from '../components/panel.tsx'
import { Facts, Screen } from '../components/screen.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { counted, duration } from '../format.ts'
import { reading } from '../queries.ts'
import type { PipelineSearch } from '../router.tsx'
import { RunRef } from '../runs/run-words.tsx'
import { RunStateWord } from '../runs/states.tsx'
import { RunDurations } from './run-durations.tsx'
import { StartRun } from './start-run.tsx'
import { conditionText, stepsInOrder, workText } from './step-graph.ts'
import { StepPicture, worldNote } from './step-picture.tsx'
import { TriggerPanel } from './trigger-panel.tsx'

const route = getRouteApi('/pipelines/$pipeline')
const lastRuns = 60

const busyWords = {
  queue: 'a further one waits',
  refuse: 'a further one is refused',
  replace: 'a further one takes the place of the one that waits',
} as const

const listed = (names: readonly string[], none: string): string => (names.length === 0 ? none : names.join(', '))

/** What the definition says of a step. */
function StepFacts({ step, pipeline }: { step: StepDefinition; pipeline: PipelineDefinition }) {
  const { needs, takes, reads, when, forEach, retries, timeoutMs, memoryMb, sideEffects, run } = step
  return (
    <Panel
      title={step.name}
      says="What the definition says of the step: what it is made of, what it waits for, what counts in its key."
    >
      <Facts
        facts={[
          ['What it is', workText(step)],
          ...(run.kind === 'command' && run.code.length > 0
            ? [['Code it declares', run.code.join(', ')] as const]
            : []),
          ['Needs', listed(needs, 'nothing')],
          ['Is given the output of', listed(takes ?? needs, 'nothing')],
          ['Reads the parameters', listed(reads ?? Object.keys(pipeline.params), 'none')],
          ...(when ? [['Runs only when', <code key="when">{conditionText(when)}</code>] as const] : []),
          ...(forEach ? [['Runs for each of', <code key="each">{forEach}</code>] as const] : []),
          [
            'Side effects',
            sideEffects
              ? 'changes the world outside its outputs, so it is never reused'
              : 'none: an equal key takes over what was made before',
          ],
          [
            'Attempts',
            retries.attempts === 1 ? 'one' : `up to ${retries.attempts}, ${duration(retries.backoffMs)} apart at first`,
          ],
          ['Bounds', `${duration(timeoutMs)}, ${memoryMb.toLocaleString('en')} MB of memory`],
        ]}
      />
      {Object.keys(step.params).length > 0 && <JsonTree value={step.params} name="Parameters of its own" />}
    </Panel>
  )
}

/** One pipeline: its steps in order, how its runs went, what starts it. */
export function Pipeline() {
  const { pipeline: name } = route.useParams()
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const goTo = useNavigate()
  const defined = useQuery(reading('pipelines'))
  const ran = useQuery(reading('runRows', { query: { pipeline: name, limit: lastRuns } }))
  const definition = defined.data?.pipelines.find((pipeline) => pipeline.name === name)
  const shownRun = search.run ?? ran.data?.rows[0]?.id
  const run = useQuery({ ...reading('run', { params: { run: shownRun ?? '' } }), enabled: shownRun !== undefined })
  const steps = useMemo(() => stepsInOrder(definition?.steps ?? []), [definition])
  const records = useMemo(
    () => run.data && new Map(run.data.steps.filter(({ index }) => index === null).map((step) => [step.step, step])),
    [run.data],
  )
  const change = (next: PipelineSearch): void =>
    void navigate({ search: (before) => ({ ...before, ...next }), replace: true, resetScroll: false })
  const crumbs = [{ title: 'Pipelines', path: '/pipelines' }]
  const error = defined.error ?? ran.error
  const step = steps.find((each) => each.name === search.step)
  if (!defined.data || !ran.data || (shownRun !== undefined && !run.data && !run.error))
    return (
      <Screen title={name} says="One pipeline: its steps, how its runs went, what starts it." crumbs={crumbs}>
        <Panel title="Steps">
          {error ? (
            <ErrorState error={error} retry={() => void Promise.all([defined.refetch(), ran.refetch()])} />
          ) : (
            <Loading what="the pipeline" />
          )}
        </Panel>
      </Screen>
    )
  if (!definition)
    return (
      <Screen title={name} says="The definition in force has no pipeline of this name." crumbs={crumbs}>
        <Panel title="Runs">
          {ran.data.total === 0 ? (
            <EmptyState>No pipeline of this name ever ran here.</EmptyState>
          ) : (
            <p>
              <Link to="/runs" search={{ pipeline: name }}>
                {counted(ran.data.total, 'run')} of it
              </Link>{' '}
              are kept.
            </p>
          )}
        </Panel>
      </Screen>
    )
  const { concurrency, afterCrash, params } = definition
  return (
    <Screen
      title={name}
      says={`${counted(definition.steps.length, 'step')}; at most ${concurrency.limit} at a time, ${busyWords[concurrency.whenBusy]}; ${afterCrash === 'continue' ? 'goes on after a crash' : 'has failed after a crash'}.`}
      crumbs={crumbs}
      className="pipelines"
      actions={
        <>
          <Link to="/runs" search={{ pipeline: name }} className="button">
            All {counted(ran.data.total, 'run')}
          </Link>
          <StartRun
            pipeline={definition}
            label="Start a run"
            onStarted={(started) => void goTo({ to: '/runs/$run', params: { run: started } })}
          />
        </>
      }
    >
      <Panel
        title="Steps"
        says={
          records
            ? `Each step behind what it needs, with its state in the run that is named; choose one to see what the definition says of it.${worldNote(steps)}`
            : `Each step behind what it needs; choose one to see what the definition says of it.${worldNote(steps)}`
        }
        actions={
          run.data ? (
            <span>
              <RunStateWord state={run.data.run.state} /> <RunRef id={run.data.run.id} />
            </span>
          ) : undefined
        }
      >
        <StepPicture
          label={`Steps of ${name}`}
          steps={steps}
          records={records}
          current={search.step}
          onPick={(picked) => change({ step: picked === search.step ? undefined : picked })}
        />
      </Panel>
      {step && <StepFacts step={step} pipeline={definition} />}
      <div className="columns">
        <RunDurations pipeline={name} rows={ran.data.rows} current={shownRun} />
        <Panel title="Parameters" says="With their defaults; a run may be given others of the same type.">
          {Object.keys(params).length === 0 ? (
            <p className="muted">It takes none.</p>
          ) : (
            <Facts
              facts={Object.entries(params).map(([param, standard]) => [
                param,
                standard === null ? (
                  <span key={param} className="muted">
                    none, anything
                  </span>
                ) : (
                  <code key={param}>{JSON.stringify(standard)}</code>
                ),
              ])}
            />
          )}
        </Panel>
      </div>
      <TriggerPanel pipeline={name} />
    </Screen>
  )
}
