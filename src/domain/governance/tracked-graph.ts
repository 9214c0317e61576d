import type { LineageGraph, LineageNode, LoggedInput, Presence, TrackedOrigin } from '../../contract/lineage.ts'
import type { TrackedRunStatus } from '../../contract/tracking.ts'
import { basisNodes, datasetNode, stepNode } from './run-nodes.ts'
import { type LineageReader, type RunOrigin, runOrigin } from './tracked-origin.ts'

/** Datasets that a run read and a graph shows; the others stand on the run's own screen. */
const mostInputs = 10
/** Programs of one run of a pipeline whose data a graph shows. */
const mostPrograms = 20

const absent = { deleted: 'deleted', removed: 'removed for good', unknown: 'not known here' } as const
const states: Record<TrackedRunStatus, LineageNode['state']> = {
  FINISHED: 'good',
  FAILED: 'bad',
  KILLED: 'warning',
  RUNNING: 'working',
  SCHEDULED: 'working',
}
const isThere = (presence: Presence): boolean => presence === 'here' || presence === 'deleted'

function runNode(run: NonNullable<TrackedOrigin['run']>): LineageNode {
  const { id, presence, status, experiment } = run
  const said = presence === 'here' ? (status ?? '').toLowerCase() : absent[presence]
  return {
    id: `tracked-run:${id}`,
    kind: 'tracked run',
    title: run.name ?? id,
    detail: `${said}${experiment ? `, in ${experiment.name}` : ''}`,
    subject: isThere(presence) ? `tracked-run:${id}` : null,
    state: presence === 'here' && status ? states[status] : 'idle',
  }
}

/** @param run where its files are shown; null for nowhere */
const modelNode = (id: string, name: string | null, presence: Presence, run: string | null): LineageNode => ({
  id: `logged-model:${id}`,
  kind: 'logged model',
  title: name ?? id,
  detail: presence === 'here' ? id : `${absent[presence]}${name === null ? '' : `, ${id}`}`,
  subject: presence === 'here' && run !== null ? `logged-model:${run}/${id}` : null,
  state: presence === 'here' ? 'good' : 'idle',
})

const inputId = ({ name, digest }: LoggedInput): string => `logged-dataset:${digest} ${name}`

function inputNode(input: LoggedInput): LineageNode {
  const { name, digest, context, subject } = input
  const detail = context ? `${digest}, ${context}` : digest
  return { id: inputId(input), kind: 'logged dataset', title: name, detail, subject, state: 'good' }
}

/** Adds what is not there yet. */
class Growing {
  readonly nodes: LineageNode[] = []
  readonly edges: LineageGraph['edges'] = []
  private readonly ids = new Set<string>()

  add(node: LineageNode): void {
    if (this.ids.has(node.id)) return
    this.ids.add(node.id)
    this.nodes.push(node)
  }
  link(from: string, to: string): void {
    if (!this.edges.some((edge) => edge.from === from && edge.to === to)) this.edges.push({ from, to })
  }
}

/** What a tracked run logged that it read, before the run itself. */
async function addInputs(metadata: LineageReader, graph: Growing, { run, inputs }: RunOrigin): Promise<void> {
  if (!run) return
  const made = `tracked-run:${run.id}`
  for (const input of inputs.slice(0, mostInputs)) {
    if (input.version !== null) {
      graph.add(await datasetNode(metadata, input.version))
      graph.link(`dataset-version:${input.version}`, inputId(input))
    }
    graph.add(inputNode(input))
    graph.link(inputId(input), made)
  }
  if (inputs.length <= mostInputs) return
  const id = `more-inputs:${run.id}`
  const title = `${inputs.length - mostInputs} more`
  graph.add({ id, kind: 'logged dataset', title, detail: 'on the screen of the run', subject: made, state: 'good' })
  graph.link(id, made)
}

/** The step whose program the run is of, with what that ran by and read; without it the commit that the client said. */
async function addStep(metadata: LineageReader, graph: Growing, { run, step, reads }: RunOrigin): Promise<void> {
  if (!run) return
  const made = `tracked-run:${run.id}`
  const record = step === null ? undefined : await metadata.get('step', step)
  const of = record && (await metadata.get('run', record.runId))
  const reader = record && of ? `step:${record.id}` : made
  for (const id of reads) {
    graph.add(await datasetNode(metadata, id))
    // By way of what the run logged, where it did.
    if (!graph.edges.some(({ from }) => from === `dataset-version:${id}`)) graph.link(`dataset-version:${id}`, reader)
  }
  if (record && of) {
    for (const basis of basisNodes(of)) {
      graph.add(basis)
      graph.link(basis.id, reader)
    }
    graph.add(stepNode(of, record))
    graph.link(reader, made)
    return
  }
  if (run.commit === null) return
  graph.add({
    id: 'code',
    kind: 'code',
    title: `commit ${run.commit.slice(0, 12)}`,
    // Of its path what it is called by.
    detail: run.script?.split(/[\\/]/).at(-1) || 'as the client said',
    subject: null,
    state: 'good',
  })
  graph.link('code', made)
}

/**
 * What a client logged of a version: data, code, step, run, logged model.
 *
 * @param own id of the node of the version, to which it leads.
 */
export async function trackedGraph(metadata: LineageReader, origin: TrackedOrigin, own: string): Promise<LineageGraph> {
  const graph = new Growing()
  const { run, model, models } = origin
  await addInputs(metadata, graph, origin)
  await addStep(metadata, graph, origin)
  for (const id of models.slice(0, mostInputs)) {
    const read = await metadata.tracking.models.get(id)
    const presence = read === undefined ? 'unknown' : read.isDeleted ? 'deleted' : 'here'
    graph.add(modelNode(id, read?.name ?? null, presence, read?.sourceRunId || null))
    graph.link(`logged-model:${id}`, `tracked-run:${run!.id}`)
  }
  if (run) graph.add(runNode(run))
  if (model) {
    const shown = run && isThere(run.presence) ? run.id : null
    graph.add(modelNode(model.id, model.name, model.presence, shown))
    graph.link(`logged-model:${model.id}`, own)
  }
  if (run) graph.link(`tracked-run:${run.id}`, model ? `logged-model:${model.id}` : own)
  return { nodes: graph.nodes, edges: graph.edges }
}

/**
 * Data that programs of a pipeline's run logged that they read; programs that logged none are not shown.
 *
 * @param ids of the tracked runs of its steps. @param made id of the node of the pipeline's run.
 */
export async function programsGraph(
  metadata: LineageReader,
  ids: readonly string[],
  made: string,
): Promise<LineageGraph> {
  const graph = new Growing()
  for (const id of ids.slice(0, mostPrograms)) {
    const origin = await runOrigin(metadata, id)
    if (!origin.run || origin.inputs.length === 0) continue
    await addInputs(metadata, graph, origin)
    graph.add(runNode(origin.run))
    graph.link(`tracked-run:${id}`, made)
  }
  return { nodes: graph.nodes, edges: graph.edges }
}
