import { useSyncExternalStore } from 'react'
import { Icon } from './icon.tsx'

interface Notice {
  id: number
  text: string
}

const shownMs = 8_000
let notices: readonly Notice[] = []
let next = 1
const watchers = new Set<() => void>()

function set(changed: readonly Notice[]): void {
  notices = changed
  for (const watcher of watchers) watcher()
}

const dismiss = (id: number): void => set(notices.filter((notice) => notice.id !== id))

/** Says what was done, above whatever is on the screen then. */
export function notify(text: string): void {
  const id = next++
  set([...notices, { id, text }])
  setTimeout(() => dismiss(id), shownMs)
}

const watch = (watcher: () => void): (() => void) => {
  watchers.add(watcher)
  return () => watchers.delete(watcher)
}

/** What was done just now; it goes by itself. */
export function Notices() {
  const shown = useSyncExternalStore(watch, () => notices)
  return (
    <div className="notices" role="status">
      {shown.map(({ id, text }) => (
        <p key={id}>
          <span className="good">
            <Icon name="good" />
          </span>
          {text}
          <button type="button" className="quiet" aria-label="Dismiss" onClick={() => dismiss(id)}>
            ✕
          </button>
        </p>
      ))}
    </div>
  )
}
