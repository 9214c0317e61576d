import type { BinEdges } from './binning.ts'
import type { BinnedNode } from './histogram-tree.ts'
import type { TreeEnsemble } from './model.ts'

/** Lays grown trees out as the flat arrays of the model, edges in place of bins. */
export function layOutTrees(trees: readonly BinnedNode[], { edges }: BinEdges, baseScores: Float64Array): TreeEnsemble {
  const roots = new Uint32Array(trees.length)
  let nodes = 0
  for (let tree = 0; tree < trees.length; tree += 1) {
    roots[tree] = nodes
    nodes += countNodes(trees[tree]!)
  }
  const ensemble: TreeEnsemble = {
    kind: 'boosted-trees',
    baseScores: baseScores.map(Math.fround),
    roots,
    feature: new Int32Array(nodes),
    threshold: new Float32Array(nodes),
    right: new Uint32Array(nodes),
    missingLeft: new Uint8Array(nodes),
    gain: new Float32Array(nodes),
    cover: new Float32Array(nodes),
  }
  for (let tree = 0; tree < trees.length; tree += 1) place(trees[tree]!, roots[tree]!, edges, ensemble)
  return ensemble
}

function countNodes(node: BinnedNode): number {
  return node.split === null ? 1 : 1 + countNodes(node.left!) + countNodes(node.right!)
}

/** @returns the position after the node's last descendant */
function place(node: BinnedNode, at: number, edges: readonly Float32Array[], into: TreeEnsemble): number {
  into.cover[at] = node.sums.rows
  if (node.split === null) {
    into.feature[at] = -1
    into.threshold[at] = node.value
    return at + 1
  }
  const { feature, bin, missingLeft, gain } = node.split
  into.feature[at] = feature
  // The last bin has no upper edge: all values go left there and only missing ones right.
  into.threshold[at] = edges[feature]![bin] ?? Number.POSITIVE_INFINITY
  into.missingLeft[at] = missingLeft ? 1 : 0
  into.gain[at] = gain
  const right = place(node.left!, at + 1, edges, into)
  into.right[at] = right
  return place(node.right!, right, edges, into)
}
