import { useQuery } from '@tanstack/react-query'
import type { LineageNode } from '../../contract/lineage.ts'
import type { ModelVersionRecord } from '../../contract/model.ts'
import { Ref } from '../components/ref.tsx'
import { reading } from '../queries.ts'

/** Whether a client registered it, and no run of a pipeline made it. */
export const isTracked = ({ source, runId }: ModelVersionRecord): boolean =>
  source !== null && !runId?.startsWith('run_')

/** Nodes of a kind in the lineage of a version; undefined while it is read. */
function useNodes({ model, number }: ModelVersionRecord, kind: LineageNode['kind']): LineageNode[] | undefined {
  const { data } = useQuery(reading('versionLineage', { params: { model, version: String(number) } }))
  return data?.nodes.filter((node) => node.kind === kind)
}

/** One that was removed leads nowhere. */
const NodeRef = ({ node: { subject, title, detail } }: { node: LineageNode }) => (
  <>
    {subject ? <Ref to={subject}>{title}</Ref> : title} <span className="muted">{detail}</span>
  </>
)

/** The run that a client tracked and that made a version. */
export function TrackedRunOf({ version }: { version: ModelVersionRecord }) {
  const [node] = useNodes(version, 'tracked run') ?? []
  return node ? <NodeRef node={node} /> : (version.runId ?? 'not said')
}

/** What that run logged that it read. */
export function LoggedDataOf({ version }: { version: ModelVersionRecord }) {
  const nodes = useNodes(version, 'logged dataset')
  if (!nodes) return <span className="muted">…</span>
  if (nodes.length === 0) return 'none'
  return (
    <ul>
      {nodes.map((node) => (
        <li key={node.id}>
          <NodeRef node={node} />
        </li>
      ))}
    </ul>
  )
}
