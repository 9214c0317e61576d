import { useQuery } from '@tanstack/react-query'
import type { Json } from '../../contract/pipeline.ts'
import type { RunRecord, StepRecord } from '../../contract/run.ts'
import { addressFor } from '../api.ts'
import { useProjectTime } from '../clock.ts'
import { JsonTree } from '../components/code.tsx'
import { Mark } from '../components/mark.tsx'
import { Panel } from '../components/panel.tsx'
import { Hash, Ref } from '../components/ref.tsx'
import { Facts } from '../components/screen.tsx'
import { When } from '../components/when.tsx'
import { duration } from '../format.ts'
import { reading } from '../queries.ts'
import { absoluteTime } from '../time.ts'
import { RunRef, ranFor, Starter } from './run-words.tsx'

/** The dataset versions and the model in production that the run looked at, as its first step says. */
function lookedAt(records: ReadonlyMap<string, StepRecord>): { datasets: string[]; production: string | null } {
  const output: Json = records.get('extract')?.output ?? null
  if (output === null || typeof output !== 'object' || Array.isArray(output)) return { datasets: [], production: null }
  const reads = output.reads
  return {
    datasets:
      reads !== null && typeof reads === 'object' && !Array.isArray(reads)
        ? Object.entries(reads).flatMap(([dataset, read]) =>
            read !== null && typeof read === 'object' && !Array.isArray(read)
              ? [`${dataset}@${String(read.version)}`]
              : [],
          )
        : [],
    production: typeof output.production === 'string' ? output.production : null,
  }
}

const none = <span className="muted">none</span>

/** Everything that a run was made of: who and why, what code and data, where. */
export function RunFacts({ run, records }: { run: RunRecord; records: ReadonlyMap<string, StepRecord> }) {
  const now = useProjectTime()?.now
  const { data } = useQuery(reading('reproductions', { query: { run: run.id } }))
  const { datasets, production } = lookedAt(records)
  const { source, environment } = run
  return (
    <div className="columns">
      <Panel title="How it came about" says="Who or what started it, with which arguments, and when.">
        <Facts
          facts={[
            ['Run', <code key="id">{run.id}</code>],
            ['Started by', <Starter key="by" by={run.startedBy} />],
            ['Because', run.reason],
            ['Project time', now === undefined ? '' : <When key="time" time={run.time} now={now} />],
            ['Queued', `${absoluteTime(run.queuedAt)} UTC`],
            ['Began', run.startedAt === null ? '–' : `${absoluteTime(run.startedAt)} UTC`],
            ['Ended', run.endedAt === null ? '–' : `${absoluteTime(run.endedAt)} UTC`],
            ['Took', duration(ranFor(run))],
            ...(run.from ? [['Starts from', <RunRef key="from" id={run.from} />] as const] : []),
            ...(run.force.length > 0 ? [['Run whatever was done', run.force.join(', ')] as const] : []),
          ]}
        />
        <JsonTree value={run.params} name="Arguments" />
      </Panel>
      <Panel title="What it was made of" says="Code, data and place: with these it can be made again.">
        <Facts
          facts={[
            [
              'Commit',
              source.commit === null ? (
                none
              ) : (
                <span key="commit">
                  <Hash value={source.commit} />
                  {source.dirty && (
                    <>
                      {' '}
                      <Mark name="warning" /> with changes that are not committed
                    </>
                  )}
                </span>
              ),
            ],
            [
              'Package',
              run.packageHash === null ? (
                none
              ) : (
                <Hash key="p" value={run.packageHash} to={`package:${run.packageHash}`} />
              ),
            ],
            ['Definition', <Hash key="d" value={run.definitionHash} to={`definition:${run.definitionHash}`} />],
            [
              'Pipeline',
              <a key="pipeline" href={addressFor('runPipeline', { params: { run: run.id } })} title={run.pipelineHash}>
                <code>{run.pipelineHash.slice(0, 12)}</code>
              </a>,
            ],
            ['Lockfile', <Hash key="lock" value={source.lockfileHash} />],
            ...(datasets.length > 0
              ? [
                  [
                    'Data',
                    datasets.map((version, at) => (
                      <span key={version}>
                        {at > 0 && ', '}
                        <Ref to={`dataset:${version.slice(0, version.indexOf('@'))}`}>{version}</Ref>
                      </span>
                    )),
                  ] as const,
                ]
              : []),
            ...(production
              ? [['In production then', <Ref key="m" to={`model-version:${production}`} />] as const]
              : []),
            ['Environment', run.environmentName ?? none],
            ['Millwright', environment.millwright],
            ['Node', `${environment.node}, ${environment.platform} ${environment.arch}`],
            [
              'Machine',
              `${environment.cpus} processors, ${Math.round(environment.memoryMb / 1024).toLocaleString('en')} GB of memory`,
            ],
            [
              'Made again',
              data && data.reproductions.length > 0
                ? data.reproductions.map(({ id, report }) => (
                    <span key={id}>
                      <Mark name={report.verdict === 'identical' ? 'good' : 'warning'} /> {report.message}{' '}
                    </span>
                  ))
                : 'not yet',
            ],
          ]}
        />
      </Panel>
    </div>
  )
}
