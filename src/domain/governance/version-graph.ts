import * as z from 'zod'
import type { LineageGraph, LineageNode } from '../../contract/lineage.ts'
import type { ModelVersionRecord } from '../../contract/model.ts'
import type { DeploymentRecord } from '../../contract/serving.ts'
import type { RecordReader } from '../../ports/metadata.ts'

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
async function datasetsOf(records: RecordReader, version: ModelVersionRecord): Promise<string[]> {
  const read = new Set(version.datasetVersion === null ? [] : [version.datasetVersion])
  if (version.runId !== null)
    for (const step of await records.find('step', { where: { runId: version.runId } })) {
      const found = readsSchema.safeParse(step.output)
      if (!found.success) continue
      const { dataset, version: number, reads } = found.data
      read.add(`${dataset}@${number}`)
      for (const [name, each] of Object.entries(reads)) read.add(`${name}@${each.version}`)
    }
  return [...read].sort()
}

/** What a version was made from: data, code, definition, run, and the version that it was held against. */
export async function versionSources(records: RecordReader, version: ModelVersionRecord): Promise<LineageGraph> {
  const nodes: LineageNode[] = []
  const edges: LineageGraph['edges'] = []
  const own = `model-version:${version.id}`
  const run = version.runId === null ? undefined : await records.get('run', version.runId)
  const made = run ? `run:${run.id}` : own
  for (const id of await datasetsOf(records, version)) {
    const found = await records.get('dataset_version', id)
    nodes.push({
      id: `dataset-version:${id}`,
      kind: 'dataset version',
      title: id,
      detail: found ? `${found.rows.toLocaleString('en')} rows` : 'no longer kept',
      subject: `dataset:${id.slice(0, id.indexOf('@'))}`,
      state: found ? 'good' : 'idle',
    })
    edges.push({ from: `dataset-version:${id}`, to: made })
  }
  if (run) {
    const { commit, dirty } = run.source
    const changed = dirty ? ', with changes' : ''
    nodes.push({
      id: 'code',
      kind: 'code',
      title: commit ? `commit ${commit.slice(0, 12)}` : 'of no repository',
      detail: run.packageHash ? `package ${run.packageHash.slice(0, 12)}${changed}` : `no package${changed}`,
      subject: run.packageHash ? `package:${run.packageHash}` : null,
      state: dirty ? 'warning' : 'good',
    })
    nodes.push({
      id: `definition:${run.definitionHash}`,
      kind: 'definition',
      title: run.definitionHash.slice(0, 12),
      detail: 'as it was in force',
      subject: `definition:${run.definitionHash}`,
      state: 'good',
    })
    nodes.push({
      id: made,
      kind: 'run',
      title: run.pipeline,
      detail: `${run.state}, by ${run.startedBy}`,
      subject: `run:${run.id}`,
      state: run.state === 'succeeded' ? 'good' : run.state === 'failed' ? 'bad' : 'working',
    })
    edges.push(
      { from: 'code', to: made },
      { from: `definition:${run.definitionHash}`, to: made },
      { from: made, to: own },
    )
  }
  const previous = version.previous === null ? undefined : await records.get('model_version', version.previous)
  if (previous) {
    nodes.push(versionNode(previous, 'it was held against'))
    edges.push({ from: `model-version:${previous.id}`, to: own })
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
export async function versionGraph(records: RecordReader, version: ModelVersionRecord): Promise<LineageGraph> {
  const { nodes, edges } = await versionSources(records, version)
  const own = `model-version:${version.id}`
  const deployments = await records.find('deployment', {
    where: { version: version.id },
    orderBy: { field: 'startedAt', direction: 'desc' },
  })
  const newest = new Map<string, DeploymentRecord>()
  for (const deployment of deployments)
    if (!newest.has(deployment.endpoint)) newest.set(deployment.endpoint, deployment)
  for (const [name, deployment] of newest) {
    const endpoint = await records.get('endpoint', name)
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
  const later = await records.find('model_version', {
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
