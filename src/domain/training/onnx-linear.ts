import type { LinearCoefficients, ModelFeature } from './model.ts'
import type { OnnxNode, OnnxTensor } from './onnx-graph.ts'

/**
 * Numbers are standardised before they are weighed, not after: folding mean and scale into the weights would lose
 * the digits that float32 has for features far from zero.
 */
export function linearNodes(
  { intercepts, means, scales, offsets, weights }: LinearCoefficients,
  features: readonly ModelFeature[],
  outputs: number,
  input: string,
  output: string,
): { nodes: OnnxNode[]; constants: OnnxTensor[] } {
  const nodes: OnnxNode[] = []
  const constants: OnnxTensor[] = []
  const constant = (name: string, dims: number[], values: ArrayLike<number>, isInteger = false): string => {
    constants.push({ name, dims, values, isInteger })
    return name
  }
  const node = (op: string, inputs: string[], into: string, attributes?: OnnxNode['attributes']): string => {
    nodes.push({ op, inputs, output: into, attributes })
    return into
  }
  const pick = (name: string, columns: number[]): string =>
    node('Gather', [input, constant(`${name}_columns`, [columns.length], columns, true)], name, { axis: { int: 1 } })

  const parts: string[] = []
  const numeric = features.flatMap((feature, index) => (feature.kind === 'numeric' ? [index] : []))
  if (numeric.length > 0) {
    const width = numeric.length
    const values = pick('numbers', numeric)
    const numericMeans = constant(
      'means',
      [width],
      numeric.map((feature) => means[feature]!),
    )
    const isMissing = node('IsNaN', [values], 'missing')
    const present = node('Where', [isMissing, numericMeans, values], 'imputed')
    const centred = node('Sub', [present, numericMeans], 'centred')
    const scale = constant(
      'scales',
      [width],
      numeric.map((feature) => scales[feature]!),
    )
    const slopes = numeric.flatMap((feature) =>
      Array.from(weights.subarray(offsets[feature]!, offsets[feature]! + outputs)),
    )
    parts.push(
      node(
        'MatMul',
        [node('Div', [centred, scale], 'standardised'), constant('slopes', [width, outputs], slopes)],
        'linear',
      ),
    )
  }
  features.forEach((feature, index) => {
    const count = feature.categories?.length ?? 0
    if (feature.kind === 'numeric' || count === 0) return
    const codes = constant(
      `codes_${index}`,
      [1, count],
      Float32Array.from({ length: count }, (_, code) => code),
    )
    // NaN equals no code: a missing category adds nothing.
    const isCode = node('Equal', [pick(`category_${index}`, [index]), codes], `is_code_${index}`)
    const oneHot = node('Cast', [isCode], `one_hot_${index}`, { to: { int: 1 } })
    const start = offsets[index]!
    const levels = constant(`levels_${index}`, [count, outputs], weights.subarray(start, start + count * outputs))
    parts.push(node('MatMul', [oneHot, levels], `level_${index}`))
  })
  if (parts.length === 0) {
    // No feature says anything, but there must still be an answer for each row.
    const isMissing = node('Cast', [node('IsNaN', [input], 'missing')], 'nothing', { to: { int: 1 } })
    const zeros = constant('zeros', [features.length, outputs], new Float32Array(features.length * outputs))
    parts.push(node('MatMul', [isMissing, zeros], 'zero'))
  }
  let sum = constant('intercepts', [1, outputs], intercepts)
  parts.forEach((part, index) => {
    sum = node('Add', [part, sum], index === parts.length - 1 ? output : `sum_${index}`)
  })
  return { nodes, constants }
}
