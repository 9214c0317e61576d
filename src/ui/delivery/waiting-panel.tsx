import { Command } from '../components/command.tsx'
import { Icon } from '../components/icon.tsx'
import { Panel } from '../components/panel.tsx'
import type { DeliveryState } from './delivery.tsx'
import { shortHash } from './short-hash.ts'

const mostShown = 5

/** What is not in force here and could be: what each package still needs, and the command for who may give it. */
export function WaitingPanel({ delivery: { packages, environment } }: { delivery: DeliveryState }) {
  const newest = packages.find(({ inForce }) => inForce)?.package.receivedAt ?? 0
  const waiting = packages.filter(({ package: { receivedAt }, inForce }) => !inForce && receivedAt > newest)
  const where = environment ? ` --environment ${environment.name}` : ''
  const to = environment?.name ?? 'development'
  return (
    <Panel
      title={environment ? `Waiting for ${environment.name}` : 'Waiting'}
      says="Packages newer than the one in force, and what each still needs by the rules in force."
    >
      {waiting.length === 0 ? (
        <p className="muted">Nothing waits: the newest package is in force.</p>
      ) : (
        <ul className="waiting">
          {waiting.slice(0, mostShown).map(({ package: { id }, missing }) => (
            <li key={id}>
              <p>
                <Icon name={missing.length === 0 ? 'good' : 'warning'} /> <code>{shortHash(id)}</code>{' '}
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
                    ? `npx millwright approve ${shortHash(id)}${where}`
                    : `npx millwright promote ${shortHash(id)} --to ${to}`
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
