import * as z from 'zod'
import type { LineageGraph, LineageNode, TrackedOrigin } from '../../contract/lineage.ts'
import type { ModelVersionRecord } from '../../contract/model.ts'
import type { StepRecord } from '../../contract/run.ts'
import type { DeploymentRecord } from '../../contract/serving.ts'
import { parsePipelineRunId } from '../tracking/pipeline-run-id.ts'
import { basisNodes, datasetNode, runNode } from './run-nodes.ts'
import { programsGraph, trackedGraph } from './tracked-graph.ts'
import { type LineageReader, trackedOrigin } from './tracked-origin.ts'

/** Candidates that were judged beside a version are looked for among that many after it. */
const mostLater = 50

const states = { registered: 'good', refused: 'bad', candidate: 'working' } as const
/** What a step says that fixed the versions of the data for the run. */
const readsSchema = z.looseObject({
  dataset: z.string(),
  version: z.number(),
  reads: z.record(z.string(), z.looseObject({ version: z.number() })).default({}),
})

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`
const versionNode = (version: ModelVersionRecord, detail: string): LineageNode => ({
  id: `model-version:${version.id}`,
  kind: 'model version',
  title: version.id,
  detail,
  subject: `model-version:${version.id}`,
  state: states[version.state],
})

/** Every version of a dataset that the run read; before runs said so, that of the training set alone. */
function datasetsOf(version: ModelVersionRecord, steps: readonly StepRecord[]): string[] {
  const read = new Set(version.datasetVersion === null ? [] : [version.datasetVersion])
  for (const step of steps) {
    const found = readsSchema.safeParse(step.output)
    if (!found.success) continue
    const { dataset, version: number, reads } = found.data
    read.add(`${dataset}@${number}`)
    for (const [name, each] of Object.entries(reads)) read.add(`${name}@${each.version}`)
  }
  return [...read].sort()
}

/** The version that a client registered once more, as `models:/name/1`; undefined where the name may mean another one by now. */
async function copiedFrom(metadata: LineageReader, version: ModelVersionRecord) {
  const [, name, number] = /^models:\/([^/]+)\/(\d+)$/s.exec(version.source?.uri ?? '') ?? []
  const model = name === undefined ? undefined : await metadata.registry.modelNamed(name)
  const found = model && (await metadata.get('model_version', `${model.key}@${number}`))
  const isIt = found && found.runId === version.runId && found.recordedAt <= version.recordedAt
  return isIt && found.id !== version.id ? found : undefined
}

/** Nodes of a graph come before what they lead to; what stands in several is there once. */
function joined(parts: readonly LineageGraph[]): LineageGraph {
  const nodes = new Map(parts.flatMap((part) => part.nodes.map((node) => [node.id, node])))
  return { nodes: [...nodes.values()], edges: parts.flatMap(({ edges }) => edges) }
}

/** The run of a pipeline that made it, with what that ran by and what its steps read. */
async function pipelineSources(metadata: LineageReader, version: ModelVersionRecord): Promise<LineageGraph> {
  const own = `model-version:${version.id}`
  const runId = version.runId === null ? null : parsePipelineRunId(version.runId)?.runId
  const run = runId ? await metadata.get('run', runId) : undefined
  const made = run ? `run:${run.id}` : own
  const steps = run ? await metadata.find('step', { where: { runId: run.id } }) : []
  const data = await Promise.all(datasetsOf(version, steps).map((id) => datasetNode(metadata, id)))
  const read = { nodes: data, edges: data.map(({ id }) => ({ from: id, to: made })) }
  if (!run) return read
  const programs = steps.flatMap(({ trackedRun }) => trackedRun ?? [])
  const basis = basisNodes(run)
  const ran = {
    nodes: [...basis, runNode(run)],
    edges: [...basis.map(({ id }) => ({ from: id, to: made })), { from: made, to: own }],
  }
  return joined([read, await programsGraph(metadata, programs, made), ran])
}

/** What a version was made from: data, code, definition, run, what a client logged of it, and the version that it was held against. */
export async function versionSources(
  metadata: LineageReader,
  version: ModelVersionRecord,
  origin: TrackedOrigin | null,
): Promise<LineageGraph> {
  const own = `model-version:${version.id}`
  const parts = [await pipelineSources(metadata, version)]
  if (origin) parts.push(await trackedGraph(metadata, origin, own))
  const { nodes, edges } = joined(parts)
  const previous = version.previous === null ? undefined : await metadata.get('model_version', version.previous)
  const beside: [ModelVersionRecord | undefined, string][] = [
    [await copiedFrom(metadata, version), 'it is a copy of'],
    [previous, version.evaluation ? 'it was held against' : 'was in production then'],
  ]
  for (const [other, detail] of beside) {
    if (!other || nodes.some(({ id }) => id === `model-version:${other.id}`)) continue
    nodes.push(versionNode(other, detail))
    edges.push({ from: `model-version:${other.id}`, to: own })
  }
  const passed = version.verdicts.filter((verdict) => verdict.passed).length
  const gates = version.verdicts.length === 0 ? '' : `, ${passed} of ${version.verdicts.length} gates`
  nodes.push(versionNode(version, `${version.state}${gates}`))
  return { nodes, edges }
}

function standing(newest: DeploymentRecord, serving: string | null, frozen: string | null): string {
  if (newest.state === 'rolling') return `takes ${percent(newest.share)}`
  if (serving === newest.version) return 'serves'
  const shadow = frozen === newest.version ? ', answers in the shadow' : ''
  return `${newest.state === 'rolled-back' ? 'was rolled back' : 'served before'}${shadow}`
}

/** A version both ways: what it was made from, which endpoints gave its answers, and which candidates were held against it. */
export async function versionGraph(metadata: LineageReader, version: ModelVersionRecord): Promise<LineageGraph> {
  const { nodes, edges } = await versionSources(metadata, version, await trackedOrigin(metadata, version))
  const own = `model-version:${version.id}`
  const deployments = await metadata.find('deployment', {
    where: { version: version.id },
    orderBy: { field: 'startedAt', direction: 'desc' },
  })
  const newest = new Map<string, DeploymentRecord>()
  for (const deployment of deployments)
    if (!newest.has(deployment.endpoint)) newest.set(deployment.endpoint, deployment)
  for (const [name, deployment] of newest) {
    const endpoint = await metadata.get('endpoint', name)
    const serves = endpoint?.serving === version.id
    nodes.push({
      id: `endpoint:${name}`,
      kind: 'endpoint',
      title: name,
      detail: standing(deployment, endpoint?.serving ?? null, endpoint?.frozen ?? null),
      subject: `endpoint:${name}`,
      state:
        deployment.state === 'rolling'
          ? 'working'
          : serves
            ? 'good'
            : deployment.state === 'rolled-back'
              ? 'warning'
              : 'idle',
    })
    edges.push({ from: own, to: `endpoint:${name}` })
  }
  const later = await metadata.find('model_version', {
    where: { model: version.model, number: { above: version.number } },
    orderBy: { field: 'number' },
    limit: mostLater,
  })
  for (const candidate of later) {
    if (candidate.previous !== version.id) continue
    nodes.push(versionNode(candidate, `${candidate.state} beside it`))
    edges.push({ from: own, to: `model-version:${candidate.id}` })
  }
  return { nodes, edges }
}
