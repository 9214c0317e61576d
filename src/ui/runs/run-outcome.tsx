import { useMemo } from 'react'
import type { Evaluation, Figure, ModelVersionRecord } from '../../contract/model.ts'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { Ref } from '../components/ref.tsx'
import { count, figure } from '../format.ts'
import { dateOf } from '../time.ts'

interface Row {
  metric: string
  candidate: Figure
  baseline: Figure | undefined
  production: Figure | undefined
  difference: Figure | undefined
}

const rowsOf = ({ candidate, baseline, production, differences }: Evaluation): Row[] =>
  Object.entries(candidate).map(([metric, score]) => ({
    metric,
    candidate: score,
    baseline: baseline?.[metric],
    production: production?.scores[metric],
    difference: differences[metric],
  }))

/** Rows of a program's own table have no times. */
const periodOf = ({ from, to }: Evaluation): string => (to === 0 ? '' : ` of ${dateOf(from)} to ${dateOf(to)}`)

function Interval({ of, isSigned = false }: { of: Figure | undefined; isSigned?: boolean }) {
  if (!of) return <span className="muted">–</span>
  const sign = isSigned && of.value > 0 ? '+' : ''
  return (
    <span title={`${count(of.rows)} rows`}>
      {sign}
      {figure(of.value, isSigned ? 3 : 4)}
      {of.low !== null && of.high !== null && (
        <span className="muted">
          {isSigned
            ? ` (${figure(of.low, 2)} to ${figure(of.high, 2)})`
            : ` (${figure(of.low, 3)}–${figure(of.high, 3)})`}
        </span>
      )}
    </span>
  )
}

function columnsOf(production: string | null): Column<Row>[] {
  const score = (id: string, header: string, of: (row: Row) => Figure | undefined, isSigned = false): Column<Row> => ({
    id,
    header,
    accessorFn: (row) => of(row)?.value,
    sortUndefined: 'last',
    cell: ({ row }) => <Interval of={of(row.original)} isSigned={isSigned} />,
    meta: { numeric: true },
  })
  return [
    { id: 'metric', header: 'Metric', accessorFn: ({ metric }) => metric },
    score('candidate', 'This model', ({ candidate }) => candidate),
    ...(production === null
      ? []
      : [
          score('production', `${production}, in production`, (row) => row.production),
          score('difference', 'Difference', ({ difference }) => difference, true),
        ]),
    score('baseline', 'Baseline', ({ baseline }) => baseline),
  ]
}

function fate({ id, model, state, verdicts }: ModelVersionRecord) {
  const failed = verdicts.filter(({ passed }) => !passed)
  const name = <Ref to={`model-version:${id}`}>{id}</Ref>
  if (state === 'registered')
    return (
      <>
        <Mark name="good" /> {name} passed {verdicts.length === 0 ? 'without gates' : `all ${verdicts.length} gates`}{' '}
        and is registered with <Ref to={`model:${model}`} />.
      </>
    )
  if (state === 'candidate')
    return (
      <>
        <Mark name="idle" /> {name} awaits its gates.
      </>
    )
  return (
    <>
      <Mark name="bad" /> {name} was refused: {failed.length} of {verdicts.length} gates did not let it pass.
    </>
  )
}

/** Of a run that trained: the model that it made, its figures beside those it was held against, its gates and its fate. */
export function RunOutcome({ version: data }: { version: ModelVersionRecord }) {
  const { evaluation } = data
  const columns = useMemo(() => columnsOf(evaluation?.production?.version ?? null), [evaluation])
  const rows = useMemo(() => (evaluation ? rowsOf(evaluation) : []), [evaluation])
  return (
    <Panel
      title="The model it made"
      says={
        evaluation
          ? `Figures with their 95 % intervals on ${count(evaluation.rows)} test rows${periodOf(evaluation)}, and what each gate said.`
          : 'What each gate said.'
      }
      className="run-outcome"
    >
      <p>{fate(data)}</p>
      {data.verdicts.length > 0 && (
        <ul className="gates" aria-label="Gates">
          {[...data.verdicts]
            .sort((a, b) => Number(a.passed) - Number(b.passed))
            .map(({ gate, passed, message, segment }) => (
              <li key={`${gate} ${segment}`}>
                <Mark name={passed ? 'good' : 'bad'} />
                <span>
                  <strong>{gate}</strong> <span className={passed ? 'muted' : ''}>{message}</span>
                </span>
              </li>
            ))}
        </ul>
      )}
      {rows.length > 0 && (
        <DataTable
          rows={rows}
          columns={columns}
          caption="Figures on the test rows"
          rowId={({ metric }) => metric}
          height={360}
        />
      )}
    </Panel>
  )
}
