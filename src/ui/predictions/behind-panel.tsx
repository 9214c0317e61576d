import type { ReactNode } from 'react'
import type { TrackedOrigin } from '../../contract/lineage.ts'
import type { Answer } from '../api.ts'
import { Panel } from '../components/panel.tsx'
import { Hash, Ref } from '../components/ref.tsx'
import { Facts } from '../components/screen.tsx'

type Lineage = Answer<'lineage'>
type Fact = readonly [name: string, value: ReactNode]

const gone = { deleted: 'deleted', removed: 'removed for good', unknown: 'not known here' } as const

/** The name of a tracked run as the way to its screen; its id alone where it is not here any more. */
function TrackedRunRef({ run }: { run: NonNullable<TrackedOrigin['run']> }) {
  if (run.presence === 'removed' || run.presence === 'unknown')
    return (
      <>
        <code>{run.id}</code> <span className="muted">({gone[run.presence]})</span>
      </>
    )
  return (
    <>
      <Ref to={`tracked-run:${run.id}`}>{run.name}</Ref>
      {run.presence === 'deleted' && <span className="muted"> (deleted)</span>}
      {run.experiment && (
        <>
          {' in '}
          <Ref to={`experiment:${run.experiment.id}`}>{run.experiment.name}</Ref>
        </>
      )}
      {run.user && `, by ${run.user}`}
    </>
  )
}

/** What a run read, each with where it stands. */
function Data({ inputs, reads }: TrackedOrigin) {
  const logged = new Set(inputs.map(({ version }) => version))
  const others = reads.filter((id) => !logged.has(id))
  const versionRef = (id: string) => <Ref to={`dataset:${id}`}>{id}</Ref>
  return (
    <ul>
      {inputs.map(({ name, digest, context, version, subject }) => (
        <li key={subject}>
          <Ref to={subject}>{name}</Ref> <code>{digest}</code>
          {context && <span className="muted">, {context}</span>}
          {version && <>, of {versionRef(version)}</>}
        </li>
      ))}
      {others.map((id) => (
        <li key={id}>{versionRef(id)}</li>
      ))}
    </ul>
  )
}

/** Of a version that a client registered. */
function trackedFacts({ tracked, run, madeBy }: Lineage): Fact[] {
  if (!tracked) return []
  const isSilent = tracked.inputs.length + tracked.reads.length === 0
  const isRunHere = tracked.run?.presence === 'here' || tracked.run?.presence === 'deleted'
  return [
    ['Registered by', madeBy ?? 'not known'],
    ['Tracked run', tracked.run ? <TrackedRunRef key="t" run={tracked.run} /> : 'not said'],
    ['Data that it logged', isSilent ? isRunHere ? 'none' : 'not known' : <Data key="d" {...tracked} />],
    ...(run
      ? []
      : [
          [
            'Commit',
            tracked.run?.commit ? <Hash key="c" value={tracked.run.commit} /> : isRunHere ? 'not said' : 'not known',
          ] as const,
        ]),
  ]
}

/** Of a version that a run of a pipeline made, or whose tracked run is of one. */
function runFacts({ run, tracked }: Lineage): Fact[] {
  if (!run && tracked) return []
  return [
    [
      'Run',
      run ? (
        <Ref key="u" to={tracked?.step ? `step:${tracked.step}` : `run:${run.id}`}>
          {tracked?.step ?? run.id}
        </Ref>
      ) : (
        'none: the model came as a file'
      ),
    ],
    ['Started by', run ? `${run.startedBy}: ${run.reason}` : '–'],
    ['Commit', run?.source.commit ? <Hash key="c" value={run.source.commit} /> : 'of no repository'],
    ['Package', run?.packageHash ? <Hash key="p" value={run.packageHash} to={`package:${run.packageHash}`} /> : 'none'],
    ['Definition', run ? <Hash key="d" value={run.definitionHash} to={`definition:${run.definitionHash}`} /> : '–'],
  ]
}

/** Who and what is behind a prediction: the rollout, the run, the code and the data, and who agreed to them. */
export function BehindPanel({ lineage }: { lineage: Lineage }) {
  const { rollout, gates, approvals } = lineage
  return (
    <Panel
      title="Who and what is behind it"
      says="The rollout, the run, the code and the data, and who agreed to them."
    >
      <Facts
        facts={[
          [
            'Rolled out by',
            rollout ? (
              <Ref key="r" to={rollout.startedBy}>
                {rollout.startedBy}
              </Ref>
            ) : (
              'not known'
            ),
          ],
          ['Because', rollout?.reason ?? '–'],
          ...trackedFacts(lineage),
          ...runFacts(lineage),
          [
            'Approved by',
            approvals.length === 0
              ? 'nobody had to, or did'
              : approvals.map(({ by, role }) => `${by} (${role})`).join(', '),
          ],
          [
            'Gates',
            gates.length === 0 ? 'none' : `${gates.filter(({ passed }) => passed).length} of ${gates.length} passed`,
          ],
        ]}
      />
    </Panel>
  )
}
