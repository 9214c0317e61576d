import { useMutation, useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { PredictionRecord } from '../../contract/serving.ts'
import { type Answer, call } from '../api.ts'
import { JsonTree } from '../components/code.tsx'
import { Panel } from '../components/panel.tsx'
import { Ref } from '../components/ref.tsx'
import { Facts } from '../components/screen.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { duration } from '../format.ts'
import { InputsTable } from '../predictions/inputs-table.tsx'
import { reading } from '../queries.ts'
import { useSession } from '../session/session.ts'
import { absoluteTime } from '../time.ts'
import { latencyWord } from './latency-word.ts'
import { requestOf, startingText, tensorsOf } from './request-fields.ts'

function Answered({
  tried,
  endpoint,
  isAsSent,
}: {
  tried: Answer<'tryEndpoint'>
  endpoint: string
  /** Of a model whose request is its input. */
  isAsSent: boolean
}) {
  const record = tried.record as unknown as PredictionRecord | null
  const { prediction, probability, version } = tried.answer
  return (
    <div className="answered" aria-live="polite">
      <Facts
        facts={[
          ...(prediction === undefined ? [] : [['Prediction', <strong key="p">{String(prediction)}</strong>] as const]),
          ...(probability === undefined
            ? []
            : [['Probability', <strong key="q">{String(probability)}</strong>] as const]),
          ...(record
            ? ([
                ['Answered by', <Ref key="v" to={`model-version:${record.version}`} />],
                [
                  'Took',
                  `${latencyWord(record.latencyUs / 1000)} in the service, ${latencyWord(tried.tookMs)} on the way too`,
                ],
                ['Age of its features', record.featureAgeMs === null ? 'it has none' : duration(record.featureAgeMs)],
                ['Its record', <Ref key="i" to={`prediction:${record.id}`} />],
              ] as const)
            : ([
                ['Answered by', version === undefined ? endpoint : `version ${String(version)}`],
                ['Took', latencyWord(tried.tookMs)],
                ['Its record', 'has not come from the prediction service yet'],
              ] as const)),
        ]}
      />
      {record && <InputsTable record={record} isAsSent={isAsSent} />}
      <JsonTree name="The whole answer" value={tried.answer} open={record === null} />
    </div>
  )
}

/** Times are sent as UTC milliseconds, which nobody reads. */
const timeWord = (datatype: string, text: string): string =>
  datatype === 'INT64' && /^\d{12,13}$/.test(text) ? `, ${absoluteTime(Number(text))} UTC if a time` : ''

/** A form with what a request has; asks the prediction service and shows what the answer was made of. */
export function TryPanel({
  endpoint,
  version,
  newest,
}: {
  endpoint: string
  /** That serves. */
  version: { model: string; number: string } | null
  newest: PredictionRecord | undefined
}) {
  const [typed, setTyped] = useState<Record<string, string>>({})
  // What is typed over must not change while more is answered.
  const [begun] = useState(newest)
  const [tensors, setTensors] = useState<string | null>(null)
  const session = useSession()
  const described = useQuery({
    ...reading('modelVersion', { params: { model: version?.model ?? '', version: version?.number ?? '' } }),
    enabled: version !== null,
  })
  const fields = described.data?.version.signature.request ?? []
  const areTensors = fields.some(({ shape }) => shape !== undefined)
  const textFor = (place: number): string => typed[fields[place]!.name] ?? startingText(fields[place]!, begun?.request)
  const asking = useMutation({
    mutationFn: async () =>
      call('tryEndpoint', {
        params: { endpoint },
        body: {
          request: areTensors
            ? (JSON.parse(tensors ?? tensorsOf(fields)) as Record<string, never>)
            : requestOf(fields, Object.fromEntries(fields.map(({ name }, place) => [name, textFor(place)]))),
        },
      }),
  })
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    asking.mutate()
  }
  const mayNot = session !== undefined && !session.may.includes('developer')
  return (
    <Panel
      title="Try it"
      className="try-panel"
      says="Asks a prediction service as an application would; begins with the newest request. It is logged like any other."
    >
      {version === null ? (
        <EmptyState command={`npx millwright deploy ${endpoint} 1`}>
          Nothing serves yet: deploy a version first.
        </EmptyState>
      ) : described.error && !described.data ? (
        <ErrorState error={described.error} retry={() => void described.refetch()} />
      ) : !described.data ? (
        <Loading what="what a request has" />
      ) : (
        <form onSubmit={submit} className="form try">
          {areTensors ? (
            <label>
              Tensors
              <textarea
                rows={10}
                spellCheck={false}
                value={tensors ?? tensorsOf(fields)}
                onChange={({ target }) => setTensors(target.value)}
              />
            </label>
          ) : (
            <div className="fields">
              {fields.map(({ name, datatype, optional }, place) => (
                <label key={name}>
                  <span>
                    {name}{' '}
                    <span className="muted">{`${datatype}${optional ? ', may be missing' : ''}${timeWord(datatype, textFor(place))}`}</span>
                  </span>
                  <input
                    value={textFor(place)}
                    spellCheck={false}
                    onChange={({ target }) => setTyped((before) => ({ ...before, [name]: target.value }))}
                  />
                </label>
              ))}
            </div>
          )}
          <footer>
            <button
              type="submit"
              className="primary"
              disabled={mayNot || asking.isPending}
              title={mayNot ? 'Sign in: this needs the role developer' : 'Asks the prediction service'}
            >
              {asking.isPending ? 'Asking…' : 'Ask'}
            </button>
          </footer>
          {asking.error && <ErrorState error={asking.error} />}
        </form>
      )}
      {asking.data && (
        <Answered tried={asking.data} endpoint={endpoint} isAsSent={described.data?.version.definitionHash === null} />
      )}
    </Panel>
  )
}
