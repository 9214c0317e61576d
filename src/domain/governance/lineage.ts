import type { TrackedOrigin } from '../../contract/lineage.ts'
import type { ModelVersionRecord } from '../../contract/model.ts'
import type { Json } from '../../contract/pipeline.ts'
import type { RunRecord } from '../../contract/run.ts'
import type { DeploymentRecord, PredictionRecord } from '../../contract/serving.ts'
import type { RecordReader } from '../../ports/metadata.ts'
import { parsePipelineRunId } from '../tracking/pipeline-run-id.ts'

export interface LineageStep {
  what: string
  name: string
  detail: Record<string, Json>
}

/** The rollout that brought a prediction's version to its endpoint. */
export async function rolloutOf(
  records: RecordReader,
  { endpoint, version, time }: PredictionRecord,
): Promise<DeploymentRecord | undefined> {
  const deployments = await records.find('deployment', {
    where: { endpoint, version },
    orderBy: { field: 'startedAt' },
  })
  return deployments.filter(({ startedAt }) => startedAt <= time).at(-1)
}

/**
 * What a client logged of the version: the logged model, the run that made it, and what it read.
 *
 * @param isAlone whether its commit stands nowhere else.
 */
function originSteps({ model, run, inputs }: TrackedOrigin, isAlone: boolean): LineageStep[] {
  const steps: LineageStep[] = []
  if (model) steps.push({ what: 'logged model', name: model.name ?? model.id, detail: { ...model } })
  if (!run) return steps
  const { commit, script, experiment, ...said } = run
  const detail = { ...said, experiment: experiment?.name ?? null }
  steps.push({ what: 'tracked run', name: run.name ?? run.id, detail })
  if (isAlone && commit !== null) steps.push({ what: 'code', name: commit, detail: { script } })
  for (const input of inputs) steps.push({ what: 'logged dataset', name: input.name, detail: { ...input } })
  return steps
}

/** The run of a pipeline that made a version, or whose step the tracked run is of. */
export async function pipelineRunOf(
  records: RecordReader,
  version: ModelVersionRecord | undefined,
  origin: TrackedOrigin | null,
): Promise<RunRecord | undefined> {
  const id = origin ? origin.step?.split('/')[0] : version?.runId && parsePipelineRunId(version.runId)?.runId
  return id ? records.get('run', id) : undefined
}

/** One prediction, back to the version, its gates, the rollout, the run, the data and the commit. */
export async function lineageOf(
  records: RecordReader,
  record: PredictionRecord,
  {
    version,
    origin,
    run,
  }: { version: ModelVersionRecord | undefined; origin: TrackedOrigin | null; run: RunRecord | undefined },
): Promise<LineageStep[]> {
  const steps: LineageStep[] = [
    {
      what: 'prediction',
      name: record.id,
      detail: { endpoint: record.endpoint, key: record.key, time: record.time, score: record.score, role: record.role },
    },
  ]
  if (!version) return steps
  steps.push({
    what: 'model version',
    name: version.id,
    detail: {
      hash: version.hash,
      model: version.modelHash ?? version.onnxHash ?? version.filesHash,
      madeBy: version.madeBy,
      trainedUntil: version.trainedUntil,
      gates: version.verdicts.map((verdict) => `${verdict.passed ? 'passed' : 'refused'}: ${verdict.gate}`),
    },
  })
  const deployment = await rolloutOf(records, record)
  if (deployment)
    steps.push({
      what: 'rollout',
      name: deployment.id,
      detail: { startedBy: deployment.startedBy, reason: deployment.reason, startedAt: deployment.startedAt },
    })
  if (origin) steps.push(...originSteps(origin, run === undefined))
  if (run) {
    steps.push({
      what: 'run',
      name: run.id,
      detail: { pipeline: run.pipeline, startedBy: run.startedBy, reason: run.reason, definition: run.definitionHash },
    })
    steps.push({
      what: 'code',
      name: run.source.commit ?? 'not in a repository',
      detail: { dirty: run.source.dirty, lockfile: run.source.lockfileHash },
    })
  }
  const read = [version.datasetVersion, ...(origin?.reads ?? []), ...(origin?.inputs ?? []).map((each) => each.version)]
  for (const id of new Set(read)) {
    const data = id === null ? undefined : await records.get('dataset_version', id)
    if (data)
      steps.push({
        what: 'data',
        name: data.id,
        detail: { hash: data.hash, rows: data.rows, from: data.from, to: data.to },
      })
  }
  return steps
}
