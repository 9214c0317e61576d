import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'

/** A way back from a part to the whole. */
interface Crumb {
  title: string
  path: string
  search?: Record<string, unknown>
}

/** What every screen is put into: where one is, what it shows in one sentence, and what can be done about all of it. */
export function Screen({
  title,
  says,
  crumbs = [],
  actions,
  className = '',
  children,
}: {
  title: ReactNode
  says: ReactNode
  crumbs?: readonly Crumb[]
  actions?: ReactNode
  className?: string
  children: ReactNode
}) {
  return (
    <div className={`screen ${className}`}>
      <header className="screen-head">
        <div>
          {crumbs.length > 0 && (
            <nav aria-label="Up">
              {crumbs.map(({ title: above, path, search = {} }) => (
                <Link key={`${path} ${above}`} to={path} search={search}>
                  {above}
                </Link>
              ))}
            </nav>
          )}
          <h1>{title}</h1>
          <p className="muted">{says}</p>
        </div>
        {actions && <div className="actions">{actions}</div>}
      </header>
      {children}
    </div>
  )
}

/** Named facts, one under the other. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** Parts of a screen of which one is shown; which, is for the address to hold. */
export function Tabs<T extends string>({
  tabs,
  current,
  onPick,
  label,
}: {
  tabs: readonly { id: T; title: string; count?: number }[]
  current: T
  onPick: (id: T) => void
  label: string
}) {
  return (
    <div className="tabs" role="tablist" aria-label={label}>
      {tabs.map(({ id, title, count }) => (
        <button key={id} type="button" role="tab" aria-selected={id === current} onClick={() => onPick(id)}>
          {title}
          {count !== undefined && <span className="muted"> {count.toLocaleString('en')}</span>}
        </button>
      ))}
    </div>
  )
}
