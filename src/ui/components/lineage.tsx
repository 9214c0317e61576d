import { Link } from '@tanstack/react-router'
import { lazy, useMemo } from 'react'
import type { LineageGraph } from '../../contract/lineage.ts'
import { addressOf } from './address-of.ts'

// With what lays it out: a chunk of its own.
const Graph = lazy(() => import('./graph.tsx'))

/**
 * What came of what. Every node is the way to the screen of what it stands for. Whoever shows it waits for it (`Suspense`) with all that
 * stands below, so that nothing moves when it comes.
 */
export function Lineage({
  graph,
  label,
  current,
  nodeWidth = 190,
}: {
  graph: LineageGraph
  label: string
  current: string
  nodeWidth?: number
}) {
  const nodes = useMemo(() => new Map(graph.nodes.map((node) => [node.id, node])), [graph])
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
            <div className={className} {...(id === current ? { 'aria-current': 'true' } : {})}>
              {content}
            </div>
          )
        }}
      </Graph>
    </div>
  )
}
