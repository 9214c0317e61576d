import type { Answer } from '../api.ts'
import { Changed } from '../components/code.tsx'

type Change = Answer<'projectFolder'>['changes'][number]

const words = { add: 'added', change: 'changed', remove: 'removed' } as const
/** So many differences of a part are shown before one asks for the others. */
const few = 12

/** What differs between two definitions, part by part. */
export function Changes({ changes }: { changes: readonly Change[] }) {
  return (
    <ul className="changes">
      {changes.map(({ action, what, differences }) => {
        const lines = differences.map(({ path, from, to }) => (
          <li key={path}>
            <code>{path}</code> <Changed before={from ?? undefined} after={to ?? undefined} />
          </li>
        ))
        return (
          <li key={what}>
            <p>
              <span className={`change change-${action}`}>{words[action]}</span> <code>{what}</code>
            </p>
            {lines.length > 0 && <ul>{lines.slice(0, few)}</ul>}
            {lines.length > few && (
              <details>
                <summary>{lines.length - few} more</summary>
                <ul>{lines.slice(few)}</ul>
              </details>
            )}
          </li>
        )
      })}
    </ul>
  )
}
