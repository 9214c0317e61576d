import { useQuery } from '@tanstack/react-query'
import type { StepDefinition } from '../../contract/pipeline.ts'
import type { RunRecord } from '../../contract/run.ts'
import { JsonTree } from '../components/code.tsx'
import { reading } from '../queries.ts'
import { ArtifactList } from './artifact-list.tsx'

/** What a step was given: parameters, and what the steps that it takes from left. */
export function StepInputs({ run, definition }: { run: RunRecord; definition: StepDefinition }) {
  const { data } = useQuery(reading('run', { params: { run: run.id } }))
  const reads = definition.reads ?? Object.keys(run.params)
  const params = { ...Object.fromEntries(reads.map((name) => [name, run.params[name] ?? null])), ...definition.params }
  const takes = definition.takes ?? definition.needs
  return (
    <div className="step-inputs">
      <JsonTree value={params} name="Parameters" />
      {takes.map((name) => {
        const record = data?.steps.find(({ step, index }) => step === name && index === null)
        return (
          <section key={name} aria-label={`From ${name}`}>
            <h3>From {name}</h3>
            {record ? (
              <>
                <ArtifactList artifacts={record.artifacts} />
                <JsonTree value={record.output} name="What it returned" open={false} />
              </>
            ) : (
              <p className="muted">Nothing yet.</p>
            )}
          </section>
        )
      })}
      {takes.length === 0 && <p className="muted">It takes nothing from other steps.</p>}
    </div>
  )
}
