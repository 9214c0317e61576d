import { ApiError } from '../api.ts'
import { Command } from './command.tsx'
import { Icon } from './icon.tsx'

/** Nothing to show yet: one sentence on what to do next, and the command that does it. */
export function EmptyState({ children, command }: { children: string; command?: string }) {
  return (
    <div className="empty">
      <p>{children}</p>
      {command && <Command line={command} />}
    </div>
  )
}

/** What went wrong, in the server's words, and how to go on. */
export function ErrorState({ error, retry }: { error: Error; retry?: () => void }) {
  const hint = error instanceof ApiError ? error.hint : null
  return (
    <div className="error" role="alert">
      <p>
        <Icon name="bad" /> {error.message}
      </p>
      {hint && <p className="muted">{hint}</p>}
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  )
}

/** Holds the room of what is being read, so that nothing moves when it comes. */
export function Loading({ what }: { what: string }) {
  return (
    <div className="loading" aria-busy="true">
      <span className="visually-hidden">Reading {what}</span>
    </div>
  )
}
