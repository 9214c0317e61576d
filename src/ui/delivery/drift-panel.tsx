import { Link } from '@tanstack/react-router'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { When } from '../components/when.tsx'
import type { DeliveryState } from './delivery.tsx'

/** What runs otherwise than it was applied, and who did it. */
export function DriftPanel({ drift }: { drift: DeliveryState['drift'] }) {
  return (
    <Panel title="As applied" says="Whether what runs is what was applied; where it is not, who changed it.">
      {drift.length === 0 ? (
        <p>
          <Mark name="good" /> Everything runs as it was applied.
        </p>
      ) : (
        <ul className="drift">
          {drift.map(({ what, message, by, at }) => (
            <li key={what}>
              <Mark name="warning" /> {message}
              {by !== null && (
                <span className="muted">
                  {' '}
                  by{' '}
                  <Link to="/" search={{}}>
                    {by}
                  </Link>
                  {at !== null && (
                    <>
                      {', '}
                      <When time={at} now={Date.now()} />
                    </>
                  )}
                </span>
              )}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
}
