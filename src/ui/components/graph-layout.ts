import dagre from '@dagrejs/dagre'

export interface GraphNode {
  id: string
  /** Pixels. */
  width: number
  height: number
}

export interface GraphEdge {
  from: string
  to: string
}

export interface Placed {
  width: number
  height: number
  /** Upper left corners. */
  nodes: ReadonlyMap<string, { x: number; y: number }>
  /** As SVG paths. */
  edges: readonly (GraphEdge & { path: string })[]
}

const margin = 8

/** A curve through points, without corners. */
function curve(points: readonly { x: number; y: number }[]): string {
  const [first, ...rest] = points
  if (!first) return ''
  let path = `M${first.x} ${first.y}`
  rest.forEach((point, index) => {
    const next = rest[index + 1]
    path += next
      ? `Q${point.x} ${point.y} ${(point.x + next.x) / 2} ${(point.y + next.y) / 2}`
      : `L${point.x} ${point.y}`
  })
  return path
}

/**
 * Places the nodes of a graph without circles in layers, so that edges go one way and cross seldom (dagre: Gansner et al., A Technique for
 * Drawing Directed Graphs, 1993).
 */
export function layOut(
  nodes: readonly GraphNode[],
  edges: readonly GraphEdge[],
  direction: 'right' | 'down',
  gap = 40,
): Placed {
  const graph = new dagre.graphlib.Graph()
  graph.setGraph({
    rankdir: direction === 'right' ? 'LR' : 'TB',
    nodesep: 16,
    ranksep: gap,
    marginx: margin,
    marginy: margin,
  })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const { id, width, height } of nodes) graph.setNode(id, { width, height })
  const known = new Set(nodes.map(({ id }) => id))
  const drawn = edges.filter(({ from, to }) => known.has(from) && known.has(to))
  for (const { from, to } of drawn) graph.setEdge(from, to)
  dagre.layout(graph)
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number }
  return {
    width,
    height,
    nodes: new Map(
      nodes.map(({ id, width, height }) => {
        const { x, y } = graph.node(id) as { x: number; y: number }
        return [id, { x: x - width / 2, y: y - height / 2 }]
      }),
    ),
    edges: drawn.map(({ from, to }) => ({
      from,
      to,
      path: curve((graph.edge(from, to) as { points: { x: number; y: number }[] }).points),
    })),
  }
}
