import type { Finding, GoldenRequests } from '../../../contract/ci.ts'
import { type CheckVerdict, fault, note, skipped, verdictOf } from './verdict.ts'

/** The greatest difference between an answer and what it should be. */
const tolerance = 1e-6

type Golden = GoldenRequests[string]['requests'][number]

/** What the prediction service answered to a request. */
export interface ServedAnswer {
  request: Golden['request']
  /** Probability, or value, by the model and the inputs as a training computes them. */
  expected: number
  /** Null when it did not answer; `refusal` then says why. */
  answered: number | null
  refusal: string | null
}

/** What became of requests that were recorded before. */
export interface ReplayedGolden {
  endpoint: string
  /** Where they were recorded: `golden.json`, or a branch. */
  from: string
  /** The project's file that holds it; null where it comes from elsewhere. */
  file: string | null
  request: Golden['request']
  /** Whether it must be answered: of another model it is only told. */
  binding: boolean
  /** What it was answered then; null where it only has to be answered, or another model answers now. */
  wanted: Golden['answer'] | null
  answered: Golden['answer'] | null
  refusal: string | null
}

export interface EndpointAnswers {
  endpoint: string
  rows: readonly ServedAnswer[]
}

/** The prediction service answers what the training would have, and what it answered before. */
export function checkServing(endpoints: readonly EndpointAnswers[], golden: readonly ReplayedGolden[]): CheckVerdict {
  if (endpoints.length === 0 && golden.length === 0) return skipped('serving', 'no endpoint serves')
  const findings: Finding[] = []
  const figures: Record<string, number> = {}
  for (const { endpoint, rows } of endpoints) {
    const place = `endpoints.${endpoint}`
    figures[`${endpoint} requests`] = rows.length
    const refused = rows.find((row) => row.refusal !== null)
    if (refused)
      findings.push(
        fault(
          place,
          `a row of the dataset is refused: ${refused.refusal}; ${JSON.stringify(refused.request)}`,
          'Make the column optional, or send it.',
        ),
      )
    const differences = rows.map(({ expected, answered }) => (answered === null ? 0 : Math.abs(answered - expected)))
    const greatest = Math.max(0, ...differences)
    figures[`${endpoint} difference`] = greatest
    if (!(greatest <= tolerance)) {
      const { request, expected, answered } = rows[differences.findIndex((each) => !(each < greatest))]!
      findings.push(
        fault(
          place,
          `it answers ${answered} where training says ${expected}: ${JSON.stringify(request)}`,
          'Let the inputs read only what a request carries and what is known at its time.',
        ),
      )
    }
  }
  const told = new Set<string>()
  for (const { endpoint, from, file, request, binding, wanted, answered, refusal } of golden) {
    const place = `endpoints.${endpoint}`
    // Every request of a caller who still sends an old column fails alike.
    const about = `${endpoint} ${from} ${refusal}`
    if (refusal !== null && told.has(about)) continue
    told.add(about)
    const stated = file === null ? {} : { file }
    if (refusal !== null)
      findings.push({
        ...stated,
        ...(binding ? fault : note)(
          place,
          `a request that ${from} has recorded is refused: ${refusal}; ${JSON.stringify(request)}`,
          'Go on taking what callers send, or give the endpoint another name.',
        ),
      })
    else if (wanted && answered && !agrees(wanted, answered))
      findings.push({
        ...stated,
        ...fault(
          place,
          `a request that ${from} has recorded is answered ${answerText(answered)} where ${answerText(wanted)} was the answer: ${JSON.stringify(request)}`,
          'Find what changed the answer; record it anew when it is meant.',
        ),
      })
  }
  const asked = endpoints.reduce((sum, { rows }) => sum + rows.length, 0)
  return verdictOf(
    'serving',
    `${asked} requests are answered as in training${golden.length > 0 ? `, and ${golden.length} recorded ones as before` : ''}`,
    findings,
    figures,
  )
}

const answerText = ({ prediction, probability }: NonNullable<Golden['answer']>): string =>
  probability === null ? String(prediction) : `${prediction} (${probability})`

function agrees(a: NonNullable<Golden['answer']>, b: NonNullable<Golden['answer']>): boolean {
  if (a.probability !== null && b.probability !== null) return Math.abs(a.probability - b.probability) <= tolerance
  return typeof a.prediction === 'number' && typeof b.prediction === 'number'
    ? Math.abs(a.prediction - b.prediction) <= tolerance
    : a.prediction === b.prediction
}
