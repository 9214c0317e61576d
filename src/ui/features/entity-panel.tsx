import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useEffect, useId, useMemo, useState } from 'react'
import type { Answer } from '../api.ts'
import { LineChart } from '../components/chart/line-chart.tsx'
import { Choice } from '../components/choice.tsx'
import { type Column, DataTable } from '../components/data-table.tsx'
import { Icon } from '../components/icon.tsx'
import { Panel } from '../components/panel.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { When } from '../components/when.tsx'
import { counted, figure, percent } from '../format.ts'
import { reading } from '../queries.ts'
import { absoluteTime } from '../time.ts'
import { featureWords } from './feature-words.ts'
import type { View } from './features.tsx'
import type { ViewSearch } from './view-search.ts'

const day = 86_400_000
const spans = ['1', '7', '28']
const spanWords: Record<string, string> = { '1': 'the day before', '7': 'the week before', '28': 'the 4 weeks before' }
const steps = 97

type Feature = View['definition']['features'][number]
interface Row {
  feature: Feature
  value: number | null
}

const valueWords = ({ aggregate, unit }: Feature, value: number | null): string =>
  value === null ? '–' : aggregate === 'share' ? percent(value) : `${figure(value)}${unit ? ` ${unit}` : ''}`

/** `2001-06-30 12:00` as UTC; null for what is no time. */
function timeOf(text: string): number | null {
  const found = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d(?::\d\d)?))?$/.exec(text.trim())
  const time = found ? Date.parse(`${found[1]}T${found[2] ?? '00:00'}Z`) : Number.NaN
  return Number.isNaN(time) ? null : time
}

const columns: Column<Row>[] = [
  { id: 'name', header: 'Feature', accessorFn: ({ feature }) => feature.name },
  {
    id: 'value',
    header: 'Value',
    meta: { numeric: true },
    accessorFn: ({ value }) => value ?? undefined,
    sortUndefined: 'last',
    cell: ({ row: { original } }) => valueWords(original.feature, original.value),
  },
  { id: 'what', header: 'What it is', accessorFn: ({ feature }) => featureWords(feature) },
]

function Values({
  view,
  entity,
  at,
  data,
  now,
}: {
  view: View
  entity: string
  at: number | undefined
  data: Answer<'featureValues'>
  now: number
}) {
  const { features } = view.definition
  const rows = useMemo(
    () => features.map((feature): Row => ({ feature, value: data.values[feature.name]?.at(-1) ?? null })),
    [features, data],
  )
  const lines = useMemo(
    () =>
      features.map((feature) => ({
        feature,
        lines: [{ name: entity, color: '--line-1', values: data.values[feature.name] ?? [] }],
        format: (value: number) => valueWords(feature, value),
      })),
    [features, data, entity],
  )
  return (
    <>
      <p className="entity-says">
        {data.isListed === false ? (
          <span className="warning">
            <Icon name="warning" /> {entity} is no known {view.definition.entity}.{' '}
          </span>
        ) : null}
        {data.newest === null ? (
          `No event of ${entity} is within the windows.`
        ) : (
          <>
            The newest event of {entity} is from <When time={data.newest} now={at ?? now} />
            {at !== undefined && ' (before that time)'}; {counted(data.events, 'event')} counted in what is drawn.
          </>
        )}
      </p>
      <DataTable
        rows={rows}
        columns={columns}
        caption={`What ${view.definition.name} knows of ${entity}`}
        rowId={({ feature }) => feature.name}
        height={320}
      />
      <div className="columns entity-charts">
        {lines.map(({ feature, lines: drawn, format }) => (
          <LineChart
            key={feature.name}
            title={feature.name}
            says={`The ${featureWords(feature)} of ${entity}, as one would have been told at each time.`}
            xs={data.times}
            lines={drawn}
            format={format}
            height={150}
            linked="entity"
            empty={<EmptyState>Nothing is known.</EmptyState>}
          />
        ))}
      </div>
    </>
  )
}

/** Asks what the view knows of an entity, now or as of a time: by the windows of training and serving. */
export function EntityPanel({
  view,
  now,
  search: { entity, at, days = 7 },
  keep,
}: {
  view: View
  now: number
  search: ViewSearch
  keep: (change: ViewSearch) => void
}) {
  const id = useId()
  const [name, setName] = useState(entity ?? '')
  const [time, setTime] = useState(at === undefined ? '' : absoluteTime(at))
  const [wrong, setWrong] = useState<string | null>(null)
  // A link of this screen may ask another question.
  useEffect(() => {
    setName(entity ?? '')
    setTime(at === undefined ? '' : absoluteTime(at))
  }, [entity, at])
  const { data, error, refetch, isFetching } = useQuery({
    ...reading('featureValues', {
      params: { view: view.definition.name },
      query: { entity: entity ?? '', over: days * day, steps, ...(at === undefined ? {} : { at }) },
    }),
    enabled: entity !== undefined,
    placeholderData: (before) => before,
  })
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    const wanted = time.trim() === '' ? undefined : timeOf(time)
    if (wanted === null) {
      setWrong('Write the time as 2001-06-30 12:00, UTC, or nothing for now.')
      return
    }
    setWrong(null)
    keep({ entity: name.trim() || undefined, at: wanted })
    // The same question again is asked again: rows may have come.
    if (name.trim() === entity && wanted === at) void refetch()
  }
  return (
    <Panel
      title="What is known of one"
      says="The values that a model would be given, now or as of a time: made by the same windows as in training and serving."
      className="entity-panel"
    >
      <form className="entity-form" onSubmit={submit}>
        <label>
          Which {view.definition.entity}
          <input value={name} list={id} required onChange={({ target }) => setName(target.value)} />
        </label>
        <datalist id={id}>
          {view.entities.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
        <label>
          As of, UTC
          <input value={time} placeholder="now" onChange={({ target }) => setTime(target.value)} />
        </label>
        <Choice
          label="Drawn over"
          value={String(days)}
          values={spans}
          words={(span) => spanWords[span]!}
          choose={(span) => keep({ days: Number(span) })}
        />
        <button type="submit" className="primary" disabled={isFetching}>
          {isFetching ? 'Looking…' : 'Look'}
        </button>
      </form>
      {wrong && (
        <p className="warning" role="alert">
          <Icon name="warning" /> {wrong}
        </p>
      )}
      {entity === undefined ? (
        view.entities.length === 0 ? (
          <p className="muted">No event came yet, so nothing is known of any {view.definition.entity}.</p>
        ) : (
          <p>
            Often seen:{' '}
            {view.entities.slice(0, 8).map((each) => (
              <button
                key={each}
                type="button"
                className="quiet-link"
                onClick={() => {
                  setName(each)
                  keep({ entity: each })
                }}
              >
                {each}
              </button>
            ))}
          </p>
        )
      ) : error && !data ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        // As high as what comes: a table, and two charts side by side.
        <div
          className="entity-waits"
          style={{
            height: 80 + 33 * view.definition.features.length + 306 * Math.ceil(view.definition.features.length / 2),
          }}
        >
          <Loading what="what is known" />
        </div>
      ) : (
        <Values view={view} entity={entity} at={at} data={data} now={now} />
      )}
    </Panel>
  )
}
