import { useQuery } from '@tanstack/react-query'
import type { LineageNode } from '../../contract/lineage.ts'
import type { ModelVersionRecord } from '../../contract/model.ts'
import { Ref } from '../components/ref.tsx'
import { reading } from '../queries.ts'

/** Whether a client registered it, and no run of a pipeline made it. */
export const isTracked = ({ source, runId }: ModelVersionRecord): boolean =>
  source !== null && !runId?.startsWith('run_')

/** The lineage of a version; undefined while it is read. */
function useNodes({ model, number }: ModelVersionRecord): LineageNode[] | undefined {
  const { data } = useQuery(reading('versionLineage', { params: { model, version: String(number) } }))
  return data?.nodes
}

/** One that was removed leads nowhere. */
const NodeRef = ({ node: { subject, title, detail } }: { node: LineageNode }) => (
  <>
    {subject ? <Ref to={subject}>{title}</Ref> : title} <span className="muted">{detail}</span>
  </>
)

/** The run that a client tracked and that made a version. */
export function TrackedRunOf({ version }: { version: ModelVersionRecord }) {
  const node = useNodes(version)?.find(({ kind }) => kind === 'tracked run')
  return node ? <NodeRef node={node} /> : (version.runId ?? 'not said')
}

/** What that run logged that it read. */
export function LoggedDataOf({ version }: { version: ModelVersionRecord }) {
  const all = useNodes(version)
  if (!all) return <span className="muted">…</span>
  const nodes = all.filter(({ kind }) => kind === 'logged dataset')
  const isRunHere = all.some(({ kind, subject }) => kind === 'tracked run' && subject !== null)
  if (nodes.length === 0) return isRunHere ? 'none' : 'not known'
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
