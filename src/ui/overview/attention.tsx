import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Mark } from '../components/mark.tsx'
import { Ref } from '../components/ref.tsx'
import { When } from '../components/when.tsx'
import { counted } from '../format.ts'
import { reading } from '../queries.ts'
import { type StageState, stageViews } from '../stages.ts'

const mostAlerts = 20

/** In one line that all is well, or what is not; opened, where to look. It stays one line high until somebody opens it. */
export function Attention({ stages, now }: { stages: readonly StageState[]; now: number }) {
  const { data } = useQuery(reading('alerts', { query: { state: 'open' } }))
  const alerts = data?.alerts ?? []
  // Alerts stand for themselves, one by one.
  const troubled = stages
    .filter(
      ({ stage, state }) => (state === 'warning' || state === 'bad') && !(stage === 'monitoring' && alerts.length > 0),
    )
    .map((each) => ({ ...each, view: stageViews.find(({ stage }) => stage === each.stage) }))
  const count = troubled.length + alerts.length
  if (stages.length === 0) return <p className="attention">&nbsp;</p>
  if (count === 0)
    return (
      <p className="attention">
        <Mark name="good" /> Nothing asks for attention.
      </p>
    )
  const names = [
    ...troubled.map(({ view, summary }) => `${view?.title}: ${summary}`),
    ...alerts.map(({ message }) => message),
  ]
  return (
    <details className="attention">
      <summary>
        <Mark name={troubled.some(({ state }) => state === 'bad') || alerts.length > 0 ? 'bad' : 'warning'} />{' '}
        <strong>{counted(count, 'thing asks', 'things ask')} for attention.</strong> {names.join(' · ')}
      </summary>
      <ul aria-label="What asks for attention">
        {troubled.map(({ stage, state, summary, view }) => (
          <li key={stage}>
            <Mark name={state} />{' '}
            <Link to={view?.path ?? '/'} search={{}}>
              {view?.title ?? stage}
            </Link>
            : {summary}
          </li>
        ))}
        {alerts.slice(0, mostAlerts).map(({ id, monitor, message, raisedAt }) => (
          <li key={id}>
            <Mark name="bad" /> <Ref to={`monitor:${monitor}`} />: {message}{' '}
            <span className="muted">
              <When time={raisedAt} now={now} />
            </span>
          </li>
        ))}
        {alerts.length > mostAlerts && (
          <li className="muted">
            and {counted(alerts.length - mostAlerts, 'more open alert')}, on the screen of monitors
          </li>
        )}
      </ul>
    </details>
  )
}
