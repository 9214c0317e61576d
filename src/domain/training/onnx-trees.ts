import type { TreeEnsemble } from './model.ts'
import type { OnnxNode } from './onnx-graph.ts'

/** All trees as one TreeEnsembleRegressor with a target for each output. */
export function treeNode(ensemble: TreeEnsemble, outputs: number, input: string, output: string): OnnxNode {
  const nodes = ensemble.feature.length
  const treeOf = new Uint32Array(nodes)
  const withinTree = new Uint32Array(nodes)
  const trueNode = new Uint32Array(nodes)
  const falseNode = new Uint32Array(nodes)
  const leaves: number[] = []
  for (let tree = 0; tree < ensemble.roots.length; tree += 1) {
    const root = ensemble.roots[tree]!
    const end = ensemble.roots[tree + 1] ?? nodes
    for (let node = root; node < end; node += 1) {
      treeOf[node] = tree
      withinTree[node] = node - root
      if (ensemble.feature[node]! < 0) leaves.push(node)
      else {
        trueNode[node] = node + 1 - root
        falseNode[node] = ensemble.right[node]! - root
      }
    }
  }
  const isLeaf = (node: number) => ensemble.feature[node]! < 0
  const nodeIds = Array.from({ length: nodes }, (_, node) => node)
  return {
    op: 'TreeEnsembleRegressor',
    domain: 'ai.onnx.ml',
    inputs: [input],
    output,
    attributes: {
      n_targets: { int: outputs },
      aggregate_function: { string: 'SUM' },
      post_transform: { string: 'NONE' },
      base_values: { floats: ensemble.baseScores },
      nodes_treeids: { ints: treeOf },
      nodes_nodeids: { ints: withinTree },
      nodes_featureids: { ints: ensemble.feature.map((feature) => Math.max(0, feature)) },
      nodes_modes: { strings: nodeIds.map((node) => (isLeaf(node) ? 'LEAF' : 'BRANCH_LEQ')) },
      nodes_values: { floats: ensemble.threshold.map((value, node) => (isLeaf(node) ? 0 : value)) },
      nodes_truenodeids: { ints: trueNode },
      nodes_falsenodeids: { ints: falseNode },
      // Left out, runtimes send every missing value to the false branch.
      nodes_missing_value_tracks_true: { ints: ensemble.missingLeft },
      target_treeids: { ints: leaves.map((node) => treeOf[node]!) },
      target_nodeids: { ints: leaves.map((node) => withinTree[node]!) },
      target_ids: { ints: leaves.map((node) => treeOf[node]! % outputs) },
      target_weights: { floats: leaves.map((node) => ensemble.threshold[node]!) },
    },
  }
}
