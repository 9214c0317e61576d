import { type ReactNode, useId, useMemo } from 'react'
import { type GraphEdge, layOut } from './graph-layout.ts'
import { useNarrow } from './use-narrow.ts'

/**
 * A graph without circles: nodes in layers, edges as arrows. Nodes are what `children` makes of them: links and buttons, in the order of the
 * graph for the keyboard.
 *
 * @param label what the graph shows, for those who do not see it.
 * @param nodes in topological order; stable between renders, as are `edges`.
 * @param highlighted ids of nodes whose edges stand out.
 */
export default function Graph({
  label,
  nodes,
  edges,
  nodeWidth = 190,
  nodeHeight = 56,
  gap = 40,
  highlighted,
  children,
}: {
  label: string
  nodes: readonly { id: string }[]
  edges: readonly GraphEdge[]
  nodeWidth?: number
  nodeHeight?: number
  /** Pixels between layers. */
  gap?: number
  highlighted?: ReadonlySet<string>
  children: (id: string) => ReactNode
}) {
  const direction = useNarrow() ? 'down' : 'right'
  const arrow = useId()
  const placed = useMemo(
    () =>
      layOut(
        nodes.map(({ id }) => ({ id, width: nodeWidth, height: nodeHeight })),
        edges,
        direction,
        gap,
      ),
    [nodes, edges, nodeWidth, nodeHeight, direction, gap],
  )
  return (
    // A region that scrolls must be reachable by the keyboard.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
    <section className="graph" aria-label={label} tabIndex={0}>
      <div style={{ width: placed.width, height: placed.height }}>
        <svg width={placed.width} height={placed.height} aria-hidden="true">
          <defs>
            <marker id={arrow} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
              <path d="M0 0.5 8 4 0 7.5z" fill="var(--edge)" />
            </marker>
          </defs>
          {placed.edges.map(({ from, to, path }) => (
            <path
              key={`${from} ${to}`}
              d={path}
              markerEnd={`url(#${arrow})`}
              className={highlighted && (highlighted.has(from) || highlighted.has(to)) ? 'highlighted' : ''}
            />
          ))}
        </svg>
        <ol>
          {nodes.map(({ id }) => {
            const at = placed.nodes.get(id)!
            return (
              <li key={id} style={{ left: at.x, top: at.y, width: nodeWidth, height: nodeHeight }}>
                {children(id)}
              </li>
            )
          })}
        </ol>
      </div>
    </section>
  )
}
