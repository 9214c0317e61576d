import type { LineageNode } from '../../contract/lineage.ts'
import type { RunRecord, StepRecord } from '../../contract/run.ts'
import type { RecordReader } from '../../ports/metadata.ts'
import { scriptPipeline } from '../pipelines/script-run.ts'

const runState = (state: RunRecord['state']): LineageNode['state'] =>
  state === 'succeeded' ? 'good' : state === 'failed' ? 'bad' : 'working'

/** A version of a dataset, by its id. */
export async function datasetNode(records: RecordReader, id: string): Promise<LineageNode> {
  const found = await records.get('dataset_version', id)
  return {
    id: `dataset-version:${id}`,
    kind: 'dataset version',
    title: id,
    detail: found ? `${found.rows.toLocaleString('en')} rows` : 'no longer kept',
    subject: `dataset:${id.slice(0, id.indexOf('@'))}`,
    state: found ? 'good' : 'idle',
  }
}

/** What a run of a pipeline ran by: its code, and its definition. */
export function basisNodes({ source, packageHash, definitionHash, pipeline }: RunRecord): LineageNode[] {
  const { commit, dirty } = source
  const changed = dirty ? ', with changes' : ''
  const code: LineageNode = {
    id: 'code',
    kind: 'code',
    title: commit ? `commit ${commit.slice(0, 12)}` : 'of no repository',
    detail: packageHash ? `package ${packageHash.slice(0, 12)}${changed}` : `no package${changed}`,
    subject: packageHash ? `package:${packageHash}` : null,
    state: dirty ? 'warning' : 'good',
  }
  // A script is of no project.
  if (pipeline === scriptPipeline) return [code]
  const definition: LineageNode = {
    id: `definition:${definitionHash}`,
    kind: 'definition',
    title: definitionHash.slice(0, 12),
    detail: 'as it was in force',
    subject: `definition:${definitionHash}`,
    state: 'good',
  }
  return [code, definition]
}

export const runNode = ({ id, pipeline, state, startedBy }: RunRecord): LineageNode => ({
  id: `run:${id}`,
  kind: 'run',
  title: pipeline,
  detail: `${state}, by ${startedBy}`,
  subject: `run:${id}`,
  state: runState(state),
})

/** A step with the run that it is of. */
export function stepNode(run: RunRecord, { id, step, state }: StepRecord): LineageNode {
  const isScript = run.pipeline === scriptPipeline
  return {
    id: `step:${id}`,
    kind: 'step',
    title: isScript ? run.reason : `${step} of ${run.pipeline}`,
    detail: `${state}, by ${run.startedBy}`,
    subject: `step:${id}`,
    state: state === 'failed' ? 'bad' : state === 'running' ? 'working' : 'good',
  }
}
