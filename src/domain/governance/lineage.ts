import type { Json } from '../../contract/pipeline.ts'
import type { PredictionRecord } from '../../contract/serving.ts'
import type { Metadata } from '../../ports/metadata.ts'

export interface LineageStep {
  what: string
  name: string
  detail: Record<string, Json>
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
  const deployments = await metadata.find('deployment', { where: { endpoint: record.endpoint, version: version.id } })
  const deployment = deployments.filter((each) => each.startedAt <= record.time).at(-1)
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
