import { Link, useLocation } from '@tanstack/react-router'
import { type FormEvent, useId, useState } from 'react'
import { readViews, type SavedView, withView, writeViews } from './view-store.ts'

/** Addresses of this screen under names of one's own, kept in this browser. */
export function SavedViews() {
  const { pathname } = useLocation()
  // Of another thing on the same screen there are other views.
  return <ViewsOf key={pathname} pathname={pathname} />
}

function ViewsOf({ pathname }: { pathname: string }) {
  const { search } = useLocation()
  const [views, setViews] = useState(() => readViews(pathname))
  const [name, setName] = useState('')
  const field = useId()
  const keep = (next: SavedView[]): void => {
    setViews(next)
    writeViews(pathname, next)
  }
  const save = (event: FormEvent): void => {
    event.preventDefault()
    const wanted = name.trim()
    if (wanted === '') return
    keep(withView(views, { name: wanted, search: { ...search } }))
    setName('')
  }
  return (
    <details className="menu">
      <summary>Views{views.length > 0 && ` ${views.length}`}</summary>
      <div className="saved-views">
        {views.map((view) => (
          <p key={view.name}>
            <Link to={pathname} search={view.search}>
              {view.name}
            </Link>
            <button
              type="button"
              className="quiet"
              aria-label={`Forget the view ${view.name}`}
              onClick={() => keep(views.filter((other) => other !== view))}
            >
              ✕
            </button>
          </p>
        ))}
        <form onSubmit={save}>
          <label htmlFor={field}>This screen as it is now, under a name</label>
          <span>
            <input id={field} value={name} onChange={({ target }) => setName(target.value)} maxLength={60} />
            <button type="submit" disabled={name.trim() === ''}>
              Keep
            </button>
          </span>
        </form>
      </div>
    </details>
  )
}
