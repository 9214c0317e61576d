import { useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import type { StepDefinition } from '../../contract/pipeline.ts'
import type { RunRecord, StepRecord } from '../../contract/run.ts'
import { call } from '../api.ts'
import { Action } from '../components/action.tsx'
import { JsonTree } from '../components/code.tsx'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Panel } from '../components/panel.tsx'
import { Facts, Tabs } from '../components/screen.tsx'
import { duration } from '../format.ts'
import { stepsFrom } from '../pipelines/step-graph.ts'
import { stepTraits } from '../pipelines/step-node.tsx'
import type { RunSearch } from '../router.tsx'
import { absoluteTime } from '../time.ts'
import { ArtifactList } from './artifact-list.tsx'
import { isRunOver, isStepOver } from './over.ts'
import { RunRef, ranFor, shortRun, WithRuns } from './run-words.tsx'
import { StepStateWord } from './states.tsx'
import { StepInputs } from './step-inputs.tsx'
import { StepLog } from './step-log.tsx'
import { StepUsage } from './step-usage.tsx'
import { StepWhy } from './step-why.tsx'

const parts = ['log', 'why', 'in', 'out', 'usage'] as const
type Part = (typeof parts)[number]

const titles: Record<Part, string> = { log: 'Log', why: 'Why it ran', in: 'Inputs', out: 'Output', usage: 'Resources' }

const elementColumns: Column<StepRecord>[] = [
  { id: 'index', header: 'No.', accessorFn: ({ index }) => index, meta: { numeric: true, width: '60px' } },
  {
    id: 'state',
    header: 'State',
    accessorFn: ({ state }) => state,
    cell: ({ row }) => <StepStateWord state={row.original.state} />,
  },
  { id: 'element', header: 'Element', accessorFn: ({ element }) => JSON.stringify(element) },
  {
    id: 'took',
    header: 'Took',
    accessorFn: (record) => ranFor(record) ?? undefined,
    sortUndefined: 'last',
    cell: ({ row }) => duration(ranFor(row.original)),
    meta: { numeric: true },
  },
  { id: 'error', header: 'Error', accessorFn: ({ error }) => error ?? '' },
]

/** Wall-clock moments of an execution, and how they came about. */
function factsOf(record: StepRecord): (readonly [string, React.ReactNode])[] {
  const { startedAt, endedAt, attempt, reusedFrom, heartbeatAt, state, exitCode, elements } = record
  return [
    ['State', <StepStateWord key="state" state={state} />],
    ['Began', startedAt === null ? '–' : `${absoluteTime(startedAt)} UTC`],
    ['Ended', endedAt === null ? '–' : `${absoluteTime(endedAt)} UTC`],
    ['Took', duration(ranFor(record))],
    ...(attempt > 1 ? [['Attempts', attempt] as const] : []),
    ...(reusedFrom !== null ? [['Taken from', <RunRef key="run" id={reusedFrom.split('/')[0]!} />] as const] : []),
    ...(exitCode !== null ? [['Exit code', exitCode] as const] : []),
    ...(state === 'running' && heartbeatAt !== null
      ? [['Last seen alive', `${duration(Date.now() - heartbeatAt)} ago`] as const]
      : []),
    ...(elements
      ? [
          [
            'Elements',
            `${elements.total}: ${elements.ran} ran, ${elements.reused} reused, ${elements.failed} failed`,
          ] as const,
        ]
      : []),
  ]
}

/** One step of a run: its state, its log, why it ran, what it was given and what it made. */
export function StepPanel({
  run,
  pipeline,
  definition,
  records,
  element,
  part = 'log',
  change,
}: {
  run: RunRecord
  pipeline: readonly StepDefinition[]
  definition: StepDefinition
  /** Of this step, those of its elements among them. */
  records: readonly StepRecord[]
  element: number | undefined
  part: string | undefined
  change: (next: RunSearch) => void
}) {
  const navigate = useNavigate()
  const own = records.find(({ index }) => index === null)
  const elements = useMemo(
    () => records.filter(({ index }) => index !== null).sort((a, b) => (a.index ?? 0) - (b.index ?? 0)),
    [records],
  )
  const shown = (element === undefined ? undefined : elements.find(({ index }) => index === element)) ?? own
  const open = (parts as readonly string[]).includes(part) ? (part as Part) : 'log'
  const again = stepsFrom(pipeline, definition.name)
  const traits = stepTraits(definition)
  return (
    <Panel
      title={shown?.index === null || !shown ? definition.name : `${definition.name}, element ${shown.index}`}
      says={traits.length > 0 ? `One step of the run: ${traits.join('; ')}.` : 'One step of the run.'}
      className="step-panel"
      actions={
        isRunOver(run.state) ? (
          <Action
            label="Run again from here"
            title={`Again from ${definition.name} of ${shortRun(run.id)}`}
            needs="developer"
            plan={async () => ({
              says: `A new run takes over the ${pipeline.length - again.length} steps before, and runs ${again.length === 1 ? 'this one' : `these ${again.length}`} again:`,
              effects: again.map(
                ({ name, sideEffects }) => `${name}${sideEffects ? ', which changes the world outside' : ''}`,
              ),
            })}
            act={async () => {
              const { run: next } = await call('rerun', { params: { run: run.id }, body: { from: definition.name } })
              void navigate({ to: '/runs/$run', params: { run: next.id } })
              return `${shortRun(next.id)} runs again from ${definition.name}.`
            }}
          />
        ) : undefined
      }
    >
      {!shown ? (
        <p className="muted">The run has not come to this step yet.</p>
      ) : (
        <>
          <div className="step-facts">
            <Facts facts={factsOf(shown)} />
            <p>
              {shown.because ? (
                <WithRuns text={shown.because} />
              ) : (
                <span className="muted">It has not been looked at yet.</span>
              )}
            </p>
          </div>
          {elements.length > 0 && (
            <DataTable
              rows={elements}
              columns={elementColumns}
              caption={`Elements of ${definition.name}`}
              rowId={({ id }) => id}
              height={220}
              current={element === undefined ? undefined : shown.id}
              onOpen={({ index }) => change({ element: index === element ? undefined : (index ?? undefined) })}
            />
          )}
          <Tabs
            tabs={parts.map((id) => ({
              id,
              title: titles[id],
              ...(id === 'out' ? { count: shown.artifacts.length } : {}),
              ...(id === 'in' ? { count: definition.needs.length } : {}),
            }))}
            current={open}
            onPick={(next) => change({ part: next })}
            label={`Of ${definition.name}`}
          />
          {open === 'log' && (
            <StepLog
              run={run.id}
              step={definition.name}
              index={shown.index ?? undefined}
              isLive={!isStepOver(shown.state)}
            />
          )}
          {open === 'why' && <StepWhy record={own ?? shown} />}
          {open === 'in' && <StepInputs run={run} definition={definition} />}
          {open === 'out' && (
            <>
              <ArtifactList artifacts={shown.artifacts} />
              <JsonTree value={shown.output} name="What it returned" />
            </>
          )}
          {open === 'usage' && <StepUsage record={shown} definition={definition} />}
        </>
      )}
    </Panel>
  )
}
