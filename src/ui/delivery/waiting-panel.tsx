import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import type { DeliveryState } from './delivery.tsx'
import { PackageActions } from './package-actions.tsx'
import { shortHash } from './short-hash.ts'

const mostShown = 5

/** What is not in force here and could be: what each package still needs, and the way for who may give it. */
export function WaitingPanel({ delivery: { packages, environments } }: { delivery: DeliveryState }) {
  const newest = packages.find(({ inForce }) => inForce)?.package.receivedAt ?? 0
  const waiting = packages.filter(({ package: { receivedAt }, inForce }) => !inForce && receivedAt > newest)
  const here = environments.find((environment) => environment.here)?.environment ?? 'development'
  return (
    <Panel
      title={`Waiting for ${here}`}
      says="Packages newer than the one in force, and what each still needs by the rules in force."
    >
      {waiting.length === 0 ? (
        <p className="muted">Nothing waits: the newest package is in force.</p>
      ) : (
        <ul className="waiting">
          {waiting
            .slice(0, mostShown)
            .map((row) => ({ row, id: row.package.id, missing: row.missing }))
            .map(({ row, id, missing }) => (
              <li key={id}>
                <p>
                  <Mark name={missing.length === 0 ? 'good' : 'warning'} /> <code>{shortHash(id)}</code>{' '}
                  {missing.length === 0 ? 'may be put into force' : 'waits'}
                </p>
                {missing.length > 0 && (
                  <ul>
                    {missing.map((rule) => (
                      <li key={rule}>{rule}</li>
                    ))}
                  </ul>
                )}
                <PackageActions row={row} here={here} wasInForce={false} />
              </li>
            ))}
        </ul>
      )}
      {waiting.length > mostShown && <p className="muted">and {waiting.length - mostShown} older ones</p>}
    </Panel>
  )
}
