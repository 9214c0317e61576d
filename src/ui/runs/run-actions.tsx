import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import type { PipelineDefinition } from '../../contract/pipeline.ts'
import type { RunRecord } from '../../contract/run.ts'
import { call } from '../api.ts'
import { Action } from '../components/action.tsx'
import { StartRun } from '../pipelines/start-run.tsx'
import { reading } from '../queries.ts'
import { isRunOver } from './over.ts'
import { shortRun } from './run-words.tsx'

/** What can be done about a run: stop it, go on with it, start another one like it, hold it beside the one before. */
export function RunActions({ run, pipeline }: { run: RunRecord; pipeline: PipelineDefinition }) {
  const navigate = useNavigate()
  const params = { run: run.id }
  const { data: before } = useQuery(reading('runRows', { query: { pipeline: run.pipeline, before: run.id, limit: 1 } }))
  const { data: inForce } = useQuery(reading('pipelines'))
  const present = inForce?.pipelines.find(({ name }) => name === run.pipeline)
  const previous = before?.rows[0]
  return (
    <>
      {before === undefined && (
        // Its room is kept, so that nothing moves when it is known.
        <button type="button" disabled>
          Compare with the run before
        </button>
      )}
      {previous && (
        <Link to="/runs" search={{ compare: `${previous.id},${run.id}` }} className="button">
          Compare with the run before
        </Link>
      )}
      {!isRunOver(run.state) && (
        <Action
          label="Stop"
          title={`Stop ${shortRun(run.id)}`}
          needs="developer"
          isGrave
          plan={async () => ({
            says: 'Steps that run are told to stop, and are ended some seconds later. What has finished stays finished.',
            effects: ['It can be resumed: finished steps are not run again.'],
          })}
          act={async () => {
            await call('stopRun', { params })
            return `${shortRun(run.id)} is stopped.`
          }}
        />
      )}
      {(run.state === 'failed' || run.state === 'stopped') && (
        <Action
          label="Resume"
          title={`Resume ${shortRun(run.id)}`}
          needs="developer"
          plan={async () => {
            const { steps } = await call('run', { params })
            const own = steps.filter(({ index }) => index === null)
            const done = new Set(
              own.flatMap(({ step, state }) => (['succeeded', 'reused', 'skipped'].includes(state) ? [step] : [])),
            )
            const again = pipeline.steps.filter(({ name }) => !done.has(name))
            return {
              says: `It goes on where it was: ${done.size} of ${pipeline.steps.length} steps are finished and stay so.`,
              effects: again.map(
                ({ name, sideEffects }) => `${name} runs${sideEffects ? ', which changes the world' : ''}`,
              ),
            }
          }}
          act={async () => {
            await call('resumeRun', { params })
            return `${shortRun(run.id)} goes on.`
          }}
        />
      )}
      {inForce === undefined && (
        <button type="button" disabled>
          Run again
        </button>
      )}
      {present && (
        <StartRun
          pipeline={present}
          label="Run again"
          given={run.params}
          onStarted={(id) => void navigate({ to: '/runs/$run', params: { run: id } })}
        />
      )}
    </>
  )
}
