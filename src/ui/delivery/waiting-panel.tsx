import { Command } from '../components/command.tsx'
import { Panel } from '../components/panel.tsx'
import type { DeliveryState } from './delivery.tsx'
import { Mark } from './mark.tsx'
import { shortHash } from './short-hash.ts'

const mostShown = 5

/** What is not in force here and could be: what each package still needs, and the command for who may give it. */
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
          {waiting.slice(0, mostShown).map(({ package: { id }, missing }) => (
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
              <Command
                line={
                  missing.some((rule) => rule.includes('approval'))
                    ? `npx millwright approve ${shortHash(id)} --environment ${here}`
                    : `npx millwright promote ${shortHash(id)} --to ${here}`
                }
              />
            </li>
          ))}
        </ul>
      )}
      {waiting.length > mostShown && <p className="muted">and {waiting.length - mostShown} older ones</p>}
    </Panel>
  )
}
