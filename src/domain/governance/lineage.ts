import type { Json } from '../../contract/pipeline.ts'
import type { DeploymentRecord, PredictionRecord } from '../../contract/serving.ts'
import type { Metadata } from '../../ports/metadata.ts'

export interface LineageStep {
  what: string
  name: string
  detail: Record<string, Json>
}

/** The rollout that brought a prediction's version to its endpoint. */
export async function rolloutOf(
  metadata: Metadata,
  { endpoint, version, time }: PredictionRecord,
): Promise<DeploymentRecord | undefined> {
  const deployments = await metadata.find('deployment', {
    where: { endpoint, version },
    orderBy: { field: 'startedAt' },
  })
  return deployments.filter(({ startedAt }) => startedAt <= time).at(-1)
}

/** One prediction, back to the version, its gates, the rollout, the run, the data and the commit. */
export async function lineageOf(metadata: Metadata, record: PredictionRecord): Promise<LineageStep[]> {
  const steps: LineageStep[] = [
    {
      what: 'prediction',
      name: record.id,
      detail: { endpoint: record.endpoint, key: record.key, time: record.time, score: record.score, role: record.role },
    },
  ]
  const version = await metadata.get('model_version', record.version)
  if (!version) return steps
  steps.push({
    what: 'model version',
    name: version.id,
    detail: {
      hash: version.hash,
      model: version.modelHash ?? version.onnxHash,
      trainedUntil: version.trainedUntil,
      gates: version.verdicts.map((verdict) => `${verdict.passed ? 'passed' : 'refused'}: ${verdict.gate}`),
    },
  })
  const deployment = await rolloutOf(metadata, record)
  if (deployment)
    steps.push({
      what: 'rollout',
      name: deployment.id,
      detail: { startedBy: deployment.startedBy, reason: deployment.reason, startedAt: deployment.startedAt },
    })
  const run = version.runId === null ? undefined : await metadata.get('run', version.runId)
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
  const data =
    version.datasetVersion === null ? undefined : await metadata.get('dataset_version', version.datasetVersion)
  if (data)
    steps.push({
      what: 'data',
      name: data.id,
      detail: { hash: data.hash, rows: data.rows, from: data.from, to: data.to },
    })
  return steps
}
