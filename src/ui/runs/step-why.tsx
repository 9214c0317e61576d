import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import type { StepRecord } from '../../contract/run.ts'
import type { Answer } from '../api.ts'
import { Changed } from '../components/code.tsx'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Mark } from '../components/mark.tsx'
import { ErrorState, Loading } from '../components/states.tsx'
import { counted } from '../format.ts'
import { reading } from '../queries.ts'
import { RunRef, WithRuns } from './run-words.tsx'

type Part = Answer<'stepReason'>['parts'][number]

const plain = (value: Part['now']): string => (typeof value === 'string' ? value : JSON.stringify(value))

/** Why a step ran or was reused: everything that its key is made of, what changed first. */
export function StepWhy({ record }: { record: StepRecord }) {
  const { data, error, refetch } = useQuery(reading('stepReason', { params: { run: record.runId, step: record.step } }))
  const rows = useMemo(() => [...(data?.parts ?? [])].sort((a, b) => Number(b.changed) - Number(a.changed)), [data])
  const isCompared = data?.comparedWith !== null && data?.comparedWith !== undefined
  const columns = useMemo(
    (): Column<Part>[] => [
      {
        id: 'changed',
        header: 'Same?',
        accessorFn: ({ changed }) => (changed ? 0 : 1),
        meta: { width: '110px' },
        cell: ({ row: { original } }) =>
          !isCompared ? (
            <span className="muted">–</span>
          ) : original.changed ? (
            <>
              <Mark name="warning" /> changed
            </>
          ) : (
            <>
              <Mark name="good" /> the same
            </>
          ),
      },
      { id: 'part', header: 'What it depends on', accessorFn: ({ name }) => name },
      {
        id: 'value',
        header: 'Hash, version or value',
        accessorFn: ({ now }) => plain(now),
        cell: ({ row: { original } }) =>
          original.changed ? (
            <code>
              <Changed before={original.before ?? undefined} after={original.now ?? undefined} />
              {original.before === null && original.now === null && plain(original.now)}
            </code>
          ) : (
            <code>{plain(original.now)}</code>
          ),
      },
    ],
    [isCompared],
  )
  if (error && !data) return <ErrorState error={error} retry={() => void refetch()} />
  if (!data) return <Loading what="the reason" />
  const changes = rows.filter(({ changed }) => changed).length
  return (
    <div className="step-why">
      <p>
        <strong>
          <WithRuns text={data.because || 'It has not been looked at yet.'} />
        </strong>
      </p>
      <p className="muted">
        {data.comparedWith ? (
          <>
            Compared with <RunRef id={data.comparedWith.run} />:{' '}
            {changes === 0 ? 'nothing it depends on has changed' : `${counted(changes, 'thing')} changed`}.
          </>
        ) : (
          'There is no earlier execution to compare it with.'
        )}{' '}
        An equal key means no second execution.
      </p>
      {rows.length > 0 && (
        <DataTable
          rows={rows}
          columns={columns}
          caption="What the step depends on"
          rowId={({ name }) => name}
          height={360}
        />
      )}
    </div>
  )
}
