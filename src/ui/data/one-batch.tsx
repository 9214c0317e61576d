import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { Hash } from '../components/ref.tsx'
import { Facts } from '../components/screen.tsx'
import { ErrorState, Loading } from '../components/states.tsx'
import { When } from '../components/when.tsx'
import { bytes, count, percent } from '../format.ts'
import { reading } from '../queries.ts'
import { absoluteTime } from '../time.ts'
import type { DatasetSearch } from './dataset-search.ts'
import { type Batch, findingsOf, Verdict } from './verdict.tsx'

type Finding = Batch['anomalies'][number]
type Sample = Finding['samples'][number]

const severity = {
  stop: { icon: 'bad', word: 'refuses' },
  quarantine: { icon: 'warning', word: 'sets aside' },
  warn: { icon: 'info', word: 'told' },
} as const

interface SampleRow {
  place: number
  values: Sample
}

const shown = (value: Sample[string] | undefined, isTime: boolean): string => {
  if (value === null || value === undefined) return '–'
  if (isTime && typeof value === 'number') return absoluteTime(value)
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** Rows as they were read, what failed in them first. */
function Samples({ finding, times }: { finding: Finding; times: ReadonlySet<string> }) {
  const { samples, column } = finding
  const rows = useMemo(() => samples.map((values, place): SampleRow => ({ values, place })), [samples])
  const columns = useMemo(() => {
    const failing = column?.split(', ') ?? []
    const names = [...new Set(samples.flatMap((row) => Object.keys(row)))]
    return [...failing.filter((name) => names.includes(name)), ...names.filter((name) => !failing.includes(name))].map(
      (name): Column<SampleRow> => ({
        id: name,
        header: name,
        accessorFn: ({ values }) => values[name],
        cell: ({ row }) => {
          const text = shown(row.original.values[name], times.has(name))
          return failing.includes(name) ? <strong className="failing">{text}</strong> : text
        },
        meta: { numeric: samples.some((row) => typeof row[name] === 'number') && !times.has(name) },
      }),
    )
  }, [samples, column, times])
  return (
    <DataTable
      rows={rows}
      columns={columns}
      caption={`Rows that fail: ${finding.message}`}
      rowId={({ place }) => String(place)}
      height={220}
    />
  )
}

/** One batch with everything that validation said of it, and rows that fail. */
export function OneBatch({
  dataset,
  id,
  now,
  keep,
}: {
  dataset: string
  id: string
  now: number
  keep: (change: DatasetSearch) => void
}) {
  const { data, error, refetch } = useQuery(reading('datasetBatch', { params: { dataset, batch: id } }))
  const batch = data?.batch
  const times = useMemo(
    () =>
      new Set(
        batch?.summaries.filter(({ type }) => type === 'time' || type === 'local-time').map(({ name }) => name) ?? [],
      ),
    [batch],
  )
  return (
    <Panel
      title="Batch"
      says={batch?.origin ?? 'What came.'}
      className="one-batch"
      actions={
        <button type="button" onClick={() => keep({ batch: undefined })}>
          Close
        </button>
      }
    >
      {error && !data ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !batch ? (
        <Loading what="the batch" />
      ) : (
        <>
          <Facts
            facts={[
              ['Verdict', <Verdict key="verdict" batch={batch} />],
              ['Rows', `${count(batch.rows)}, ${bytes(batch.bytes)}`],
              ['Came', <When key="came" time={batch.time} now={now} recordedAt={batch.recordedAt} />],
              [
                'Times of its rows',
                batch.from !== null && batch.to !== null
                  ? `${absoluteTime(batch.from)} to ${absoluteTime(batch.to)} UTC`
                  : '–',
              ],
              ['Content', <Hash key="content" value={batch.contentHash} />],
              ['Id', <code key="id">{batch.id}</code>],
            ]}
          />
          <p>
            <button type="button" onClick={() => keep({ tab: 'columns' })}>
              Its columns beside the reference
            </button>
          </p>
          <h3>What validation said</h3>
          {batch.anomalies.length === 0 ? (
            <p>
              <Mark name="good" /> Nothing: it is as expected.
            </p>
          ) : (
            <ul className="findings">
              {findingsOf(batch).map((finding) => (
                <li key={`${finding.kind} ${finding.column} ${finding.message}`}>
                  <p>
                    <Mark name={severity[finding.severity].icon} /> {finding.message}
                  </p>
                  <p className="muted">
                    {severity[finding.severity].word}: {finding.kind.replace('-', ' ')}
                    {finding.rows > 0 &&
                      finding.failing < finding.rows &&
                      `, ${count(finding.failing)} of ${count(finding.rows)} rows (${percent(finding.failing / finding.rows, 2)})`}
                  </p>
                  {finding.samples.length > 0 && (
                    <details open={finding === findingsOf(batch)[0]}>
                      <summary>
                        {finding.samples.length === 1 ? 'A row that fails' : `${finding.samples.length} rows that fail`}
                      </summary>
                      <Samples finding={finding} times={times} />
                    </details>
                  )}
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </Panel>
  )
}
