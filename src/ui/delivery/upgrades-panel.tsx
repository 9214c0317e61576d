import type { UseQueryResult } from '@tanstack/react-query'
import { Fragment } from 'react'
import type { Answer } from '../api.ts'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { EmptyState, ErrorState, Loading } from '../components/states.tsx'
import { When } from '../components/when.tsx'
import { shortHash } from './short-hash.ts'

type Tried = Answer<'upgrades'>['upgrades'][number]
type Upgraded = Tried['report']['upgraded']

/** Each package with its versions, which stay together where a line has the room. */
function Versions({ of }: { of: Upgraded }) {
  return of.map(({ lock, name, from, to }, place) => (
    <Fragment key={`${lock} ${name}`}>
      <span className="whole">
        <code>
          {name} {from} → {to}
        </code>
        {place < of.length - 1 && ','}
      </span>{' '}
    </Fragment>
  ))
}

/** The package by its hash: to be taken from here when it was brought here. */
function Made({ hash, isHere }: { hash: string; isHere: boolean | null }) {
  const code = <code title={hash}>{shortHash(hash)}</code>
  return (
    <p>
      package {isHere ? <a href={`/api/packages/${hash}/file`}>{code}</a> : code}
      {isHere === false && <span className="muted"> (not brought here yet)</span>}
    </p>
  )
}

function Attempt({ tried: { report, by, at }, isHere }: { tried: Tried; isHere: boolean | null }) {
  const { verdict, upgraded, reasons, culprits, readyWithout, undecided } = report
  const isReady = verdict === 'ready'
  return (
    <li>
      <p>
        <Mark name={isReady ? 'good' : 'bad'} /> <strong>{isReady ? 'Ready' : 'Not ready'}</strong>{' '}
        <Versions of={upgraded} />
      </p>
      <p className="muted">
        <When time={at} now={Date.now()} /> by {by}
      </p>
      {report.package !== null && <Made hash={report.package} isHere={isHere} />}
      {culprits.length === 0 && reasons.length > 0 && (
        <ul>
          {reasons.map(({ what, message }) => (
            <li key={`${what} ${message}`}>{message}</li>
          ))}
        </ul>
      )}
      {culprits.length > 0 && (
        <ul>
          {culprits.map((culprit) => (
            <li key={culprit.upgraded.map(({ lock, name }) => `${lock} ${name}`).join()}>
              To blame{culprit.upgraded.length > 1 && ', only together'}: <Versions of={culprit.upgraded} />
              {culprit.reasons.map(({ message }) => ` – ${message}`)}
            </li>
          ))}
          {readyWithout.length > 0 && (
            <li>
              Ready without: <Versions of={readyWithout} />
            </li>
          )}
          {undecided.length > 0 && (
            <li>
              Not decided: <Versions of={undecided} />
            </li>
          )}
        </ul>
      )}
    </li>
  )
}

/** Newer versions of packages that were tried with the project, and what came of it. @param here hashes of packages that are here; null while nobody knows. */
export function UpgradesPanel({
  upgrades: { data, error, refetch },
  here,
}: {
  upgrades: UseQueryResult<Answer<'upgrades'>>
  here: ReadonlySet<string> | null
}) {
  return (
    <Panel title="Upgrades tried" says="Newer versions of packages, tried in a copy of the project on the same data.">
      {error && !data ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Loading what="upgrades" />
      ) : data.upgrades.length === 0 ? (
        <EmptyState command="npx millwright upgrade-check">
          No newer version was tried yet: see what is behind.
        </EmptyState>
      ) : (
        <ul className="upgrades">
          {data.upgrades.map((tried) => (
            <Attempt key={tried.id} tried={tried} isHere={here?.has(tried.report.package ?? '') ?? null} />
          ))}
        </ul>
      )}
    </Panel>
  )
}
