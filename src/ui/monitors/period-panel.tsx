import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { PeriodComparison } from '../../contract/monitoring.ts'
import { BarRows, barRowsHeight } from '../components/chart/bar-rows.tsx'
import { DrawnFigure } from '../components/chart/drawn-figure.tsx'
import { Choice } from '../components/choice.tsx'
import type { Column } from '../components/data-table.tsx'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { PlainTable } from '../components/plain-table.tsx'
import { Ref } from '../components/ref.tsx'
import { Facts } from '../components/screen.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { count, figure, percent } from '../format.ts'
import { reading } from '../queries.ts'
import { absoluteTime, dateOf } from '../time.ts'

type Bin = PeriodComparison['bins'][number]

const series = [
  { name: 'Then, in training', color: '--line-2' },
  { name: 'In this period', color: '--line-1' },
]
const columns: Column<Bin>[] = [
  { id: 'bin', header: 'Values', accessorFn: ({ bin }) => bin },
  { id: 'reference', header: 'Rows in training', meta: { numeric: true }, accessorFn: ({ reference }) => reference },
  { id: 'current', header: 'Rows in this period', meta: { numeric: true }, accessorFn: ({ current }) => current },
]
const none: Bin[] = []
const nothing = (
  <EmptyState>The predictions of this period, or what they are compared with, are no longer kept.</EmptyState>
)

function Distribution({ comparison }: { comparison: PeriodComparison | null }) {
  const bins = useMemo(
    () => comparison?.bins.filter(({ reference, current }) => reference + current > 0) ?? none,
    [comparison],
  )
  const sums = bins.reduce((sum, { reference, current }) => [sum[0]! + reference, sum[1]! + current], [0, 0])
  const rows = bins.map(({ bin, reference, current }) => ({
    label: bin,
    values: [reference / Math.max(1, sums[0]!), current / Math.max(1, sums[1]!)],
  }))
  return (
    <DrawnFigure
      title={comparison ? `${comparison.figure}: then and now` : 'Then and now'}
      says={
        comparison
          ? `Share of rows by value: ${count(sums[0]!)} that ${comparison.version} was trained on (or first asked), ${count(sums[1]!)} of this period. Distance ${figure(comparison.distance, 3)}, bound ${figure(comparison.bound, 3)}, by chance about ${figure(comparison.byChance, 2)}.`
          : 'The values of one input beside what the version was trained on.'
      }
      rows={bins}
      columns={columns}
      rowId={({ bin }) => bin}
      height={barRowsHeight(rows, series)}
      series={series}
      empty={nothing}
    >
      {(width) => <BarRows rows={rows} series={series} width={width} format={percent} />}
    </DrawnFigure>
  )
}

/** One period: every figure with its bound, what is behind one of them, the alerts that it gave, and what these started. */
export function PeriodPanel({
  monitor,
  from,
  figure: wanted,
  kind,
  choose,
}: {
  monitor: string
  from: number
  figure: string | undefined
  kind: string
  choose: (figure: string) => void
}) {
  const whole = useQuery(reading('monitorPeriod', { params: { monitor, from: String(from) } }))
  const measured = (whole.data?.measurements ?? [])
    .filter(({ role }) => role !== 'none')
    .sort((a, b) => Number(b.role === 'primary') - Number(a.role === 'primary'))
  const [main] = measured
  const names = Object.keys(main?.figures ?? {})
  const farthest = [...names].sort((a, b) => (main!.figures[b]?.value ?? 0) - (main!.figures[a]?.value ?? 0))[0]
  const shown =
    wanted !== undefined && names.includes(wanted) ? wanted : (Object.keys(main?.broken ?? {})[0] ?? farthest)
  const compared = useQuery({
    ...reading('monitorPeriod', { params: { monitor, from: String(from) }, query: { figure: shown ?? '' } }),
    enabled: kind === 'drift' && shown !== undefined,
  })
  if (whole.error && !whole.data)
    return (
      <Panel title="One period">
        <ErrorState error={whole.error} retry={() => void whole.refetch()} />
      </Panel>
    )
  if (!whole.data)
    return (
      <Panel title="One period" className="waits">
        <Loading what="the period" />
      </Panel>
    )
  const { alerts, fired } = whole.data
  const first = whole.data.measurements[0]!
  return (
    <div className="columns">
      <Panel
        title={`${dateOf(first.from)} to ${dateOf(first.to)}`}
        says="What was measured in this period, what came of it, and by whom it was answered."
        actions={kind === 'drift' && <Choice label="Figure" value={shown ?? ''} values={names} choose={choose} />}
      >
        <Facts
          facts={[
            [
              'From, to',
              <span key="t" className="numbers">{`${absoluteTime(first.from)} to ${absoluteTime(first.to)} UTC`}</span>,
            ],
            ...measured.map(
              ({ version, role, predictions, labelled }) =>
                [
                  role,
                  <span key={version + role}>
                    <Ref to={`model-version:${version}`} />, {count(predictions)} predictions
                    {kind === 'quality' && `, ${count(labelled)} with their label`}
                  </span>,
                ] as const,
            ),
            [
              'Alerts',
              alerts.length === 0 ? (
                'none was raised by it'
              ) : (
                <ul key="alerts">
                  {alerts.map(({ id, message, state }) => (
                    <li key={id}>
                      <Mark name={state === 'open' ? 'bad' : 'good'} /> {message} ({state})
                    </li>
                  ))}
                </ul>
              ),
            ],
            [
              'What they started',
              fired.length === 0 ? (
                'nothing'
              ) : (
                <ul key="fired">
                  {fired.map(({ seq, subject, data }) => (
                    <li key={seq}>
                      {subject.slice(subject.indexOf(':') + 1)} started <Ref to={`run:${String(data.run)}`} />
                    </li>
                  ))}
                </ul>
              ),
            ],
          ]}
        />
        {kind !== 'drift' && (
          <PlainTable label="Figures of the period">
            <table>
              <thead>
                <tr>
                  <th scope="col">Figure</th>
                  {measured.map(({ id, role }) => (
                    <th key={id} scope="col" className="numeric">
                      {role}
                    </th>
                  ))}
                  <th scope="col" className="numeric">
                    Bound
                  </th>
                </tr>
              </thead>
              <tbody>
                {names.map((name) => (
                  <tr key={name} className={main && name in main.broken ? 'failed' : ''}>
                    <th scope="row">{name}</th>
                    {measured.map(({ id, figures }) => {
                      const found = figures[name]
                      return (
                        <td key={id} className="numeric" title={found ? `${count(found.rows)} rows` : undefined}>
                          {figure(found?.value)}
                          {found && found.low !== null && found.high !== null && (
                            <span className="muted">
                              {' '}
                              ({figure(found.low, 3)}–{figure(found.high, 3)})
                            </span>
                          )}
                        </td>
                      )
                    })}
                    <td className="numeric">{figure(main?.bounds?.[name] ?? main?.broken[name], 3)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </PlainTable>
        )}
      </Panel>
      {kind === 'drift' &&
        (compared.error && !compared.data ? (
          <Panel title="Then and now">
            <ErrorState error={compared.error} retry={() => void compared.refetch()} />
          </Panel>
        ) : !compared.data && shown !== undefined ? (
          <Panel title="Then and now" className="waits">
            <Loading what="the values of the period" />
          </Panel>
        ) : (
          <Distribution comparison={compared.data?.comparison ?? null} />
        ))}
    </div>
  )
}
