import type { LineageGraph, TrackedOrigin } from '../../contract/lineage.ts'
import type { ModelVersionRecord } from '../../contract/model.ts'
import type { PredictionRecord } from '../../contract/serving.ts'
import type { LineageReader } from './tracked-origin.ts'
import { versionSources } from './version-graph.ts'

/** One prediction as a graph: the sources of its version, the features it was computed from, the endpoint, and its label. */
export async function predictionGraph(
  metadata: LineageReader,
  prediction: PredictionRecord,
  { version, origin }: { version: ModelVersionRecord | undefined; origin: TrackedOrigin | null },
  label: string | number | null,
): Promise<LineageGraph> {
  const { nodes, edges }: LineageGraph = version
    ? await versionSources(metadata, version, origin)
    : { nodes: [], edges: [] }
  const own = `prediction:${prediction.id}`
  const endpoint = `endpoint:${prediction.endpoint}`
  // Of a model without a definition the request is the input.
  const isAsSent = version?.definitionHash === null
  const looked = Object.keys(prediction.inputs).filter((name) => !isAsSent && !(name in prediction.request))
  if (looked.length > 0) {
    nodes.push({
      id: 'features',
      kind: 'features',
      title: `${looked.length} computed input${looked.length === 1 ? '' : 's'}`,
      detail: looked.slice(0, 3).join(', ') + (looked.length > 3 ? ', …' : ''),
      subject: null,
      state: looked.some((name) => prediction.inputs[name] === null) ? 'warning' : 'good',
    })
    edges.push({ from: 'features', to: own })
  }
  nodes.push({
    id: endpoint,
    kind: 'endpoint',
    title: prediction.endpoint,
    detail: `as ${prediction.role}`,
    subject: endpoint,
    state: 'good',
  })
  if (version) edges.push({ from: `model-version:${version.id}`, to: own })
  nodes.push({
    id: own,
    kind: 'prediction',
    title: prediction.key ?? prediction.id,
    detail: prediction.error ?? String(prediction.output),
    subject: own,
    state: prediction.error === null ? 'good' : 'bad',
  })
  edges.push({ from: endpoint, to: own })
  if (label !== null) {
    nodes.push({ id: 'label', kind: 'label', title: String(label), detail: 'came true', subject: null, state: 'good' })
    edges.push({ from: own, to: 'label' })
  }
  return { nodes, edges }
}
