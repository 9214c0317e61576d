import { canonicalJson } from '../../base/hash.ts'
import { outputWidth, type TrainedModel } from './model.ts'
import { type OnnxGraph, type OnnxNode, type OnnxTensor, writeOnnx } from './onnx-graph.ts'
import { linearNodes } from './onnx-linear.ts'
import { treeNode } from './onnx-trees.ts'

/** The one input: float32 [rows, features]; categorical features as codes, missing values as NaN. */
export const onnxInput = 'input'

/** Name of the one output: the value of a regression [rows, 1], else a probability for each class [rows, classes]. */
export function onnxOutput(model: Pick<TrainedModel, 'task'>): 'prediction' | 'probabilities' {
  return model.task === 'regression' ? 'prediction' : 'probabilities'
}

/**
 * The model as an ONNX file that every runtime takes (opset 17, ai.onnx.ml 3). Names of the features, their categories
 * in the order of their codes, and the classes travel in its metadata. Equal models give equal bytes.
 */
export function exportOnnx(model: TrainedModel): Uint8Array {
  const output = onnxOutput(model)
  const raw = model.task === 'regression' ? output : 'scores'
  const parts: { nodes: OnnxNode[]; constants: OnnxTensor[] } =
    model.predictor.kind === 'linear'
      ? linearNodes(model.predictor, model.features, outputWidth(model), onnxInput, raw)
      : { nodes: [treeNode(model.predictor, outputWidth(model), onnxInput, raw)], constants: [] }
  if (model.task === 'binary') addSigmoid(parts, raw, output)
  // Outside of the ensemble: its own post_transform LOGISTIC is ignored by onnxruntime on a regressor.
  if (model.task === 'multiclass') {
    parts.nodes.push({ op: 'Softmax', inputs: [raw], output, attributes: { axis: { int: 1 } } })
  }
  const graph: OnnxGraph = {
    name: `millwright-${model.predictor.kind}`,
    input: { name: onnxInput, width: model.features.length },
    output: { name: output, width: model.classes?.length ?? 1 },
    ...parts,
    metadata: {
      'millwright.features': canonicalJson(model.features),
      'millwright.task': model.task,
      ...(model.classes === null ? {} : { 'millwright.classes': canonicalJson(model.classes) }),
    },
  }
  return writeOnnx(graph)
}

/** [1 − p, p]: a column for each class, as every exported classifier gives them. */
function addSigmoid(parts: { nodes: OnnxNode[]; constants: OnnxTensor[] }, raw: string, output: string): void {
  parts.constants.push({ name: 'one', dims: [1], values: [1] })
  parts.nodes.push(
    { op: 'Sigmoid', inputs: [raw], output: 'positive' },
    { op: 'Sub', inputs: ['one', 'positive'], output: 'negative' },
    { op: 'Concat', inputs: ['negative', 'positive'], output, attributes: { axis: { int: 1 } } },
  )
}
