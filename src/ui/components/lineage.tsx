import { Link } from '@tanstack/react-router'
import { lazy, useMemo } from 'react'
import type { LineageGraph } from '../../contract/lineage.ts'
import { addressOf } from './address-of.ts'

// With what lays it out: a chunk of its own.
const Graph = lazy(() => import('./graph.tsx'))

const [wide, narrow] = [190, 156]
/** Layers beside each other that have the room of wide nodes. */
const mostWide = 4

/** Nodes on the longest way through it. */
function layersOf({ nodes, edges }: LineageGraph): number {
  const layer = new Map<string, number>()
  for (const { id } of nodes)
    layer.set(id, 1 + Math.max(0, ...edges.filter(({ to }) => to === id).map(({ from }) => layer.get(from) ?? 0)))
  return Math.max(0, ...layer.values())
}

/** What it is the lineage of stands in the middle of a graph that is wider than its room, once. */
function bringIntoView(node: HTMLElement | null): void {
  const room = node?.closest('.graph')
  if (!node || !room) return
  const middle = (element: Element): number => {
    const { left, width } = element.getBoundingClientRect()
    return left + width / 2
  }
  room.scrollLeft += middle(node) - middle(room)
}

/**
 * What came of what. Every node is the way to the screen of what it stands for. Whoever shows it waits for it (`Suspense`) with all that
 * stands below, so that nothing moves when it comes.
 */
export function Lineage({ graph, label, current }: { graph: LineageGraph; label: string; current: string }) {
  const nodes = useMemo(() => new Map(graph.nodes.map((node) => [node.id, node])), [graph])
  const nodeWidth = useMemo(() => (layersOf(graph) > mostWide ? narrow : wide), [graph])
  const highlighted = useMemo(() => new Set([current]), [current])
  return (
    <div className="lineage">
      <Graph
        label={label}
        nodes={graph.nodes}
        edges={graph.edges}
        nodeWidth={nodeWidth}
        nodeHeight={66}
        highlighted={highlighted}
      >
        {(id) => {
          const { kind, title, detail, subject, state } = nodes.get(id)!
          const address = subject === null ? null : addressOf(subject)
          const className = `graph-node state-${state}`
          const content = (
            <>
              <span className="muted">{kind}</span>
              <strong title={title}>{title}</strong>
              <span className="muted" title={detail}>
                {detail}
              </span>
            </>
          )
          return address && id !== current ? (
            <Link to={address.path} search={address.search} className={className}>
              {content}
            </Link>
          ) : (
            <div className={className} {...(id === current ? { 'aria-current': 'true', ref: bringIntoView } : {})}>
              {content}
            </div>
          )
        }}
      </Graph>
    </div>
  )
}
