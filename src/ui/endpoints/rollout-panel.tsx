import type { Event } from '../../contract/events.ts'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { PlainTable } from '../components/plain-table.tsx'
import { Ref } from '../components/ref.tsx'
import { EmptyState } from '../components/states.tsx'
import { When } from '../components/when.tsx'
import { count, duration, figure, percent } from '../format.ts'
import { DeployAction } from './deploy-action.tsx'
import { latencyWord } from './latency-word.ts'
import type { EndpointState } from './standing.tsx'
import type { Traffic } from './use-traffic.ts'

const verdicts = {
  wait: { mark: 'working', word: 'It waits' },
  advance: { mark: 'good', word: 'It goes on' },
  'roll-back': { mark: 'bad', word: 'It goes back' },
} as const
const marks = { info: 'info', good: 'good', warning: 'warning', bad: 'bad' } as const

function Steps({ state, current }: { state: EndpointState; current: number | null }) {
  const { steps, holdMs, minAnswers } = state.endpoint.definition.rollout
  return (
    <ol className="steps" aria-label="Steps of a rollout">
      {steps.map((share, place) => (
        <li key={share} aria-current={place === current ? 'step' : undefined}>
          <strong>{percent(share)}</strong>
          <span className="muted">
            {place === steps.length - 1 && share >= 1
              ? 'serves alone'
              : holdMs === 0 && minAnswers === 0
                ? 'not held'
                : `at least ${duration(holdMs)}, ${count(minAnswers)} answers`}
          </span>
        </li>
      ))}
    </ol>
  )
}

/** How a rollout goes: its steps, what is judged now, and why it went on or back before. */
export function RolloutPanel({
  state,
  traffic,
  events,
  now,
}: {
  state: EndpointState
  traffic: Traffic | undefined
  /** Of the endpoint, newest first. */
  events: readonly Event[]
  now: number
}) {
  const { endpoint, deployments } = state
  const rolling = deployments.find((each) => each.state === 'rolling')
  const standing = traffic?.rollout ?? null
  const { maxErrorShare, maxLatencyRatio, maxScoreShift, minAnswers, holdMs } = endpoint.definition.rollout
  const previous = deployments.find(
    ({ version, state: each }) => version === endpoint.serving && each !== 'rolled-back',
  )?.previous
  return (
    <Panel
      title="Rollout"
      says="The steps by which a new version takes the traffic, what each is judged by, and why it went on or back."
      actions={
        (rolling ? endpoint.serving : previous) && (
          <DeployAction endpoint={endpoint.id} version={(rolling ? endpoint.serving : previous)!} isBack />
        )
      }
    >
      <Steps state={state} current={rolling?.step ?? null} />
      {rolling && standing ? (
        <PlainTable label="What the step is judged by">
          <p className="verdict">
            <Mark name={verdicts[standing.action].mark} /> {verdicts[standing.action].word}: {standing.because}.
          </p>
          <table>
            <thead>
              <tr>
                <th scope="col">In this step</th>
                <th scope="col" className="numeric">
                  {rolling.version}, canary
                </th>
                <th scope="col" className="numeric">
                  {endpoint.serving ?? '–'}, serving
                </th>
                <th scope="col">Asked</th>
              </tr>
            </thead>
            <tbody>
              <tr>
                <th scope="row">Held</th>
                <td className="numeric">{duration(standing.heldMs)}</td>
                <td />
                <td>at least {duration(holdMs)}</td>
              </tr>
              <tr>
                <th scope="row">Answers</th>
                <td className="numeric">{count(standing.canary.answers)}</td>
                <td className="numeric">{count(standing.primary.answers)}</td>
                <td>at least {count(minAnswers)}</td>
              </tr>
              <tr>
                <th scope="row">Errors</th>
                <td className="numeric">{count(standing.canary.errors)}</td>
                <td className="numeric">{count(standing.primary.errors)}</td>
                <td>at most {percent(maxErrorShare)} of its answers</td>
              </tr>
              <tr>
                <th scope="row">Latency, p95</th>
                <td className="numeric">{latencyWord(standing.canary.p95Ms)}</td>
                <td className="numeric">{latencyWord(standing.primary.p95Ms)}</td>
                <td>at most {maxLatencyRatio} times the other</td>
              </tr>
              <tr>
                <th scope="row">Mean score</th>
                <td className="numeric">{figure(standing.canary.meanScore)}</td>
                <td className="numeric">{figure(standing.primary.meanScore)}</td>
                <td>at most {maxScoreShift} away</td>
              </tr>
            </tbody>
          </table>
        </PlainTable>
      ) : (
        <p className="muted">No rollout is under way.</p>
      )}
      {events.length > 0 ? (
        <ol className="moves happened" aria-label="What happened, newest first">
          {events.map(({ seq, time, level, message, actor }) => (
            <li key={seq}>
              <When time={time} now={now} />
              <span>
                <Mark name={marks[level]} /> {message}
              </span>
              <span className="muted">
                <Ref to={actor}>{actor.startsWith('run:') ? 'its run' : actor}</Ref>
              </span>
            </li>
          ))}
        </ol>
      ) : (
        <EmptyState>Nothing was deployed here yet.</EmptyState>
      )}
    </Panel>
  )
}
