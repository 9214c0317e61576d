import { useQueries, useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { type ReactNode, useMemo } from 'react'
import type { RunRow } from '../../contract/run-row.ts'
import type { Answer } from '../api.ts'
import { useProjectTime } from '../clock.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { Hash, Ref } from '../components/ref.tsx'
import { Screen } from '../components/screen.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { When } from '../components/when.tsx'
import { duration, figure } from '../format.ts'
import { reading } from '../queries.ts'
import { DiffPanel } from './diff-panel.tsx'
import { RunRef, ranFor, Starter, shortRun } from './run-words.tsx'
import { RunStateWord, stepMarks } from './states.tsx'

type RunAnswer = Answer<'run'>
type Diff = Answer<'diff'>

/** A line of a comparison: what it is about, and what each run has there. */
interface Line {
  name: string
  cells: readonly ReactNode[]
  /** By which cells are held to be equal, and written to files. */
  values: readonly (string | number | null)[]
}

const isSame = ({ values }: Line): boolean => values.every((value) => value === values[0])

function columnsOf(title: string, runs: readonly RunAnswer[], numeric: boolean): Column<Line>[] {
  return [
    {
      id: 'name',
      header: title,
      accessorFn: ({ name }) => name,
      cell: ({ row: { original } }) => (isSame(original) ? original.name : <strong>{original.name}</strong>),
    },
    ...runs.map(
      ({ run }, at): Column<Line> => ({
        id: run.id,
        header: `${shortRun(run.id)}${at === 0 ? ', the first' : ''}`,
        accessorFn: ({ values }) => values[at] ?? undefined,
        sortUndefined: 'last',
        cell: ({ row }) => row.original.cells[at] ?? <span className="muted">–</span>,
        ...(numeric ? { meta: { numeric: true } } : {}),
      }),
    ),
  ]
}

function Lines({
  title,
  says,
  head,
  lines,
  runs,
  isNumeric = false,
  none,
}: {
  title: string
  says: string
  head: string
  lines: readonly Line[]
  runs: readonly RunAnswer[]
  isNumeric?: boolean
  none: string
}) {
  const columns = useMemo(() => columnsOf(head, runs, isNumeric), [head, runs, isNumeric])
  return (
    <Panel title={title} says={says}>
      {lines.length === 0 ? (
        <p className="muted">{none}</p>
      ) : (
        <DataTable rows={lines} columns={columns} caption={title} rowId={({ name }) => name} height={600} />
      )}
    </Panel>
  )
}

function metricLines(
  runs: readonly RunAnswer[],
  rows: ReadonlyMap<string, RunRow>,
  diffs: readonly (Diff | undefined)[],
) {
  const figures = runs.map(({ run }) => rows.get(run.id)?.model?.metrics ?? {})
  const names = [...new Set(figures.flatMap((metrics) => Object.keys(metrics)))].sort()
  return names.map((name): Line => {
    const values = figures.map((metrics) => metrics[name] ?? null)
    return {
      name,
      values,
      cells: values.map((value, at) => {
        if (value === null) return null
        const difference = at === 0 ? undefined : diffs[at - 1]?.metrics.find(({ metric }) => metric === name)
        return (
          <span key={runs[at]!.run.id}>
            {figure(value)}
            {difference?.difference != null && (
              <span className="muted">
                {' '}
                {difference.difference > 0 ? '+' : ''}
                {figure(difference.difference, 3)}
                {difference.low !== null &&
                  difference.high !== null &&
                  ` (${figure(difference.low, 2)} to ${figure(difference.high, 2)})`}
              </span>
            )}
          </span>
        )
      }),
    }
  })
}

function factLines(runs: readonly RunAnswer[], rows: ReadonlyMap<string, RunRow>, now: number): Line[] {
  const line = (
    name: string,
    value: (answer: RunAnswer) => string | number | null,
    cell?: (answer: RunAnswer) => ReactNode,
  ): Line => {
    const values = runs.map(value)
    return {
      name,
      values,
      cells: cell ? runs.map(cell) : values.map((one) => (one === null ? null : String(one))),
    }
  }
  const params = [...new Set(runs.flatMap(({ run }) => Object.keys(run.params)))]
  return [
    line(
      'state',
      ({ run }) => run.state,
      ({ run }) => <RunStateWord key={run.id} state={run.state} />,
    ),
    line(
      'pipeline',
      ({ run }) => run.pipeline,
      ({ run }) => <Ref key={run.id} to={`pipeline:${run.pipeline}`} />,
    ),
    line(
      'model',
      ({ run }) => rows.get(run.id)?.model?.version ?? null,
      ({ run }) => {
        const model = rows.get(run.id)?.model
        return model ? (
          <span key={run.id}>
            <Mark name={model.state === 'registered' ? 'good' : model.state === 'refused' ? 'bad' : 'idle'} />{' '}
            <Ref to={`model-version:${model.version}`} /> {model.state}, {model.passed} of {model.gates} gates
          </span>
        ) : null
      },
    ),
    ...params.map((name) =>
      line(`parameter ${name}`, ({ run }) => (name in run.params ? JSON.stringify(run.params[name]) : null)),
    ),
    line(
      'took',
      ({ run }) => ranFor(run),
      ({ run }) => duration(ranFor(run)),
    ),
    line(
      'project time',
      ({ run }) => run.time,
      ({ run }) => <When key={run.id} time={run.time} now={now} />,
    ),
    line(
      'started by',
      ({ run }) => run.startedBy,
      ({ run }) => <Starter key={run.id} by={run.startedBy} />,
    ),
    line(
      'because',
      ({ run }) => run.reason,
      ({ run }) => (
        <span key={run.id} className="clip" title={run.reason}>
          {run.reason}
        </span>
      ),
    ),
    line(
      'commit',
      ({ run }) => run.source.commit,
      ({ run }) => <Hash key={run.id} value={run.source.commit} />,
    ),
    line(
      'package',
      ({ run }) => run.packageHash,
      ({ run }) => (
        <Hash key={run.id} value={run.packageHash} {...(run.packageHash ? { to: `package:${run.packageHash}` } : {})} />
      ),
    ),
    line(
      'definition',
      ({ run }) => run.definitionHash,
      ({ run }) => <Hash key={run.id} value={run.definitionHash} to={`definition:${run.definitionHash}`} />,
    ),
    line('environment', ({ run }) => run.environmentName),
    line('Millwright', ({ run }) => run.environment.millwright),
    line('Node', ({ run }) => run.environment.node),
  ]
}

/** Steps of all the runs, in the order in which the first that has them finished them. */
function stepNames(runs: readonly RunAnswer[]): string[] {
  const inOrder = runs.flatMap(({ steps }) =>
    steps
      .filter(({ index }) => index === null)
      .sort((a, b) => (a.endedAt ?? Number.POSITIVE_INFINITY) - (b.endedAt ?? Number.POSITIVE_INFINITY)),
  )
  return [...new Set(inOrder.map(({ step }) => step))]
}

function stepLines(runs: readonly RunAnswer[]): Line[] {
  return stepNames(runs).map((name) => {
    const records = runs.map(({ steps }) => steps.find(({ step, index }) => step === name && index === null))
    return {
      name,
      values: records.map((record) => (record && record.state !== 'reused' ? ranFor(record) : null)),
      cells: records.map((record, at) =>
        record ? (
          <span key={runs[at]!.run.id}>
            {record.resources?.peakMemoryMb != null && (
              <span className="muted">{figure(record.resources.peakMemoryMb, 3)} MB </span>
            )}
            {record.state === 'succeeded' ? duration(ranFor(record)) : record.state}{' '}
            <Mark name={stepMarks[record.state]} />
          </span>
        ) : null,
      ),
    }
  })
}

function artifactLines(runs: readonly RunAnswer[]): Line[] {
  const named = runs.map(
    ({ steps }) =>
      new Map(
        steps
          .filter(({ index }) => index === null)
          .flatMap(({ step, artifacts }) =>
            artifacts.map((artifact) => [`${step} / ${artifact.name}`, artifact] as const),
          ),
      ),
  )
  const names = [...new Set(named.flatMap((artifacts) => [...artifacts.keys()]))]
  return names.map((name) => {
    const values = named.map((artifacts) => artifacts.get(name)?.hash ?? null)
    return {
      name,
      values,
      cells: values.map((hash, at) =>
        hash === null ? null : at > 0 && hash === values[0] ? (
          <span key={runs[at]!.run.id}>
            <Mark name="good" /> the same
          </span>
        ) : (
          <Hash key={runs[at]!.run.id} value={hash} />
        ),
      ),
    }
  })
}

/** Chosen runs beside each other: figures, parameters, steps, artifacts, and what changed from the first to each other one. */
export default function Comparison({ runs: ids }: { runs: readonly string[] }) {
  const navigate = useNavigate()
  const [first = '', ...others] = ids
  const asked = useQueries({ queries: ids.map((run) => reading('run', { params: { run } })) })
  const diffs = useQueries({ queries: others.map((b) => reading('diff', { query: { a: first, b } })) })
  const short = useQuery(reading('runRows', { query: { runs: ids.join(','), limit: 50 } }))
  const now = useProjectTime()?.now
  const answers = asked.flatMap(({ data }) => data ?? [])
  const failed = [...asked, short].find(({ data, error }) => error && !data)?.error
  const screen = {
    title: 'Comparison of runs',
    says: 'Chosen runs beside each other; what differs is in bold, and differences are to the first one.',
    crumbs: [{ title: 'Runs', path: '/runs' }],
    className: 'runs',
  }
  if (failed || answers.length < ids.length || !short.data || now === undefined)
    return (
      <Screen {...screen}>
        <Panel title="Runs">
          {failed ? (
            <ErrorState
              error={failed}
              retry={() => void Promise.all([...asked, short].map(({ refetch }) => refetch()))}
            />
          ) : (
            <Loading what="the runs" />
          )}
        </Panel>
      </Screen>
    )
  if (ids.length < 2)
    return (
      <Screen {...screen}>
        <Panel title="Runs">
          <EmptyState>Choose two runs or more by the boxes before them, and compare these.</EmptyState>
          <Link to="/runs" search={{}}>
            To the runs
          </Link>
        </Panel>
      </Screen>
    )
  const rows = new Map(short.data.rows.map((row) => [row.id, row]))
  const compare = (next: readonly string[]): void => void navigate({ to: '/runs', search: { compare: next.join(',') } })
  return (
    <Screen
      {...screen}
      actions={
        <Link to="/runs" search={{ pick: ids.join(',') }} className="button">
          Choose others
        </Link>
      }
    >
      <ul className="compared" aria-label="Runs that are compared">
        {ids.map((id, at) => (
          <li key={id}>
            <RunRef id={id} />
            {at === 0 ? (
              <span className="muted">the first</span>
            ) : (
              <button type="button" onClick={() => compare([id, ...ids.filter((other) => other !== id)])}>
                Hold others to this
              </button>
            )}
            {ids.length > 2 && (
              <button
                type="button"
                className="quiet"
                aria-label={`Leave out ${id}`}
                onClick={() => compare(ids.filter((other) => other !== id))}
              >
                ✕
              </button>
            )}
          </li>
        ))}
      </ul>
      <Lines
        title="Figures"
        says="Of each run on its own test rows, with the difference to the first and its 95 % interval, which takes the two for independent."
        head="Metric"
        lines={metricLines(
          answers,
          rows,
          diffs.map(({ data }) => data),
        )}
        runs={answers}
        isNumeric
        none="None of them made a model that was evaluated."
      />
      <Lines
        title="Parameters and origin"
        says="What each was given, by whom, and what it was made of."
        head="What"
        lines={factLines(answers, rows, now)}
        runs={answers}
        none="Nothing."
      />
      <Lines
        title="Steps"
        says="How long each step took, and its peak memory where it was measured."
        head="Step"
        lines={stepLines(answers)}
        runs={answers}
        isNumeric
        none="None of them has come to a step yet."
      />
      <Lines
        title="Artifacts"
        says="What each step left, by the hash of its content: an equal hash is the same, byte for byte."
        head="Step / artifact"
        lines={artifactLines(answers)}
        runs={answers}
        none="None of them left an artifact."
      />
      {others.map((id, at) => (
        <DiffPanel
          key={id}
          from={first}
          to={id}
          diff={diffs[at]?.data}
          error={diffs[at]?.error ?? null}
          retry={() => void diffs[at]?.refetch()}
        />
      ))}
    </Screen>
  )
}
