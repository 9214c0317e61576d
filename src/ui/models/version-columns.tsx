import type { ModelVersionRecord } from '../../contract/model.ts'
import type { Column } from '../components/data-table.tsx'
import { Mark } from '../components/mark.tsx'
import { Ref } from '../components/ref.tsx'
import { When } from '../components/when.tsx'
import { count, figure } from '../format.ts'
import { metricWord } from '../measurements/metric-words.ts'
import { GateTicks, WhyRefused } from './gate-ticks.tsx'
import { stateIcons } from './state-icons.ts'
import { WithInterval } from './with-interval.tsx'

/** @param aliases version → names. */
export function versionColumns(
  metric: string | undefined,
  aliases: ReadonlyMap<string, readonly string[]>,
  now: number,
): Column<ModelVersionRecord>[] {
  const measured: Column<ModelVersionRecord>[] =
    metric === undefined
      ? []
      : [
          {
            id: 'metric',
            header: metricWord(metric),
            meta: { numeric: true },
            sortUndefined: 'last',
            accessorFn: ({ evaluation }) => evaluation?.candidate[metric]?.value,
            cell: ({ row }) => <WithInterval of={row.original.evaluation?.candidate[metric]} />,
          },
          {
            id: 'baseline',
            header: 'Baseline',
            meta: { numeric: true },
            sortUndefined: 'last',
            accessorFn: ({ evaluation }) => evaluation?.baseline?.[metric]?.value,
            cell: ({ row }) => figure(row.original.evaluation?.baseline?.[metric]?.value),
          },
          {
            id: 'production',
            header: 'In production then',
            meta: { numeric: true },
            sortUndefined: 'last',
            accessorFn: ({ evaluation }) => evaluation?.production?.scores[metric]?.value,
            cell: ({ row: { original } }) => {
              const production = original.evaluation?.production
              if (!production) return <span className="muted">–</span>
              return (
                <span>
                  {figure(production.scores[metric]?.value)} <Ref to={`model-version:${production.version}`} />
                </span>
              )
            },
          },
        ]
  return [
    {
      id: 'version',
      header: 'Version',
      accessorFn: ({ number }) => number,
      cell: ({ row: { original } }) => (
        <span>
          <span title={original.state}>
            <Mark name={stateIcons[original.state]} />
            <span className="visually-hidden">{original.state}</span>
          </span>{' '}
          <Ref to={`model-version:${original.id}`} />{' '}
          {(aliases.get(original.id) ?? []).map((alias) => (
            <span key={alias} className="tag">
              {alias}
            </span>
          ))}
        </span>
      ),
    },
    {
      id: 'gates',
      header: 'Gates',
      accessorFn: ({ verdicts }) => verdicts.filter(({ passed }) => !passed).length,
      cell: ({ row }) => <GateTicks verdicts={row.original.verdicts} />,
    },
    ...measured,
    {
      id: 'why',
      header: 'Why it was refused',
      accessorFn: ({ verdicts }) => verdicts.flatMap(({ passed, message }) => (passed ? [] : [message])).join('; '),
      cell: ({ row }) => <WhyRefused verdicts={row.original.verdicts} />,
    },
    {
      id: 'trained',
      header: 'Trained on',
      accessorFn: ({ datasetVersion }) => datasetVersion ?? '',
      cell: ({ row: { original } }) =>
        original.datasetVersion === null ? (
          <span className="muted">{original.source ? 'not said' : 'a file'}</span>
        ) : (
          <Ref to={`dataset:${original.datasetVersion.split('@')[0]}`}>{original.datasetVersion}</Ref>
        ),
    },
    {
      id: 'rows',
      header: 'Rows',
      meta: { numeric: true },
      sortUndefined: 'last',
      accessorFn: ({ trainedRows }) => trainedRows ?? undefined,
      cell: ({ row }) => (row.original.trainedRows === null ? '–' : count(row.original.trainedRows)),
    },
    {
      id: 'made',
      header: 'Made',
      accessorFn: ({ time }) => time,
      cell: ({ row: { original } }) => <When time={original.time} now={now} recordedAt={original.recordedAt} />,
    },
  ]
}
