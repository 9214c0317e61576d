import type { Answer } from '../api.ts'
import { EmptyState } from '../components/states.tsx'

/** Why the project exists, beside the loop that is there for it. */
export function Brief({ project }: { project: Answer<'project'> }) {
  if (!project.applied)
    return (
      <EmptyState command="npx millwright init && npx millwright apply">
        There is no project here yet: write one, or apply the one you have, and this page comes to life.
      </EmptyState>
    )
  const { brief, applied } = project
  const facts: [string, string | undefined][] = [
    ['Owner', brief?.owner],
    ['Success', brief?.success],
    ['Errors', brief?.errors],
    ['Definition', applied.id.slice(0, 12)],
  ]
  return (
    <div className="brief">
      {brief ? (
        <p className="objective">{brief.objective}</p>
      ) : (
        <p className="muted">It has no brief yet: say its objective and owner under `brief` of its definition.</p>
      )}
      <dl>
        {facts.map(
          ([term, fact]) =>
            fact && (
              <div key={term}>
                <dt>{term}</dt>
                <dd className={term === 'Definition' ? 'hash' : ''} title={term === 'Definition' ? applied.id : fact}>
                  {fact}
                </dd>
              </div>
            ),
        )}
      </dl>
    </div>
  )
}
